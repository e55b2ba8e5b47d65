"""kill -9 on the worker while it improves routes: each day has wholly the old ones or wholly the new."""

from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from random import Random
from time import sleep

from portal.benchmarks.servers import wait_until
from portal.benchmarks.stack import Stack, running
from tests.proofs import within
from tests.proofs.afterwards import breaches
from tests.proofs.routes import Improved, Routes, Rows
from tests.proofs.run import Outcome, Run

BOOKINGS, VANS = 14, 3
LEASE_S, TICK_S = 180, 10
TRIES = 12
ENDED = {"swapped", "no_gain"}
INVARIANTS_EVERY = 10
AFTER = 2
"""The kill that comes right after a swap: of few others it is not sure that one comes so late."""


@dataclass
class Storm:
    """What became of the days: `met` counts what kills came upon; `faults` are sentences."""

    run: Run
    stack: Stack
    rows: Rows
    plans: list[int]
    since: int | None = None
    """How many runs there had been when the routes were put out of order last."""
    killed: set[int] = field(default_factory=set)
    """Runs that died: they are under way until somebody gives them up."""
    met: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)

    def unlucky(self) -> list[int]:
        """The days that nobody has improved yet. The timetable, too, has some improved."""
        ended = {each.plan for each in self.rows.runs()[self.since :] if each.outcome in ENDED}
        return [plan for plan in self.plans if plan not in ended] if self.since is not None else []


def prove(run: Run) -> Outcome:
    """On PostgreSQL; the worker is killed whole, and nobody else changes the days.

    What is old and new is judged by the rows alone: wholly old is every stop and way as before; wholly new
    are the metres that the run says, one version and one event on, with every stop and window there was.
    A run that was killed is under way until its lease is over. At full size the last one's is waited for;
    the others', and all in the short form, are ended by hand.
    """
    kills = run.size(50, 3)
    with running(run.folder, database="postgres", forked=run.short) as stack:
        laid_out = within.call(
            stack, "tests.proofs.unlucky:lay_out",
            vans=VANS, days=run.size(5, 3), bookings=run.size(BOOKINGS, 8), seed=run.seed,
        )  # fmt: skip
        with Rows(stack) as rows:
            storm = Storm(run, stack, rows, laid_out["plans"])
            stack.start_worker()
            for number in range(1, kills + 1):
                kill_one(storm, number, last=number == kills)
            taken_over = last_is_taken_over(storm)
        storm.faults += breaches(stack)
    for line in storm.faults:
        run.say(line)
    return Outcome.of(
        f"{kills} kills, {storm.met['under way']} of them while a run was under way, {storm.met['new']} days "
        f"with wholly new routes, {storm.met['old']} wholly as they were, {len(storm.faults)} others; "
        f"taken over {taken_over:.0f} s after the last",
        whole_swaps_or_none=not storm.faults,
        runs_were_killed=storm.met["under way"] >= max(1, kills // 4),
        routes_were_swapped=storm.met["new"] >= 1,
    )


def kill_one(storm: Storm, number: int, *, last: bool) -> None:
    """Have a day improved, kill the worker meanwhile, and look at all days."""
    chance = storm.run.random(f"kill {number}", seed=storm.run.seed_of(number))
    if not storm.unlucky():
        put_out_of_order(storm, number)
    before, known = as_it_is(storm)
    have_one_begin(storm, known)
    if number == AFTER:
        wait_until(lambda: not storm.rows.outcomes()["running"], seconds=60, what="a swap", every_s=0.01)
    else:
        sleep(moment(chance, storm.rows.runs()[-1], early=last or number == 1))
    storm.stack.worker.kill()
    judge(storm, before, known)
    if not last:
        storm.rows.end_leases()
        storm.stack.start_worker()
    if number % INVARIANTS_EVERY == 0:
        storm.faults += breaches(storm.stack)
        storm.run.say(f"{number} kills: {dict(storm.met)}, {len(storm.faults)} faults")


def as_it_is(storm: Storm) -> tuple[Mapping[int, Routes], int]:
    """Every day's routes, and how many runs had ended by then: the timetable has days improved as well."""
    while True:
        runs, routes = storm.rows.runs(), storm.rows.routes()
        if runs == storm.rows.runs():
            alive = [n for n, each in enumerate(runs) if each.under_way and each.pk not in storm.killed]
            return routes, min(alive, default=len(runs))


def have_one_begin(storm: Storm, known: int) -> None:
    """Ask for a day until a run is under way: one that the timetable began counts, too."""
    for _try in range(TRIES):
        storm.rows.ask_for((storm.unlucky() or storm.plans)[-1])
        with suppress(TimeoutError):
            wait_until(lambda: len(storm.rows.runs()) > known, seconds=5, what="a run", every_s=0.01)
            return
    raise TimeoutError(f"no run began; the worker said {storm.stack.worker.said()[-1000:]}")


def put_out_of_order(storm: Storm, number: int) -> None:
    """Give the solver work again on all days."""
    within.call(storm.stack, "tests.proofs.unlucky:put_all_out_of_order", plans=storm.plans, seed=number)
    storm.since = len(storm.rows.runs())


def moment(chance: Random, found: Improved, *, early: bool) -> float:
    """When to kill, in seconds after a run began: while it looks, or about when it takes what it found."""
    budget_s = found.budget_ms / 1000
    if early:
        return budget_s / 2
    return chance.choice((chance.uniform(0, budget_s), budget_s + chance.uniform(0, 0.5)))


def judge(storm: Storm, before: Mapping[int, Routes], known: int) -> None:
    """Hold every day against what it was and what its runs say."""
    after, runs = storm.rows.routes(), storm.rows.runs()[known:]
    died = {each.pk for each in runs if each.under_way}
    storm.killed |= died
    storm.met["under way"] += bool(died)
    for plan in {each.plan for each in runs}:
        ended = [each for each in runs if each.plan == plan and each.outcome == "swapped"]
        was = "new" if ended else "old"
        fault = fault_of(before[plan], after[plan], ended)
        storm.met[was] += not fault
        storm.faults += [f"plan {plan}: {fault}"] if fault else []
    quiet = before.keys() - {each.plan for each in runs}
    storm.faults += [f"plan {plan}: changed by nobody" for plan in quiet if before[plan] != after[plan]]


def fault_of(before: Routes, after: Routes, swapped: list[Improved]) -> str:
    """What is torn about a day, nothing if it is wholly old or wholly new."""
    if after.promises != before.promises:
        return "promises differ"
    if not swapped:
        return "" if after == before else "changed without a run that says so"
    steps = (after.version - before.version, after.told - before.told)
    if steps != (len(swapped), len(swapped)):
        return f"{len(swapped)} swaps, but {steps[0]} versions and {steps[1]} events"
    return "" if after.metres == swapped[-1].after_m else f"{after.metres} m, not {swapped[-1].after_m} m"


def last_is_taken_over(storm: Storm) -> float:
    """Start the worker, and wait until the run killed last is given up and another has ended; how long."""
    killed = next(each for each in reversed(storm.rows.runs()) if each.under_way)
    if storm.run.short:
        storm.rows.end_leases()
    storm.stack.start_worker()
    if storm.run.short:
        storm.rows.send("improve_plans")

    def over() -> bool:
        later = [each for each in storm.rows.runs() if each.plan == killed.plan and each.pk > killed.pk]
        return bool(later) and not storm.rows.outcomes()["running"]

    return wait_until(over, seconds=LEASE_S + 6 * TICK_S, what="the run killed last to be taken over")
