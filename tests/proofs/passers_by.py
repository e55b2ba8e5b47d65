"""The inside of `privacy`: vans on their day, and customers, their friends and a shop who look everywhere."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from random import Random
from typing import Any

from django.urls import get_resolver

from tests.proofs.strangers import Stranger, _browser, _key, all_routes

NUMBER = re.compile(r"(?<![\d.])-?\d{1,3}\.\d{2,}")
LATS, LONS = (59.0, 61.5), (23.5, 26.5)
"""Around where everything in these days is; other numbers are none of places."""
TRACKING = ("customers:booking", "customers:follow", "api:track")
OF_NOBODY = frozenset({"api-docs", "api-description", "customers:styleguide"})
"""Alike for all who ask, at all times, and slow: asked once."""
STAGES = ("at stop 4", "at stop 3", "next", "at the door", "delivered")
SHORTLY = ("at stop 4", "at stop 3", "delivered")


@dataclass(frozen=True)
class Looker:
    """Somebody who looks, the markers that they may never read, and the place that is theirs to know."""

    who: Stranger
    foreign: frozenset[str]
    home: frozenset[float]


@dataclass
class Found:
    """What was asked and seen. `leaks` are sentences."""

    routes: int = 0
    requests: int = 0
    shown: int = 0
    answered: set[str] = field(default_factory=set)
    leaks: list[str] = field(default_factory=list)


def look_everywhere(seeds: list[int], thorough: bool) -> dict[str, Any]:
    """Have everybody look at every address at every stage of a day, one day for each seed.

    Unless `thorough`, after the first stage only where they were answered then, and where a day is followed.
    """
    found = Found()
    for seed in seeds:
        live_through(Random(f"privacy {seed}"), found, thorough=thorough)
    known = {"days": len(seeds), "routes": found.routes, "requests": found.requests}
    return known | {"shown": found.shown, "answered": len(found.answered), "leaks": found.leaks}


def live_through(chance: Random, found: Found, *, thorough: bool) -> None:
    """Send a van out past seven doors; look at the fifth as the van comes closer, and afterwards."""
    from scheduling import clock
    from tests.on_the_road import a_tour

    clock.set_source(None)
    tour = a_tour(stops=7)
    clock.set_source(lambda: tour.now)
    mark(tour, chance)
    mine = tour.bookings[4]
    lookers = list(lookers_at(tour, mine))
    values = {
        "ref": mine.delivery.ref,
        "merchant": mine.delivery.merchant.slug,
        "depot": tour.route.shift.plan.depot.slug,
        "day": f"{tour.now:%Y-%m-%d}",
        "route": str(tour.route.pk),
    }
    routes = list(all_routes(get_resolver().url_patterns, values))
    found.routes = len(routes)
    for stage in STAGES if thorough else SHORTLY:
        van = drive_to(stage, tour, chance)
        for looker in lookers:
            for route in routes:
                if looks(looker, route.name, stage, found, thorough=thorough):
                    look(looker, route.name, route.path, stage, van, found)


def looks(looker: Looker, name: str, stage: str, found: Found, *, thorough: bool) -> bool:
    """Whether there may be something new to see."""
    if name in OF_NOBODY:
        return not any(name in each for each in found.answered)
    again = thorough or name in TRACKING or f"{looker.who.name} {name}" in found.answered
    return again or stage == STAGES[0]


def mark(tour: Any, chance: Random) -> None:
    """Write a word of its own into all that is known of each delivery, and put each somewhere of its own."""
    for number, booking in enumerate(tour.bookings):
        delivery, word = booking.delivery, f"Zanzibar{number}x"
        said = {"contact_name": word, "contact_email": f"{word.lower()}@{word}.example"}
        said |= {"safe_place": "neighbour", "neighbour_name": word, "neighbour_unit": word}
        type(delivery).objects.filter(pk=delivery.pk).update(**said, safe_place_note=word)
        address = delivery.address
        address.line, address.lat, address.lon = (
            word,
            60.16 + chance.random() / 50,
            24.93 + chance.random() / 50,
        )
        address.save()


def lookers_at(tour: Any, mine: Any) -> Iterator[Looker]:
    """Who manages the fifth delivery, who follows it, the shop's own program."""
    from portal.access import FOLLOW, MANAGE, issue_link, token_of

    words = [f"Zanzibar{number}x" for number in range(len(tour.bookings))]
    home = frozenset({mine.delivery.address.lat, mine.delivery.address.lon})
    others = frozenset(words[:4] + words[5:])
    for kind, foreign, place in ((MANAGE, others, home), (FOLLOW, frozenset(words), frozenset())):
        client = _browser()
        link = issue_link(delivery=mine.delivery, kind=kind, now=tour.now)
        client.get(f"/l/{token_of(link)}/", secure=True)
        yield Looker(Stranger(f"who may {kind}", client), foreign, place)
    key = {"Authorization": f"Bearer {_key(mine.delivery.merchant)[1]}"}
    yield Looker(Stranger("the shop's program", _browser(), key), frozenset(), home)


def drive_to(stage: str, tour: Any, chance: Random) -> tuple[float, float]:
    """Have the van come as far as a stage; return where it is seen, as no page may say it."""
    if stage == "at stop 3":
        tour.serves(0)
    elif stage == "next":
        for number in (1, 2, 3):
            tour.serves(number)
    elif stage == "at the door":
        tour.arrives(4)
    elif stage == "delivered":
        tour.serves(4)
    van = 60.16 + chance.random() / 50, 24.93 + chance.random() / 50
    tour.is_seen(*van)
    return van


def look(looker: Looker, name: str, path: str, stage: str, van: tuple[float, float], found: Found) -> None:
    """Ask once, as a page and as what polls; note what should not be there."""
    polling = {"HX-Request": "true", "HX-Target": "live"}
    for more, query in (({}, ""), (polling, "?v=0.0.0")) if name in TRACKING else (({}, ""),):
        asker = Stranger(looker.who.name, looker.who.client, looker.who.headers | more)
        answer = asker.ask("GET", path + query, found.requests)
        found.requests += 1
        body = b"".join(answer.streaming_content) if answer.streaming else answer.content
        told = body.decode(errors="replace") + " ".join(f"{k}: {v}" for k, v in answer.headers.items())
        if answer.status_code in (200, 286):
            found.answered.add(f"{looker.who.name} {name}")
        for fault in faults_in(told, looker, name, stage, van, found):
            found.leaks.append(f"{looker.who.name} {stage}, {name}: {fault}")


def faults_in(
    told: str, looker: Looker, name: str, stage: str, van: tuple[float, float], found: Found
) -> Iterator[str]:
    """Yield what an answer says and should not: places but one's own and the van's when close, and names."""
    from scheduling.phases import rounded

    close = stage in ("at stop 3", "next") and name in TRACKING
    spot = frozenset(rounded(*van)) if close else frozenset()
    # Where a delivery's day is followed its own place shows beside the van alone.
    known = spot | (looker.home if close or name not in TRACKING else frozenset())
    said = {float(number) for number in NUMBER.findall(told)}
    places = {each for each in said if LATS[0] < each < LATS[1] or LONS[0] < each < LONS[1]}
    found.shown += bool(spot and spot <= places)
    for place in places - known:
        yield f"says {place}"
    for word in looker.foreign:
        if word in told:
            yield "names somebody else"
