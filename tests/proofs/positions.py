"""Fixes come late, twice, shuffled, by wrong clocks: what is kept and shown is right all the same."""

from portal.benchmarks.stack import running
from tests.proofs import within
from tests.proofs.run import Outcome, Run

AT_LEAST = 1_000
"""Fixes a second."""


def positions(run: Run) -> Outcome:
    """On PostgreSQL. Four tell at once, each whatever lies on top of a shuffled pile."""
    with running(run.folder / "postgres", database="postgres", forked=run.short) as stack:
        fixes = run.size(100_000, 2_000)
        found = within.call(stack, "tests.proofs.fixes:tell_all", seed=run.seed, fixes=fixes)
    for each in found["odd"]:
        run.say(each)
    rate = found["told"] / found["seconds"]
    return Outcome.of(
        f"{found['told']:,} fixes in {found['calls']:,} calls, {found['wrong']} wrong, {rate:,.0f} a second; "
        f"{found['alone']:,.0f} a second where each comes alone",
        none_wrong=found["wrong"] == 0,
        quick_enough=run.short or rate >= AT_LEAST,
    )
