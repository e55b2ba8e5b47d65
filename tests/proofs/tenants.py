"""Every address of the portal, asked for somebody else's rows by everybody who has rows of their own."""

from portal.benchmarks.stack import DATABASES, running
from tests.proofs import within
from tests.proofs.run import Outcome, Run

MANY = {"API_REQUESTS_PER_MINUTE": "1000000", "REQUESTS_PER_MINUTE": "0"}
"""Else the limits would answer."""


def tenants(run: Run) -> Outcome:
    """On each database; in the short form on SQLite alone."""
    figures, leaks, seen = [], [], []
    for database in DATABASES[: run.size(2, 1)]:
        with running(run.folder / database, database=database, settings=MANY, forked=run.short) as stack:
            found = within.call(
                stack,
                "tests.proofs.strangers:ask_everywhere",
                seeds=list(run.seeds[:1]),
                by_turns=run.short,
            )
        asked = f"{found['routes']} routes, {found['requests']:,} requests"
        figures.append(f"{database}: {asked}, {found['own']} answered to their owners")
        seen.append(found["own"])
        run.say(figures[-1])
        leaks += found["leaks"]
    some = "".join(f"; {leak}" for leak in leaks[:5])
    return Outcome.of(
        f"{'; '.join(figures)}: {len(leaks)} leaks{some}",
        nothing_leaked=not leaks,
        owners_see_theirs=min(seen) >= 8,
    )
