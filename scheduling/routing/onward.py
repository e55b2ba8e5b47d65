"""In which order a vehicle serves what is still ahead of it, so that as few promises as possible break.

`improve` finds better routes that keep everything, or none. Once somebody cannot be reached in time there are
none, and what counts is how many break, then how late they become, then when the driver is home. For few
visits every order is looked at: of two ways to have served the same visits, ending at the same place, the one
that is nowhere worse is kept. For more, an order is changed step by step until no step helps.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from scheduling.routing.problem import Leg, Place, Vehicle, Visit
from scheduling.routing.travel import Travel

EXACT: Final = 8
"""So many visits are ordered by looking at all orders; it takes a fifth of a second."""

Key = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Ahead:
    """What a vehicle has before it: where it is, when it goes on, what is on board, and where it ends.

    `loads` are on board when it leaves, the goods of the visits among them.
    """

    start: Place
    depot: Place
    vehicle: Vehicle
    leaves_s: int
    loads: tuple[int, ...]
    visits: tuple[Visit, ...]


@dataclass(frozen=True, slots=True)
class _Label:
    """One way to have served some visits: how many broke, by how much together, and until when it took."""

    broken: int
    late_s: int
    at_s: int
    order: tuple[int, ...]

    def no_worse_than(self, other: "_Label") -> bool:
        return self.broken <= other.broken and self.late_s <= other.late_s and self.at_s <= other.at_s


def fewest_broken(ahead: Ahead, travel: Travel) -> tuple[Visit, ...]:
    """Return the visits in the best order there is (of more than EXACT: the best that steps lead to)."""
    ways = _Ways(ahead, travel)
    if len(ahead.visits) <= EXACT:
        order = _best_of_all(ahead, ways)
        if order is not None:
            return tuple(ahead.visits[at] for at in order)
    starts = (range(len(ahead.visits)), _by_end(ahead.visits))
    best = min((_stepwise(tuple(start), ways) for start in starts), key=ways.cost)
    return tuple(ahead.visits[at] for at in best)


class _Ways:
    """All legs between what is ahead, and what an order costs."""

    def __init__(self, ahead: Ahead, travel: Travel) -> None:
        self.ahead, kind = ahead, ahead.vehicle.kind
        places = [visit.place for visit in ahead.visits]
        self.first = [travel.leg(ahead.start, place, kind) for place in places]
        self.between = [[travel.leg(one, other, kind) for other in places] for one in places]
        self.back = [travel.leg(place, ahead.depot, kind) for place in places]

    def leg(self, before: int | None, at: int) -> Leg:
        return self.first[at] if before is None else self.between[before][at]

    def served(self, label: _Label, at: int) -> _Label:
        """The label once one more visit is served."""
        visit, before = self.ahead.visits[at], label.order[-1] if label.order else None
        starts_s = max(label.at_s + self.leg(before, at).seconds, visit.opens_s)
        late_s = max(0, starts_s - (visit.closes_s - 1))
        return _Label(
            label.broken + (late_s > 0),
            label.late_s + late_s,
            starts_s + visit.service_s,
            (*label.order, at),
        )

    def fits(self, on_board: Sequence[int]) -> bool:
        return all(
            load <= room for load, room in zip(on_board, self.ahead.vehicle.kind.capacity, strict=True)
        )

    def cost(self, order: Sequence[int]) -> Key:
        """Overloaded legs, broken promises, seconds late, seconds of overtime, and when it is back."""
        label, on_board, over = _Label(0, 0, self.ahead.leaves_s, ()), self.ahead.loads, 0
        for at in order:
            label = self.served(label, at)
            on_board = after(on_board, self.ahead.visits[at])
            over += not self.fits(on_board)
        return (over, *self.ended(label))

    def ended(self, label: _Label) -> Key:
        """How many promises broke, by how much, the overtime, and when the vehicle is back."""
        back_s = label.at_s + (self.back[label.order[-1]].seconds if label.order else 0)
        overtime_s = max(0, back_s - self.ahead.vehicle.latest_return_s)
        return label.broken, label.late_s, overtime_s, back_s


def after(on_board: Sequence[int], visit: Visit) -> tuple[int, ...]:
    """What is on board once a visit is served."""
    moved = zip(on_board, visit.delivered, visit.collected, strict=True)
    return tuple(load - left + taken for load, left, taken in moved)


def _by_end(visits: Sequence[Visit]) -> list[int]:
    return sorted(range(len(visits)), key=lambda at: (visits[at].closes_s, visits[at].opens_s))


def _best_of_all(ahead: Ahead, ways: _Ways) -> tuple[int, ...] | None:
    """The best of all orders that never overload the vehicle; None where each does."""
    everybody = (1 << len(ahead.visits)) - 1
    layer: dict[tuple[int, int], list[_Label]] = {(0, -1): [_Label(0, 0, ahead.leaves_s, ())]}
    for _ in ahead.visits:
        layer = _next_layer(layer, ahead, ways)
    ended = [label for (done, _last), labels in layer.items() if done == everybody for label in labels]
    return min(ended, key=ways.ended).order if ended else None


def _next_layer(
    layer: dict[tuple[int, int], list[_Label]], ahead: Ahead, ways: _Ways
) -> dict[tuple[int, int], list[_Label]]:
    longer: dict[tuple[int, int], list[_Label]] = {}
    for (done, _last), labels in layer.items():
        on_board = ahead.loads
        for at in labels[0].order:
            on_board = after(on_board, ahead.visits[at])
        for at, visit in enumerate(ahead.visits):
            if done >> at & 1 or not ways.fits(after(on_board, visit)):
                continue
            kept = longer.setdefault((done | 1 << at, at), [])
            for label in labels:
                _keep(kept, ways.served(label, at))
    return longer


def _keep(kept: list[_Label], label: _Label) -> None:
    if any(other.no_worse_than(label) for other in kept):
        return
    kept[:] = [other for other in kept if not label.no_worse_than(other)]
    kept.append(label)


def _stepwise(order: tuple[int, ...], ways: _Ways) -> tuple[int, ...]:
    """The order that steps lead to, the best of all steps first, until none helps."""
    cost = ways.cost(order)
    while True:
        tried = min(((ways.cost(each), each) for each in _steps(order)), default=None)
        if tried is None or tried[0] >= cost:
            return order
        cost, order = tried


def _steps(order: tuple[int, ...]) -> Iterable[tuple[int, ...]]:
    """All orders in which up to three neighbours stand elsewhere, or a part runs backwards."""
    return (*_moved(order), *_turned(order))


def _moved(order: tuple[int, ...]) -> Iterator[tuple[int, ...]]:
    for length in (1, 2, 3):
        for start in range(len(order) - length + 1):
            part, rest = order[start : start + length], order[:start] + order[start + length :]
            for to in range(len(rest) + 1):
                if to != start:
                    yield (*rest[:to], *part, *rest[to:])


def _turned(order: tuple[int, ...]) -> Iterator[tuple[int, ...]]:
    for start in range(len(order) - 1):
        for end in range(start + 2, len(order) + 1):
            yield (*order[:start], *reversed(order[start:end]), *order[end:])
