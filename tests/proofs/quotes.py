"""Quotes over HTTP at a steady rate, beside holds, on the demo's town: quick for most, no errors."""

from portal.benchmarks.http import QUICK_MS, Figures, measure
from portal.benchmarks.serving import laid_out, serving
from portal.benchmarks.stack import DATABASES, Database
from tests.proofs.run import Outcome, Run

PROCESSES = 2
ENOUGH = 0.95
"""Of the rate. Chance decides how many quotes are due, in a few seconds by more than that."""


def quotes(run: Run) -> Outcome:
    """On both databases; the short form, as its seed decides, on one."""
    databases = (DATABASES[run.seed % 2],) if run.short else DATABASES
    measured = {database: on(run, database) for database in databases}
    return Outcome.of(
        "; ".join(f"{database}: {line_of(figures)}" for database, figures in measured.items()),
        no_errors=not any(figures.errors for figures in measured.values()),
        quotes_were_answered=all(figures.achieved_rate > 0 for figures in measured.values()),
        at_the_rate=run.short or all(of.achieved_rate >= ENOUGH * of.rate for of in measured.values()),
        client_was_not_late=run.short or not any(of.client_was_late for of in measured.values()),
        quick_enough=run.short or all(figures.p95_ms < QUICK_MS for figures in measured.values()),
    )


def on(run: Run, database: Database) -> Figures:
    rate, seconds = run.size(20, 4), run.size(600, 4)
    with laid_out(run.folder / database, database=database, processes=PROCESSES) as stack:
        run.say(f"{database}: the town is laid out; {rate} quotes a second for {seconds} s")
        with serving(stack) as server:
            figures = measure(server, rate=rate, seconds=seconds, seed=run.seed)
    run.say(f"{database}: {line_of(figures)}")
    return figures


def line_of(figures: Figures) -> str:
    errors = ", ".join(f"{count} x {kind}" for kind, count in figures.errors.items()) or "0 errors"
    late = "; the client itself was late" if figures.client_was_late else ""
    return f"{figures.achieved_rate:.1f} quotes/s, p95 {figures.p95_ms:.0f} ms, {errors}{late}"
