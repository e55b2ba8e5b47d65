"""Who comes when and does what: settled before the first of them comes, so that slow answers delay nobody.

A rate counts quotes: pages of times, each of which asks the routes. Whoever looks opens a shop's first page,
types an address, and looks at two pages of times. Every tenth quote is of somebody who then keeps a time, in
place of the one they kept before; few people do that again and again, so that the town does not fill up.
"""

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil
from pathlib import Path
from random import Random

SHOPS = ("nordkaupa", "aamupuoti")
"""Of the demo's shops, those that sell what fits in a bag."""

ADDRESSES = Path(__file__).resolve().parent.parent / "demo" / "data" / "helsinki-addresses.csv"
HOLDING = 0.1
"""The share of the quotes after which a time is kept."""

ROUND_S = 9.0
"""So often somebody keeps another time: well under what one browser may in five minutes (portal.limits)."""

WARM_UP_S = ROUND_S + 2
"""So long before what is measured they begin to come: who looks takes no longer."""

QUOTES_OF_A_LOOK = 2


@dataclass(frozen=True, slots=True)
class Step:
    """One request of a visitor: open, address, quote, hold or check, `at_s` after measuring begins."""

    at_s: float
    name: str


@dataclass(frozen=True, slots=True)
class Visitor:
    """One browser in a network of its own, at one shop, with one address."""

    number: int
    shop: str
    address: str
    steps: tuple[Step, ...]

    @property
    def network(self) -> str:
        """An address of the visitor's own network."""
        return f"10.{self.number // 256 % 256}.{self.number % 256}.9"


def visitors(*, rate: float, seconds: float, seed: int) -> list[Visitor]:
    """Return who comes, in the order in which they do. Nobody does anything after `seconds`."""
    random = Random(f"{seed} visitors")  # noqa: S311 - the same people every time
    holders = [_holding(random, seconds) for _ in range(ceil(rate * HOLDING * ROUND_S))]
    looks = [_looking(random, at_s) for at_s in _arrivals(random, rate, seconds)]
    walks = sorted(
        (tuple(step for step in walk if step.at_s < seconds) for walk in holders + looks), key=_begin
    )
    places = addresses()
    random.shuffle(places)
    return [
        Visitor(number, random.choice(SHOPS), places[number % len(places)], steps)
        for number, steps in enumerate(walks)
    ]


def addresses() -> list[str]:
    """Return the town's addresses as people type them."""
    with ADDRESSES.open(newline="", encoding="utf-8") as file:
        return [
            f"{row['street']} {row['number']}, {row['postcode']} {row['city']}"
            for row in csv.DictReader(file)
        ]


def _begin(steps: Sequence[Step]) -> float:
    return steps[0].at_s


def _arrivals(random: Random, rate: float, seconds: float) -> list[float]:
    """Return when people who look arrive: so many, independently of each other and of how busy we are."""
    count = round(rate * (1 - HOLDING) / QUOTES_OF_A_LOOK * (WARM_UP_S + seconds))
    return [random.uniform(-WARM_UP_S, seconds) for _ in range(count)]


def _looking(random: Random, at_s: float) -> list[Step]:
    """One visit of somebody who looks, a second or two at each page."""
    steps = []
    for name in ("open", "address", *["quote"] * QUOTES_OF_A_LOOK):
        steps.append(Step(at_s, name))
        at_s += random.uniform(0.5, 2.0)
    return steps


def _holding(random: Random, seconds: float) -> list[Step]:
    """One visit of somebody who keeps one time after the other."""
    at_s = -WARM_UP_S + random.uniform(0, 1)
    steps = [Step(at_s, "open"), Step(at_s + 0.5, "address")]
    at_s += 1 + random.uniform(0, ROUND_S)
    while at_s < seconds:
        steps += [Step(at_s, "quote"), Step(at_s + 1, "hold"), Step(at_s + 2, "check")]
        at_s += ROUND_S
    return steps
