"""Quotes over HTTP at a steady rate, beside holds, on the demo's town: quick for most, no errors."""

from concurrent.futures import ThreadPoolExecutor

from portal.benchmarks.http import QUICK_MS, Figures, measure
from portal.benchmarks.serving import laid_out, serving
from portal.benchmarks.stack import DATABASES, Database
from tests.proofs.run import Outcome, Run

THREADS = 1
ENOUGH = 0.95
"""Of the rate. Chance decides how many quotes are due, in a few seconds by more than that."""


def quotes(run: Run) -> Outcome:
    """On both databases, in the short form on PostgreSQL alone: laying the town out costs most."""
    databases: tuple[Database, ...] = ("postgres",) if run.short else DATABASES
    measured = [(database, figures) for database in databases for figures in on(run, database)]
    every = [figures for _database, figures in measured]
    return Outcome.of(
        "; ".join(f"{database}: {line_of(figures)}" for database, figures in measured),
        no_errors=not any(figures.errors for figures in every),
        quotes_were_answered=all(figures.achieved_rate > 0 for figures in every),
        at_the_rate=run.short or all(of.achieved_rate >= ENOUGH * of.rate for of in every),
        client_was_not_late=run.short or not any(of.client_was_late for of in every),
        quick_enough=run.short or all(figures.p95_ms < QUICK_MS for figures in every),
    )


def on(run: Run, database: Database) -> list[Figures]:
    rate, seconds, processes = run.size(20, 2), run.size(600, 2), run.size(4, 1)
    with laid_out(
        run.folder / database,
        database=database,
        processes=processes,
        threads=THREADS,
        rounds=2 if run.short else None,
        most=run.size(0, 4),
        forked=run.short,
    ) as stack:
        run.say(f"{database}: the town is laid out; {rate} quotes a second for {seconds} s")
        with serving(stack) as server, ThreadPoolExecutor(len(run.seeds)) as pool:
            # Side by side: in the short form warming up takes longer than what is measured.
            found = list(
                pool.map(lambda seed: measure(server, rate=rate, seconds=seconds, seed=seed), run.seeds)
            )
    for figures in found:
        run.say(f"{database}: {line_of(figures)}")
    return found


def line_of(figures: Figures) -> str:
    errors = ", ".join(f"{count} x {kind}" for kind, count in figures.errors.items()) or "0 errors"
    late = "; the client itself was late" if figures.client_was_late else ""
    return f"{figures.achieved_rate:.1f} quotes/s, p95 {figures.p95_ms:.0f} ms, {errors}{late}"
