"""Orders, rules and questions by lot; a reader who knows nothing but the page; what the portal decides.

Runs within a portal's settings: see policies.py.
"""

import html
import re
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Any

from django.db import transaction
from django.test import Client

from returns.errors import NotAllowed
from returns.models import Return
from returns.reasons import CONDITIONS, METHODS, REASONS, RESOLUTIONS, SHOPS_FAULT
from returns.services.policies import check_wishes, publish
from returns.services.requests import Wish, request_return
from scheduling.bought import ItemBought, OrderBought
from scheduling.models import Attempt, Booking, Delivery, Order
from scheduling.services.orders import record_order
from tests.factories import NOW, make_booking, make_network, some_contact

CATEGORIES, SKUS, TAGS, COUNTRIES = ("kitchen", "clothes", "food"), ("A", "B"), ("new", "sale"), ("FI", "SE")
PER_VERSION = 10
WITHIN = re.compile(r"You can send it back within (\d+) days? of (your order|its delivery)\.")
HOLIDAY = re.compile(r"What you order from (.+) to (.+), you can send back until (.+) at least\.")
FAULT = re.compile(r"At fault: within (\d+) days? of (your order|its delivery) in any case \((.+)\)\.")
LIST = re.compile(r"(For these reasons|In this condition|We ask for a photo where you say|You get): (.+)\.")
MOST = re.compile(r"No more than (\d+) things? of an order, those at fault left out\.")
OFTEN = re.compile(r"If you sent something back (\d+) times? or more within a year\.")
PRICE = re.compile(r"(.+): (?:€([0-9,]+)\.([0-9]{2})|free)\.")
ABOUT = ("Of these", "These", "Marked", "Delivered", "Costs", "Reduced", "Free where")
AT_FAULT = ("not_as_described", "wrong_item", "damaged", "faulty")
CLOSED = ("It cannot be sent back.", "It is sold without a way back.")
SWAPS_GIVEN = "Only what you get something else for is swapped."
GIVEN = {"exchange", "replacement"}


@dataclass
class Told:
    """A rule as it stands on the page."""

    often: int = 0
    closed: bool = False
    days: int | None = None
    starts: str = ""
    holidays: list[tuple[str, str, str]] = field(default_factory=list)
    fault_days: int | None = None
    faults: set[str] = field(default_factory=set)
    lists: dict[str, set[str]] = field(default_factory=dict)
    most: int | None = None
    fees: dict[str, int] = field(default_factory=dict)
    swaps_given: bool = False


def compare(seed: int, orders: int, asked: int) -> dict[str, Any]:
    """Generate orders and questions; return how often page and decision differ, and what got through."""
    chance = Random(f"policies {seed}")
    booking = make_booking(make_network())
    shop, delivery = booking.delivery.merchant, _delivered(booking)
    visitor = Client(SERVER_NAME="127.0.0.1", headers={"X-Forwarded-Proto": "https"})
    found: dict[str, Any] = {
        "orders": 0,
        "asked": 0,
        "allowed": 0,
        "through": 0,
        "versions": 0,
        "differences": [],
    }
    for number in range(orders):
        if number % PER_VERSION == 0:
            publish(merchant=shop, rules=_rules(chance), seen=found["versions"], actor="proof", now=NOW)
            found["versions"] += 1
        order, when = _order(chance, shop, delivery, number), _days(chance, delivery)
        page = _page(visitor, shop.slug, order, delivery)
        told = _read(page)
        found["orders"] += 1
        for _n in range(asked):
            _ask(chance, order, delivery, told, when, found)
    return found


def _ask(
    chance: Random, order: Order, delivery: Delivery, told: list[Told], when: tuple[date, date], found: Any
) -> None:
    """Ask for one combination; note where the answer is not what the page says."""
    item = order.items.get()
    keeps = chance.random() < 0.15
    wish = Wish(
        item.ref,
        chance.randint(1, item.quantity),
        chance.choice(list(REASONS)),
        "keep" if keeps else chance.choice(list(RESOLUTIONS)),
        condition=chance.choice(["", *CONDITIONS]),
        wanted_sku="B",
        photos=chance.randint(0, 1),
    )
    method = chance.choice(["pickup", "dropoff", "swap", "pickup", "dropoff", "none"])
    expected = _decided(told, wish, method, when)
    try:
        decided = check_wishes(order, delivery, [wish], method, NOW)
    except NotAllowed:
        decided = None
    found["asked"] += 1
    found["allowed"] += decided is not None
    if decided != expected:
        found["differences"].append(f"{wish} by {method}: told {expected}, decided {decided}")
    if expected is None and _gets_through(order, delivery, wish, method):
        found["through"] += 1


def _gets_through(order: Order, delivery: Delivery, wish: Wish, method: str) -> bool:
    try:
        with transaction.atomic():
            request_return(order.pk, [wish], actor="proof", now=NOW, delivery=delivery, method=method)
            transaction.set_rollback(True)
    except NotAllowed:
        return False
    return True


# The reader: knows the page, the calendar, and whose fault a reason is; nothing of the rules' code.


def _decided(told: list[Told], wish: Wish, method: str, when: tuple[date, date]) -> int | None:
    """Return the fee that the page leads one to expect; None where it says no. Nobody sent back before."""
    rule = next((each for each in told if each.often == 0), None)
    if rule is None:
        return None
    reason, today = str(REASONS[wish.reason]), NOW.astimezone(UTC).date()
    if reason in rule.faults and rule.fault_days is not None:
        if today > when[rule.starts != "your order"] + timedelta(rule.fault_days):
            return None
    elif not _open(rule, wish, reason, when, today):
        return None
    if str(RESOLUTIONS[wish.resolution]) not in rule.lists.get("You get", set()):
        return None
    if reason in rule.lists.get("We ask for a photo where you say", set()) and not wish.photos:
        return None
    if wish.resolution == "keep":
        return 0 if method == "none" else None
    way = str(METHODS[method])
    if way not in rule.fees or (rule.swaps_given and method == "swap" and wish.resolution not in GIVEN):
        return None
    return 0 if wish.reason in SHOPS_FAULT else rule.fees[way]


def _open(rule: Told, wish: Wish, reason: str, when: tuple[date, date], today: date) -> bool:
    if rule.closed or rule.days is None:
        return False
    ordered, delivered = when
    ends = [(ordered if rule.starts == "your order" else delivered) + timedelta(rule.days)]
    ends += [end for holiday in rule.holidays if (end := _holiday_end(holiday, ordered))]
    reasons, conditions = rule.lists.get("For these reasons"), rule.lists.get("In this condition")
    condition = str(CONDITIONS[wish.condition]) if wish.condition else ""
    return (
        today <= max(ends)
        and (reasons is None or reason in reasons)
        and (conditions is None or condition in conditions)
        and (rule.most is None or wish.quantity <= rule.most or wish.reason in AT_FAULT)
    )


def _holiday_end(holiday: tuple[str, str, str], ordered: date) -> date | None:
    """Return until when, where something ordered on a day falls into it, walking the calendar day by day."""
    day = next(
        (ordered - timedelta(n) for n in range(366) if _spelt(ordered - timedelta(n)) == holiday[0]), None
    )
    if day is None:
        return None
    while _spelt(day) != holiday[1]:
        day += timedelta(1)
        if day > ordered and _spelt(day) == holiday[0]:
            return None
    if day < ordered:
        return None
    end = ordered
    while _spelt(end) != holiday[2]:
        end += timedelta(1)
    return end


def _spelt(day: date) -> str:
    return f"{day.day} {day:%B}"


def _read(page: str) -> list[Told]:
    """Read the rules off a page, sentence by sentence; a sentence nobody knows is a fault."""
    return [
        _rule(re.findall(r"<li>(.*?)</li>", part, re.DOTALL))
        for part in re.findall(r"<section[^>]*data-rule>(.*?)</section>", page, re.DOTALL)
    ]


def _rule(lines: list[str]) -> Told:
    rule = Told()
    for line in map(html.unescape, lines):
        if line in CLOSED:
            rule.closed = True
        elif said := WITHIN.fullmatch(line):
            rule.days, rule.starts = int(said[1]), said[2]
        elif said := HOLIDAY.fullmatch(line):
            rule.holidays.append((said[1], said[2], said[3]))
        elif said := FAULT.fullmatch(line):
            rule.fault_days, rule.faults = int(said[1]), set(said[3].split("; "))
            rule.starts = said[2]
        elif said := LIST.fullmatch(line):
            rule.lists[said[1]] = set(said[2].split("; "))
        elif said := MOST.fullmatch(line):
            rule.most = int(said[1])
        elif said := OFTEN.fullmatch(line):
            rule.often = int(said[1])
        elif line == SWAPS_GIVEN:
            rule.swaps_given = True
        elif (said := PRICE.fullmatch(line)) and said[1] in map(str, METHODS.values()):
            rule.fees[said[1]] = int(said[2].replace(",", "")) * 100 + int(said[3]) if said[2] else 0
        elif not line.startswith(
            ("Of these", "These", "Marked", "Delivered", "Costs", "Reduced", "Free where")
        ):
            raise ValueError(f"nobody knows what this means: {line}")
    return rule


# By lot


def _rules(chance: Random) -> list[dict[str, Any]]:
    rules = [_a_rule(chance, f"Rule {number}") for number in range(chance.randint(0, 4))]
    return rules + [_a_rule(chance, "The rest", everything=True)] if chance.random() < 0.8 else rules


def _a_rule(chance: Random, name: str, *, everything: bool = False) -> dict[str, Any]:
    days, methods = chance.choice([0, 5, 10, 14, 30]), chance.choice([["pickup"], ["pickup", "dropoff"]])
    resolutions = _some(chance, list(RESOLUTIONS), least=1)
    if GIVEN & set(resolutions) and chance.random() < 0.5:
        methods = [*methods, "swap"]
    rule: dict[str, Any] = {
        "name": name,
        "days": days,
        "starts": chance.choice(["delivery", "delivery", "order"]),
        "methods": methods,
        "fees_minor": {method: chance.choice([0, 290, 123456]) for method in methods},
        "resolutions": resolutions,
        "photo_for": _some(chance, list(REASONS), least=0),
    }
    maybe = {
        "accepts": False,
        "fault_days": chance.choice([days, 730]),
        "holidays": [chance.choice(HOLIDAYS)],
        "conditions": _some(chance, list(CONDITIONS), least=1),
        "reasons": _some(chance, list(REASONS), least=1),
        "per_order_most": chance.randint(1, 3),
    }
    rule |= {name: value for name, value in maybe.items() if chance.random() < 0.3}
    if everything:
        return rule
    asks = {
        "categories": _some(chance, list(CATEGORIES), least=1),
        "skus": _some(chance, list(SKUS), least=1),
        "tags": _some(chance, list(TAGS), least=1),
        "countries": _some(chance, list(COUNTRIES), least=1),
        "value_from_minor": chance.choice([1, 1290, 5000]),
        "value_below_minor": chance.choice([10_000, 20_000]),
        "discount_from_percent": chance.choice([1, 30, 50]),
        "returns_from": chance.randint(1, 3),
    }
    return rule | {name: asks[name] for name in chance.sample(list(asks), chance.randint(1, 2))}


HOLIDAYS = (
    {"from": "11-15", "to": "12-24", "until": "01-31"},
    {"from": "10-01", "to": "11-20", "until": "12-01"},
    {"from": "12-20", "to": "01-06", "until": "01-31"},
)


def _some(chance: Random, those: list[str], *, least: int) -> list[str]:
    return chance.sample(those, chance.randint(least, len(those)))


def _order(chance: Random, shop: Any, delivery: Delivery, number: int) -> Order:
    price = chance.choice([990, 1290, 5000, 15_000])
    item = ItemBought(
        sku=chance.choice(SKUS),
        name="Thing",
        price_minor=price,
        discount_minor=chance.choice([0, price // 2, price * 2]),
        quantity=chance.randint(1, 4),
        category=chance.choice(CATEGORIES),
        tags=tuple(_some(chance, list(TAGS), least=0)),
        final_sale=chance.random() < 0.2,
    )
    ordered_at = NOW - timedelta(days=chance.randint(0, 45))
    bought = OrderBought(f"P{number}", "EUR", (item,), placed_at=ordered_at)
    order = record_order(
        merchant=shop, bought=bought, contact=some_contact(email=f"p{number}@example.com"), now=NOW
    )
    order.refresh_from_db()
    delivery.address.country = chance.choice(COUNTRIES)
    delivery.address.save()
    return order


def _days(chance: Random, delivery: Delivery) -> tuple[date, date]:
    """Have the latest order delivered some days ago; return when it was ordered, and delivered."""
    order = Order.objects.latest("pk")
    ordered = order.placed_at or NOW
    delivered = min(NOW, ordered + timedelta(days=chance.randint(0, 10)))
    Attempt.objects.filter(delivery=delivery).update(happened_at=delivered)
    return ordered.date(), delivered.date()


def _delivered(booking: Booking) -> Delivery:
    delivery = booking.delivery
    Delivery.objects.filter(pk=delivery.pk).update(state=Delivery.State.DELIVERED)
    at = datetime.now(UTC)
    Attempt.objects.create(
        delivery=delivery, stop=booking.stop, outcome="handed_over", happened_at=at, told_at=at, actor="proof"
    )
    return Delivery.objects.select_related("address", "merchant").get(pk=delivery.pk)


def _page(visitor: Client, slug: str, order: Order, delivery: Delivery) -> str:
    item = order.items.get()
    query: dict[str, Any] = {
        "sku": item.sku,
        "category": item.category,
        "tag": item.tags,
        "price_minor": item.price_minor,
        "discount_minor": item.discount_minor,
        "country": delivery.address.country,
    }
    if item.final_sale:
        query["final_sale"] = "1"
    answer = visitor.get(f"/s/{slug}/returns/", query)
    if answer.status_code != 200 or Return.objects.exists():
        raise RuntimeError(f"the page answered {answer.status_code}")
    return answer.content.decode()
