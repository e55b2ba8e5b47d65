"""One day under one policy: shopper after shopper asks, chooses, is inserted; routes improve in between."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import inf
from typing import Any

from portal.benchmarks.booking.policies import POLICIES, Asked, cells_of
from portal.benchmarks.booking.scenarios import SHIFT_S, WINDOWS, Day
from scheduling.routing.improve import driving, improve
from scheduling.routing.insertion import Scores, Slots, gap_of, insert, score
from scheduling.routing.problem import Plan, Trip, Visit
from scheduling.routing.schedule import loads_of
from scheduling.routing.tape import Strip, Tape, strips_of, tape_of
from scheduling.routing.travel import Matrix


@dataclass(frozen=True, slots=True)
class Rules:
    """How a run is done: re-optimisation every so many bookings (0: never), its seconds, and the nudge.

    final_s: seconds of the solve at the end, the same for all; outside: utility of walking away, if one may
    bound_s: seconds of a solve free of windows, 0 for none
    """

    reoptimise: int
    reoptimise_s: float
    nudge: float
    final_s: float
    outside: float | None = None
    bound_s: float = 0.0


@dataclass(frozen=True)
class Outcome:
    """What a day came to: promises (node -> window), the final routes, and their driving free of windows."""

    day: Day
    policy: str
    rules: Rules
    promises: Mapping[int, int]
    rejected: tuple[int, ...]
    plan: Plan
    bound_s: int | None = None

    @property
    def drive_s(self) -> int:
        return driving(self.plan).seconds

    @property
    def acceptance(self) -> float:
        return len(self.promises) / len(self.day.arrivals)

    @property
    def drive_per_stop_s(self) -> float:
        return self.drive_s / max(1, len(self.promises))

    def as_dump(self) -> dict[str, Any]:
        """One line of the dump, in nodes of the matrix: enough to judge the day without our code.

        `loads` are what we say is on board on each leg of each route, the way home included.
        """
        return {
            "instance": self.day.instance.name,
            "policy": self.policy,
            "seed": self.day.seed,
            "scenario": self.day.scenario,
            "reoptimise": self.rules.reoptimise,
            "nudge": self.rules.nudge,
            "outside": self.rules.outside,
            "fleet": self.day.fleet,
            "capacity": self.day.capacity,
            "horizon": SHIFT_S,
            "promises": [self._promise(node, window) for node, window in self.promises.items()],
            "rejected": list(self.rejected),
            "routes": [[visit.key for visit in trip.visits] for trip in self._driven()],
            "loads": [[load for (load,) in loads_of(trip.visits)] for trip in self._driven()],
            "drive_s": self.drive_s,
        }

    def _driven(self) -> list[Trip]:
        return [trip for shift in self.plan.shifts for trip in shift.trips if trip.visits]

    def _promise(self, node: int, window: int) -> dict[str, Any]:
        opens, closes = WINDOWS[window]
        direction = "in" if node in self.day.pickups else "out"
        return {"node": node, "opens": opens, "closes": closes, "direction": direction}


@dataclass
class Booking:
    """The day as it fills: the plan with all that is booked so far."""

    day: Day
    policy: str
    rules: Rules
    plan: Plan = field(init=False)
    travel: Matrix = field(init=False)
    promises: dict[int, int] = field(default_factory=dict)
    rejected: list[int] = field(default_factory=list)
    strips: dict[int, Strip] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.plan, self.travel = self.day.empty_plan(), self.day.instance.travel
        self.cell_of = cells_of(self.day.instance)

    def run(self) -> Outcome:
        """Let everybody ask, then solve once more."""
        for number, node in enumerate(self.day.arrivals):
            self.serve(node, self.day.taste[number])
        if self.rules.final_s:
            self.plan = improve(self.plan, self.travel, seconds=self.rules.final_s, seed=self.day.seed)
        return Outcome(
            day=self.day,
            policy=self.policy,
            rules=self.rules,
            promises=dict(self.promises),
            rejected=tuple(self.rejected),
            plan=self.plan,
            bound_s=self.bound() if self.rules.bound_s else None,
        )

    def serve(self, node: int, taste: Sequence[float]) -> None:
        """One shopper asks and takes the best of what is offered, or nothing."""
        visit = self.day.visit(node)
        tape, scores = self.quote(visit)
        asked = self.asked(node, scores)
        self.notice(asked)
        window = self.chosen(asked, taste)
        if window is None:
            self.rejected.append(node)
            return
        promised = replace(visit, opens_s=WINDOWS[window][0], closes_s=WINDOWS[window][1])
        gap = gap_of(tape, int(scores.row[0, window]))
        self.plan = insert(self.plan, gap, promised, self.travel)
        self.promises[node] = window
        if self.rules.reoptimise and len(self.promises) % self.rules.reoptimise == 0:
            self.plan = improve(
                self.plan, self.travel, seconds=self.rules.reoptimise_s, seed=len(self.promises)
            )

    def notice(self, asked: Asked) -> None:
        """Note what more is to be measured of a question, before it is answered."""

    def quote(self, visit: Visit) -> tuple[Tape, Scores]:
        """What the routes answer, as the product asks them."""
        self.strips = strips_of(self.plan, self.strips)
        tape = tape_of(self.strips)
        return tape, score(tape, visit, Slots.of([WINDOWS]), self.travel)

    def asked(self, node: int, scores: Scores) -> Asked:
        """One question with its answers, as policies see it."""
        feasible = [window for window in range(len(WINDOWS)) if scores.row[0, window] >= 0]
        return Asked(node, feasible, scores, self.promises, self.cell_of)

    def chosen(self, asked: Asked, taste: Sequence[float]) -> int | None:
        """Return the window with the highest utility; None if there is none, or if walking away has more."""
        if not asked.feasible:
            return None
        nudges = POLICIES[self.policy](asked)
        utility = {
            window: taste[window] + self.rules.nudge * nudge
            for window, nudge in zip(asked.feasible, nudges, strict=True)
        }
        best = max(asked.feasible, key=utility.__getitem__)
        return best if utility[best] >= (-inf if self.rules.outside is None else self.rules.outside) else None

    def bound(self) -> int:
        """Return the driving of the same customers, were they free of windows."""
        free = replace(
            self.plan,
            shifts=tuple(
                replace(shift, trips=tuple(replace(t, visits=_free(t.visits)) for t in shift.trips))
                for shift in self.plan.shifts
            ),
        )
        return driving(improve(free, self.travel, seconds=self.rules.bound_s, seed=self.day.seed)).seconds


def _free(visits: Sequence[Visit]) -> tuple[Visit, ...]:
    return tuple(replace(visit, opens_s=0, closes_s=SHIFT_S) for visit in visits)
