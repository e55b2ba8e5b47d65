"""What is owed for what comes back: pure arithmetic on whole minor units of one currency.

Minor units are those in which Stripe counts: hundredths, except for the currencies named here. Whatever does
not divide is rounded down for each piece, and the last piece of a line takes the rest, so that the pieces of
an order add up to what was captured for it and never to more.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from scheduling.bought import decimals_of

WHOLE_HUNDREDTHS: Final = frozenset({"ISK", "UGX"})
"""Have no smaller coin any more, and are still counted in hundredths: whole hundreds only.

https://docs.stripe.com/currencies#special-cases, as read in 2026; decimals stand with what was bought.
"""


def step(currency: str) -> int:
    """Return the smallest amount, in minor units, that can be paid: all others are multiples of it."""
    code = currency.upper()
    return 10 if decimals_of(code) == 3 else 100 if code in WHOLE_HUNDREDTHS else 1


def payable(amount_minor: int, currency: str) -> int:
    """Return the most that can be paid of an amount: itself, or a little less; 0 for less than nothing."""
    each = step(currency)
    return max(0, amount_minor) // each * each


@dataclass(frozen=True, slots=True)
class Line:
    """One line of an order and what became of it: `sent` pieces were sent back already, for `given_minor`."""

    paid_minor: int
    quantity: int
    sent: int = 0
    given_minor: int = 0


def paid_by_line(prices_minor: Sequence[int], captured_minor: int | None, currency: str) -> tuple[int, ...]:
    """Return what was paid for each line of an order, which cost `prices_minor` without what was taken off.

    Where less was captured than all lines cost, each bears its share of what was taken off, rounded down; the
    last takes the rest, and hands on what would be more than its price. None captured: nobody told us of a
    payment, and what lines cost is believed.
    """
    total = sum(prices_minor)
    if captured_minor is None or captured_minor >= total:
        return tuple(prices_minor)
    shares = [payable(captured_minor * price // total, currency) for price in prices_minor]
    rest = captured_minor - sum(shares)
    for index in reversed(range(len(shares))):
        more = min(rest, prices_minor[index] - shares[index])
        shares[index] += more
        rest -= more
    return tuple(shares)


def worth(line: Line, quantity: int, currency: str) -> int:
    """Return what was paid for `quantity` more pieces of a line, rounded down; the last takes the rest."""
    if quantity >= line.quantity - line.sent:
        return payable(line.paid_minor - line.given_minor, currency)
    return min(
        quantity * payable(line.paid_minor // line.quantity, currency),
        payable(line.paid_minor - line.given_minor, currency),
    )


def part_of(value_minor: int, quantity: int, count: int, currency: str) -> int:
    """Return what was paid for `count` of some pieces, rounded down for each; `value_minor` was for all."""
    if count >= quantity:
        return value_minor
    return count * payable(value_minor // quantity, currency)


@dataclass(frozen=True, slots=True)
class Judged:
    """Some of a line that came back: `value_minor` was paid for all `quantity`, of which `accepted` count.

    `exchange_minor` is what the things cost that are sent instead; None: as much as what came back.
    `unpaid_minor` is what other returns have not given back of what the line cost; None: all of it.
    """

    value_minor: int
    quantity: int
    accepted: int
    resolution: str = "refund"
    deduction_minor: int = 0
    exchange_minor: int | None = None
    unpaid_minor: int | None = None


@dataclass(frozen=True, slots=True)
class Owed:
    """What a return gives back: for each item in turn, and in all as money and as a credit with the shop."""

    items_minor: tuple[int, ...]
    money_minor: int
    credit_minor: int


def owed_for(item: Judged, currency: str) -> int:
    """Return what is owed for one item, whether as money or as a credit."""
    value = part_of(item.value_minor, item.quantity, item.accepted, currency)
    if item.resolution in ("exchange", "replacement"):
        value -= value if item.exchange_minor is None else min(value, item.exchange_minor)
    value -= item.deduction_minor
    return payable(value if item.unpaid_minor is None else min(value, item.unpaid_minor), currency)


def owed(items: Sequence[Judged], *, fee_minor: int, delivery_minor: int, currency: str) -> Owed:
    """Return what a return gives back in all; its fee is taken off the money first, then off the credit."""
    each = tuple(owed_for(item, currency) for item in items)
    credit = sum(part for part, item in zip(each, items, strict=True) if item.resolution == "credit")
    money = sum(each) - credit + delivery_minor
    from_credit = max(0, fee_minor - money)
    return Owed(each, payable(money - fee_minor, currency), payable(credit - from_credit, currency))


def spread(amount_minor: int, rooms_minor: Sequence[int]) -> tuple[tuple[int, ...], int]:
    """Share an amount among payments that can each give back so much, in turn; return parts and rest."""
    parts = []
    for room in rooms_minor:
        part = min(amount_minor, max(0, room))
        parts.append(part)
        amount_minor -= part
    return tuple(parts), amount_minor


def delivery_back(paid_minor: int, cheapest_minor: int | None) -> int:
    """Return what of the delivery's price is owed to whoever withdraws from the whole contract.

    As Directive 2011/83/EU, article 13, wants it: all of it, but no more than the least expensive standard
    delivery that was offered.
    """
    return paid_minor if cheapest_minor is None else min(paid_minor, cheapest_minor)
