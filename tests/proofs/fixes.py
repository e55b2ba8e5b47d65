"""The inside of `positions`: vehicles that are out, and what their phones tell."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from random import Random
from time import perf_counter
from typing import Any

from django.db import connections

from scheduling.models import LastSeen, Position, Route
from scheduling.services.positions import Fix, Sender, keep_fixes
from tests.factories import NOW, make_network

VEHICLES, TELLERS = 8, 4
SIZES = (1, 1, 1, 1, 5, 20, 100, 500, 1_000)
"""How many come at once: most phones tell one by one, those that were offline all that they kept."""
AT = (60.17, 24.94)


@dataclass(frozen=True)
class Pile:
    """What a vehicle's phone tells, in any order, and what has to come of it."""

    shift_id: int
    told: list[Fix]
    kept: int
    last: Fix


def tell_all(*, seed: int, fixes: int) -> dict[str, Any]:
    """Within the portal: send vehicles out, tell their fixes, look at what is kept and shown."""
    chance = Random(f"positions {seed}")
    shifts, left_at = _sent_out()
    now = left_at + timedelta(hours=5)
    piles = [_pile(shift, left_at, now, fixes // VEHICLES, chance) for shift in shifts]
    calls = [(pile.shift_id, part) for pile in piles for part in _parts(pile.told, chance)]
    chance.shuffle(calls)
    began = perf_counter()
    with ThreadPoolExecutor(TELLERS) as pool:
        list(pool.map(partial(_tell, now=now), calls))
    seconds = perf_counter() - began
    odd = [each for pile in piles for each in _odd(pile)]
    alone = _alone(piles[0], now=now)
    connections.close_all()
    return {
        "told": sum(len(part) for _shift, part in calls),
        "calls": len(calls),
        "seconds": seconds,
        "alone": alone,
        "wrong": len(odd),
        "odd": odd[:5],
    }


def _sent_out() -> tuple[list[int], datetime]:
    """Return the shifts of vehicles that are out, and since when."""
    outlet = make_network(vans=VEHICLES, days=1)
    routes = Route.objects.filter(shift__plan__depot=outlet.depot, trip=1)
    routes.update(state=Route.State.STARTED, started_at=NOW)
    return sorted(routes.values_list("shift_id", flat=True)), NOW


def _pile(shift_id: int, left_at: datetime, now: datetime, many: int, chance: Random) -> Pile:
    """Lay out what one phone tells: a drive, a fifth of it twice, leaps, and what can't be true."""
    once = many * 4 // 5
    drive = _driven(left_at, now, once, chance)
    # A leap lies between two true fixes, so that it is one more, and leads far away.
    leaps = [
        replace(fix, said_at=fix.said_at + timedelta(milliseconds=1), lat=fix.lat + chance.uniform(0.5, 2))
        for fix in chance.sample(drive[1:], once // 50)
    ]
    ahead = [Fix(now + timedelta(days=number + 1), AT[0] + 1 + number / 10, AT[1]) for number in range(3)]
    elsewhere = [replace(fix, lat=-fix.lat) for fix in chance.sample(drive, once // 100)]
    told = [*drive, *leaps, *ahead, *elsewhere]
    told += chance.sample(drive, many - len(told))
    chance.shuffle(told)
    return Pile(shift_id, told, len(drive) + len(leaps) + len(ahead), drive[-1])


def _driven(left_at: datetime, now: datetime, many: int, chance: Random) -> list[Fix]:
    """Return fixes of a vehicle that winds about, by a clock that is wrong by some seconds."""
    wrong = chance.uniform(-120, 25)
    every_s = ((now - left_at).total_seconds() - 200) / many
    lat, lon, fixes = *AT, []
    for number in range(many):
        lat += chance.uniform(-1, 1) * every_s * 10 / 111_200
        lon += chance.uniform(-1, 1) * every_s * 10 / 55_300
        at = left_at + timedelta(seconds=max(0.0, 150 + number * every_s + wrong))
        fixes.append(Fix(at, lat, lon, accuracy_m=chance.uniform(3, 60)))
    return fixes


def _parts(told: Sequence[Fix], chance: Random) -> list[list[Fix]]:
    left, parts = list(told), []
    while left:
        size = chance.choice(SIZES)
        parts.append(left[:size])
        left = left[size:]
    return parts


def _tell(call: tuple[int, list[Fix]], *, now: datetime) -> None:
    shift_id, fixes = call
    keep_fixes(sender=Sender("proof", shift_id=shift_id), fixes=fixes, now=now)


def _alone(pile: Pile, *, now: datetime) -> float:
    """Return how many a second are taken where each comes by itself, from one teller."""
    some = pile.told[:200]
    began = perf_counter()
    for fix in some:
        _tell((pile.shift_id, [fix]), now=now)
    return len(some) / (perf_counter() - began)


def _odd(pile: Pile) -> list[str]:
    """Return what is not as it should be."""
    odd = []
    kept = Position.objects.filter(shift_id=pile.shift_id).count()
    if kept != pile.kept:
        odd.append(f"shift {pile.shift_id}: {kept} fixes are kept instead of {pile.kept}")
    seen = LastSeen.objects.get(shift_id=pile.shift_id)
    if (seen.at, seen.lat, seen.lon) != (pile.last.said_at, pile.last.lat, pile.last.lon):
        odd.append(f"shift {pile.shift_id}: seen at {seen.at}, {seen.lat} instead of {pile.last}")
    return odd
