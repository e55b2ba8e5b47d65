"""From outcomes to figures: each run, and policies paired on the same shoppers, instance by instance."""

from collections import defaultdict
from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from statistics import median
from typing import TypeVar

from portal.benchmarks.booking.day import Outcome
from scheduling.routing.improve import visits_of
from scheduling.routing.schedule import violations

T = TypeVar("T", bound=Hashable)

PAIRS = (
    ("insertion", "first"),
    ("insertion", "grid"),
    ("below", "insertion"),
    ("below", "grid"),
    ("label", "first"),
    ("label", "grid"),
    ("grid", "first"),
)


@dataclass(frozen=True, slots=True)
class Run:
    """One day's figures. `to_bound` is its driving beside that of the same customers free of windows.

    `pickups`: of those accepted, from whom something is fetched.
    """

    instance: str
    scenario: str
    seed: int
    policy: str
    reoptimise: int
    nudge: float
    outside: float | None
    arrivals: int
    fleet: int
    accepted: int
    acceptance: float
    drive_s: int
    drive_per_stop_s: float
    broken: int
    to_bound: float | None = None
    pointed_out_true: float | None = None
    pickups: int = 0

    @classmethod
    def of(cls, outcome: Outcome, *, true: float | None = None) -> "Run":
        return cls(
            instance=outcome.day.instance.name,
            scenario=outcome.day.scenario,
            seed=outcome.day.seed,
            policy=outcome.policy,
            reoptimise=outcome.rules.reoptimise,
            nudge=outcome.rules.nudge,
            outside=outcome.rules.outside,
            arrivals=len(outcome.day.arrivals),
            fleet=outcome.day.fleet,
            accepted=len(outcome.promises),
            acceptance=round(outcome.acceptance, 4),
            drive_s=outcome.drive_s,
            drive_per_stop_s=round(outcome.drive_per_stop_s, 1),
            broken=broken(outcome),
            to_bound=round(outcome.drive_s / outcome.bound_s, 4) if outcome.bound_s else None,
            pointed_out_true=None if true is None else round(true, 4),
            pickups=len(outcome.day.pickups & set(outcome.promises)),
        )


def broken(outcome: Outcome) -> int:
    """How many promises the final routes break, or forget, and whatever else they break."""
    planned = {visit.key for visit in visits_of(outcome.plan)}
    faults = sum(len(violations(shift)) for shift in outcome.plan.shifts)
    return faults + len(planned ^ set(outcome.promises))


@dataclass(frozen=True, slots=True)
class Comparison:
    """One way beside another on the same shoppers: medians over instances (over seeds first).

    acceptance_points: percentage points more accepted; drive_percent: driving per stop, in percent more;
    better_on: instances on which driving per stop is less
    """

    scenario: str
    nudge: float
    outside: float | None
    way: str
    against: str
    instances: int
    acceptance_points: float
    drive_percent: float
    better_on: int


def comparisons(runs: Sequence[Run]) -> list[Comparison]:
    """Return every pair of policies under equal rules, and re-optimisation on against off."""
    found = []
    for scenario, nudge, outside in _distinct((r.scenario, r.nudge, r.outside) for r in runs):
        alike = [r for r in runs if (r.scenario, r.nudge, r.outside) == (scenario, nudge, outside)]
        for way, against, ours, theirs in _pairs(alike):
            if compared := _compared(ours, theirs):
                found.append(Comparison(scenario, nudge, outside, way, against, *compared))
    return found


def _pairs(runs: Sequence[Run]) -> Iterator[tuple[str, str, list[Run], list[Run]]]:
    every = _distinct(run.reoptimise for run in runs)
    for reoptimise in every:
        for way, against in PAIRS:
            ours = [r for r in runs if (r.policy, r.reoptimise) == (way, reoptimise)]
            theirs = [r for r in runs if (r.policy, r.reoptimise) == (against, reoptimise)]
            told = f", re-optimised every {reoptimise}" if reoptimise else ", never re-optimised"
            yield way, against + (told if len(every) > 1 else ""), ours, theirs
    for policy in _distinct(run.policy for run in runs):
        for on in every:
            ours = [r for r in runs if (r.policy, r.reoptimise) == (policy, on)]
            never = [r for r in runs if (r.policy, r.reoptimise) == (policy, 0)]
            if on:
                yield f"{policy}, re-optimised every {on}", "never", ours, never


def _compared(ours: Sequence[Run], theirs: Sequence[Run]) -> tuple[int, float, float, int] | None:
    other = {(run.instance, run.seed): run for run in theirs}
    pairs = [(run, other[run.instance, run.seed]) for run in ours if (run.instance, run.seed) in other]
    if not pairs:
        return None
    points, percents = defaultdict(list), defaultdict(list)
    for run, against in pairs:
        points[run.instance].append(100 * (run.acceptance - against.acceptance))
        percents[run.instance].append(100 * (run.drive_per_stop_s / against.drive_per_stop_s - 1))
    of_instance = [median(found) for found in percents.values()]
    return (
        len(of_instance),
        round(median(median(found) for found in points.values()), 2),
        round(median(of_instance), 2),
        sum(percent < 0 for percent in of_instance),
    )


def _distinct(values: Iterable[T]) -> list[T]:
    return list(dict.fromkeys(values))


def as_json(runs: Sequence[Run], more: dict[str, object]) -> dict[str, object]:
    """Return all figures as one object."""
    return {
        "runs": [asdict(run) for run in runs],
        "comparisons": [asdict(each) for each in comparisons(runs)],
        "broken": sum(run.broken for run in runs),
        "pointed_out_true": pointed_out_true(runs),
        **more,
    }


def pointed_out_true(runs: Sequence[Run]) -> float | None:
    """The middle of all runs in which something was pointed out."""
    told = [run.pointed_out_true for run in runs if run.pointed_out_true is not None]
    return round(median(told), 4) if told else None
