"""What a customer can do once it is delivered: say how it was, tell a problem, send it back, order again.

Only what is really there, in this order; and by law, to withdraw from the contract.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from django.urls import reverse
from django.utils.translation import gettext as _

from portal.customers import words
from portal.customers.returns_words import standing_of
from portal.customers.rows import Change
from returns.selectors.shown import return_fetched_by, returns_to
from returns.selectors.withdrawable import may_withdraw, withdrawable_until
from scheduling.phases import AFTERWARDS, SERVED

if TYPE_CHECKING:
    from datetime import datetime

    from portal.models import AccessLink
    from returns.models import Return
    from scheduling.models import Booking, Delivery

ORDER: Final = "{order}"


@dataclass(frozen=True, slots=True)
class Withdrawing:
    """Until when one may withdraw, and where."""

    sentence: str
    url: str


def afterwards(link: AccessLink, booked: Booking, phase: str) -> list[Change]:
    """Return what can be done now. One query once it is over, none before; one for what fetches a return."""
    delivery = booked.delivery
    found = return_fetched_by(link.delivery) if delivery.fetches else None
    fetched = [_to(link, found)] if found else []
    if delivery.direction == delivery.Direction.IN or phase not in (*SERVED, *AFTERWARDS):
        return fetched
    made = fetched + [_to(link, each) for each in returns_to(link.delivery)]
    if phase not in SERVED:
        return made
    return [*_feedback(link.delivery), *_problem(link.delivery), *made, _back(link), *_again(link.delivery)]


def _to(link: AccessLink, of: Return) -> Change:
    standing = standing_of(of)
    url = reverse("customers:returned", args=[link.delivery.ref, of.ref])
    return Change(_("Return %(number)s") % {"number": of.ref}, str(standing.word), url)


def _back(link: AccessLink) -> Change:
    url = reverse("customers:return", args=[link.delivery.ref])
    return Change(_("Send something back"), _("We pick it up, or you bring it to a point"), url)


def _feedback(delivery: Delivery) -> list[Change]:
    url = _page_of(delivery, "feedback_url")
    return (
        [Change(_("How was it?"), _("Tell %(shop)s") % {"shop": delivery.merchant.name}, url)] if url else []
    )


def _problem(delivery: Delivery) -> list[Change]:
    shop = delivery.merchant
    if not shop.contact_email:
        return []
    subject = _("Order %(number)s: something is not right") % {"number": _number(delivery)}
    url = f"mailto:{shop.contact_email}?subject={quote(subject)}"
    return [Change(_("Something is not right"), _("Write to %(shop)s") % {"shop": shop.name}, url)]


def _again(delivery: Delivery) -> list[Change]:
    url = _page_of(delivery, "again_url")
    name = {"shop": delivery.merchant.name}
    return [Change(_("Order again"), _("At %(shop)s") % name, url)] if url else []


def _page_of(delivery: Delivery, name: str) -> str:
    """Return a page of the shop's own, about this order where it asks for that."""
    brand = getattr(delivery.merchant, "brand", None)
    return str(getattr(brand, name, "")).replace(ORDER, quote(_number(delivery), safe=""))


def _number(delivery: Delivery) -> str:
    return delivery.order.number if delivery.order else delivery.ref


def withdrawal(booked: Booking, *, now: datetime) -> Withdrawing | None:
    """Return where to withdraw while the period for that runs, before the goods have come, too. No query."""
    if not may_withdraw(booked, now=now):
        return None
    last = withdrawable_until(booked)
    sentence = _("By law you may withdraw within 14 days of getting it, without a reason.")
    if last is not None:
        sentence = _("By law you may withdraw until %(day)s, without a reason.") % {
            "day": words.long_day(last)
        }
    return Withdrawing(sentence, reverse("customers:withdraw", args=[booked.delivery.ref]))
