"""A day on the road, looked at by those it brings something to: whose places and names do they learn?"""

from portal.benchmarks.stack import DATABASES, running
from tests.proofs import within
from tests.proofs.run import Outcome, Run

MANY = {"API_REQUESTS_PER_MINUTE": "1000000", "REQUESTS_PER_MINUTE": "0"}
"""Else the limits would answer."""


def privacy(run: Run) -> Outcome:
    """On each database; in the short form on SQLite alone, one day instead of twenty."""
    seeds = list(range(run.seed, run.seed + run.size(20, 1)))
    figures, leaks, answered, shown = [], [], [], []
    for database in DATABASES[: run.size(2, 1)]:
        with running(run.folder / database, database=database, settings=MANY, forked=run.short) as stack:
            found = within.call(
                stack, "tests.proofs.passers_by:look_everywhere", seeds=seeds, thorough=not run.short
            )
        figures.append(
            f"{database}: {found['days']} days, {found['routes']} routes, {found['requests']:,} requests, "
            f"the van seen {found['shown']} times, always rounded"
        )
        run.say(figures[-1])
        leaks += found["leaks"]
        answered.append(found["answered"])
        shown.append(found["shown"])
    some = "".join(f"; {leak}" for leak in leaks[:5])
    return Outcome.of(
        f"{'; '.join(figures)}: {len(leaks)} leaks{some}",
        nothing_leaked=not leaks,
        pages_answered=min(answered) >= 20,
        the_van_shows_when_it_is_close=min(shown) >= 5 * len(seeds),
    )
