"""Whether, and until when, what a delivery brought may be withdrawn from; and what was stated so far."""

from datetime import date, datetime
from typing import Final

from django.db.models import QuerySet

from returns.deadlines import last_day
from returns.models import Return, Withdrawal
from scheduling.models import Booking, Delivery, Merchant
from scheduling.windows import local_date

RUNS: Final = ("confirmed", "on_board", "delivered", "failed", "at_depot")


def withdrawable_until(booked: Booking) -> date | None:
    """Return the last day on which one may withdraw; None while the goods have not come. No query.

    The booking is loaded with its delivery and all that leads to its depot.
    """
    stop = booked.stop
    if booked.delivery.state != Delivery.State.DELIVERED or stop.done_at is None:
        return None
    return last_day(local_date(stop.done_at, stop.route.shift.plan.depot.zone))


def may_withdraw(booked: Booking, *, now: datetime) -> bool:
    """Whether the period to withdraw runs: before the goods have come, too. No query."""
    delivery = booked.delivery
    if delivery.direction != Delivery.Direction.OUT or delivery.order_id is None or delivery.erased_at:
        return False
    if delivery.state not in RUNS:
        return False
    last = withdrawable_until(booked)
    return last is None or local_date(now, booked.stop.route.shift.plan.depot.zone) <= last


def withdrawn(delivery: Delivery) -> Return | None:
    """Return the newest return that a withdrawal of what a delivery brought led to. One query."""
    rows = Return.objects.filter(delivery=delivery, kind=Return.Kind.WITHDRAWAL)
    return rows.order_by("-pk").first()


def statement(number: int) -> Withdrawal | None:
    """Return one statement, with its return, if it led to one. One query."""
    return Withdrawal.objects.select_related("of", "merchant").filter(pk=number).first()


def due_soon(*, before: datetime) -> list[Return]:
    """Return the returns whose money the law wants back before an instant, of which nobody was reminded."""
    rows = Return.objects.filter(refund_due_at__lt=before, refund_told_at=None, erased_at=None)
    rows = rows.exclude(money__in=[Return.Money.PAID, Return.Money.NOTHING])
    return list(rows.order_by("refund_due_at", "pk"))


def meant_by(merchant: Merchant, *, order_number: str, email: str) -> list[Delivery]:
    """Return the deliveries of an order that go to an e-mail address, newest first. One query."""
    return list(_bringing(merchant, order_number).filter(contact_email__iexact=email.strip()))


def brought_by(merchant: Merchant, *, order_number: str) -> list[Delivery]:
    """Return the deliveries of an order of a shop, to whomever, newest first. For its people. One query."""
    return list(_bringing(merchant, order_number))


def _bringing(merchant: Merchant, order_number: str) -> QuerySet[Delivery]:
    rows = Delivery.objects.filter(merchant=merchant, direction=Delivery.Direction.OUT, erased_at=None)
    rows = rows.filter(order__number__iexact=order_number.strip(), booking__isnull=False)
    return rows.select_related("order").order_by("-pk")


def waiting_for(merchant: Merchant) -> QuerySet[Withdrawal]:
    """Return what was stated to a shop, fits no order, and was not answered: the longest waiting first."""
    rows = Withdrawal.objects.filter(merchant=merchant, unmatched_at__isnull=False, of=None)
    return rows.filter(answered_at=None, erased_at=None).order_by("stated_at", "pk")


def answered_lately(merchant: Merchant, *, since: datetime) -> list[Withdrawal]:
    """Return what fitted no order and was answered since then, newest first. One query."""
    rows = Withdrawal.objects.filter(merchant=merchant, answered_at__gte=since, erased_at=None)
    return list(rows.order_by("-answered_at", "-pk"))
