"""Holds, bookings, changes, expiry, swaps and whatever shops and dispatch do, in 2,000 random orders."""

from portal.benchmarks.stack import DATABASES, Stack, running
from tests.proofs import within
from tests.proofs.run import Outcome, Run

BATCH = 50
KINDS = (
    "hold.placed",
    "hold.lapsed",
    "booking.confirmed",
    "booking.moved",
    "booking.cancelled",
    "plan.improved",
)


def state_machine(run: Run) -> Outcome:
    """Run it on both databases at once, half of the runs on each."""
    runs, steps = run.size(BATCH, 4), run.size(50, 20)
    # What broke stays broken: it is enough to look now and then, and at the end of each run.
    looks_every = 8
    seeds = list(run.seeds) if run.short else [run.seed * 1_000 + number for number in range(1_000 // BATCH)]
    with (
        running(run.folder / "sqlite", database="sqlite", forked=run.short) as sqlite,
        running(run.folder / "postgres", database="postgres", forked=run.short) as postgres,
    ):
        run.say(f"{len(seeds) * runs} runs on each of {' and '.join(DATABASES)}")
        shopping = [_started(stack, seeds, runs, steps, looks_every) for stack in (sqlite, postgres)]
        found = [one.result() for one in shopping]
    broken = [one["broken"] for one in found if one["broken"]]
    counts = ", ".join(f"{sum(one[name] for one in found):,} {name}" for name in ("runs", "steps"))
    happened = {kind: sum(one.get("happened", {}).get(kind, 0) for one in found) for kind in KINDS}
    told = ", ".join(f"{times:,} {kind}" for kind, times in happened.items())
    return Outcome.of(
        f"{counts} ({told}): {len(broken)} breaches{''.join(f'; {what}' for what in broken)}",
        nothing_broken=not broken,
        # A few runs may try every rule but this one.
        routes_were_swapped=run.short or bool(broken or happened["plan.improved"]),
    )


def _started(stack: Stack, seeds: list[int], runs: int, steps: int, looks_every: int) -> within.Running:
    shopping = {"seeds": seeds, "runs": runs, "steps": steps, "looks_every": looks_every}
    return within.started(stack, "tests.proofs.random_orders:go_shopping", **shopping)
