"""All days that were asked for, one after the other or side by side; told as they come."""

import json
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import nullcontext
from dataclasses import dataclass
from itertools import product
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from portal.benchmarks.booking.day import Booking, Rules
from portal.benchmarks.booking.instances import Instance, read_all
from portal.benchmarks.booking.policies import Asked
from portal.benchmarks.booking.report import Run, as_json
from portal.benchmarks.booking.scenarios import Day, Scenario
from portal.benchmarks.booking.truth import Resolved, pointed_at, resolved, share_true, summary

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to measure; of everything that has several values, each with each."""

    instances: Path
    seeds: tuple[int, ...]
    scenarios: tuple[Scenario, ...]
    pickups: float
    policies: tuple[str, ...]
    reoptimise: tuple[int, ...]
    reoptimise_s: float
    nudges: tuple[float, ...]
    outsides: tuple[float | None, ...]
    final_s: float
    bound_s: float
    resolve: int
    resolve_s: float
    processes: int
    dump: Path | None


@dataclass(frozen=True, slots=True)
class Task:
    """One day under one policy.

    `resolve`: so many of its quotes are compared with solving anew, for `resolve_s` in each window.
    """

    instance: Instance
    seed: int
    scenario: Scenario
    policy: str
    rules: Rules
    resolve: int = 0
    resolve_s: float = 1.0
    pickups: float = 0.0


@dataclass(frozen=True, slots=True)
class Done:
    """Its figures, its line of the dump, and its quotes beside solving anew."""

    run: Run
    dump: dict[str, Any]
    resolved: tuple[Resolved, ...]


def measured(wanted: Wanted, *, say: Say) -> dict[str, object]:
    """Return all figures. Raises InstanceUnreadable, and OSError where the dump can't be written."""
    tasks = list(_tasks(wanted))
    found: list[Done] = []
    with wanted.dump.open("w", encoding="utf-8") if wanted.dump else nullcontext() as dump:
        for number, done in enumerate(_each(tasks, wanted.processes), start=1):
            found.append(done)
            if dump:
                dump.write(json.dumps(done.dump) + "\n")
                dump.flush()
            say(f"{number} of {len(tasks)}: {line_of(done.run)}")
    compared = [each for done in found for each in done.resolved]
    return as_json([done.run for done in found], {"solved_anew": summary(compared)})


def _tasks(wanted: Wanted) -> Iterator[Task]:
    every = product(
        read_all(wanted.instances),
        wanted.seeds,
        wanted.scenarios,
        wanted.outsides,
        wanted.nudges,
        wanted.reoptimise,
        wanted.policies,
    )
    for instance, seed, scenario, outside, nudge, reoptimise, policy in every:
        rules = Rules(reoptimise, wanted.reoptimise_s, nudge, wanted.final_s, outside, wanted.bound_s)
        resolve = wanted.resolve if policy == "insertion" else 0
        yield Task(instance, seed, scenario, policy, rules, resolve, wanted.resolve_s, wanted.pickups)


def _each(tasks: Sequence[Task], processes: int) -> Iterator[Done]:
    if processes == 1:
        yield from map(done, tasks)
        return
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        yield from pool.map(done, tasks)


def done(task: Task) -> Done:
    """Do one day."""
    day = Day.of(task.instance, seed=task.seed, scenario=task.scenario, pickups=task.pickups)
    booking = Watched(day, task.policy, task.rules)
    booking.samples, booking.resolve_s = _sampled(len(day.arrivals), task.resolve), task.resolve_s
    outcome = booking.run()
    booking.plan = outcome.plan
    true = share_true(booking, booking.pointed) if task.policy == "label" else None
    return Done(Run.of(outcome, true=true), outcome.as_dump(), tuple(booking.resolved))


class Watched(Booking):
    """A day that notes what each quote points out, and solves some of them anew."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.pointed: dict[int, int] = {}
        self.samples: frozenset[int] = frozenset()
        self.resolve_s = 1.0
        self.resolved: list[Resolved] = []

    def notice(self, asked: Asked) -> None:
        if asked.feasible and self.policy == "label" and (window := pointed_at(asked)) is not None:
            self.pointed[asked.node] = window
        number = len(self.promises) + len(self.rejected)
        if number in self.samples and (found := resolved(self.plan, asked, self, seconds=self.resolve_s)):
            self.resolved.append(found)


def _sampled(arrivals: int, count: int) -> frozenset[int]:
    """The numbers of some shoppers, spread over the day."""
    return frozenset(round((at + 0.5) * arrivals / count) for at in range(count))


def line_of(run: Run) -> str:
    """Return one run in a line."""
    return (
        f"{run.instance} seed {run.seed} {run.scenario} {run.policy} nudge {run.nudge:g}"
        f"{'' if run.outside is None else f' outside {run.outside:g}'} every {run.reoptimise}: "
        f"{run.accepted} of {run.arrivals}{f', {run.pickups} pickups' if run.pickups else ''}, "
        f"{run.drive_per_stop_s:.0f} s a stop, {run.broken} broken"
    )
