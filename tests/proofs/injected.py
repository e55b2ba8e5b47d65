"""Competing writes injected where a change is most vulnerable."""

from portal.benchmarks.stack import DATABASES, running
from tests.proofs import within
from tests.proofs.run import Outcome, Run


def injected(run: Run) -> Outcome:
    """On both databases; in the short form on PostgreSQL, where rivals wait for rows."""
    seeds = run.seeds if run.short else list(range(run.seed, run.seed + 20))
    figures, wrong, points = [], [], 0
    for database in DATABASES[run.size(0, 1) :]:
        share = len(seeds) if run.short else 1  # in the short form each point comes once, seeds take turns
        with running(run.folder / database, database=database, forked=run.short) as stack:
            run.say(database)
            found = within.call(stack, "tests.proofs.injections:inject", seeds=seeds, share=share)
        figures.append(f"{database}: {found['waited']} rivals waited, {len(found['wrong'])} wrong")
        wrong += found["wrong"]
        points = found["points"]
    some = "".join(f"; {one}" for one in wrong[:3])
    return Outcome.of(
        f"{points} points x {len(seeds)} seeds, {'; '.join(figures)}{some}",
        nothing_wrong=not wrong,
        at_15_points_or_more=points >= 15,
    )
