"""Orders come in by a list: read whole first, then taken in order by order, each whole, each once."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from itertools import islice
from time import monotonic
from typing import Any, Final, TypeVar
from uuid import UUID

from django.db import IntegrityError
from django.db.models import F, Q
from django.utils.translation import gettext as _

from scheduling.bought import OrderBought
from scheduling.errors import BadFile, PlanBusy
from scheduling.models import Merchant, Order, OrderImport, OrderItem, OrderPayment
from scheduling.order_files import BadOrderLine, OrderRead, orders_in, require_orders
from scheduling.selectors.person import ERASED
from scheduling.services.changes import one_change
from scheduling.services.orders import items_of, payments_of, tell

CHUNK: Final = 200
READ_AT_ONCE: Final = 2_000
AT_ONCE: Final = 400
"""A statement names so many rows at most: SQLite's builds differ in how many they take."""
MOST_SHOWN: Final = 1_000
LEASE: Final = timedelta(minutes=2)
LONGEST: Final = timedelta(days=1)
"""A file names people: whatever holds it up, it is not kept for longer."""
TRIES: Final = 5


@one_change
def begin_import(*, merchant: Merchant, content: bytes, name: str, actor: str, now: datetime) -> OrderImport:
    """Keep a file to be taken in. Raises BadFile where it can't be read as orders at all."""
    encoding = require_orders(content)
    return OrderImport.objects.create(
        merchant=merchant,
        name=name[:120],
        content=content,
        encoding=encoding,
        lines=max(0, content.count(b"\n") - 1),
        made_at=now,
        made_by=actor,
    )


def claim_import(*, now: datetime) -> UUID | None:
    """Take the oldest file that nobody works on, for two minutes; None where there is none."""
    for row in OrderImport.objects.filter(ended_at=None, made_at__lt=now - LONGEST):
        _end(
            row,
            [BadOrderLine(0, _("It could not be taken in within a day. Bring it once more."))],
            1,
            now=now,
        )
    free = Q(leased_until=None) | Q(leased_until__lte=now)
    for pk in (
        OrderImport.objects.filter(free, ended_at=None).order_by("made_at").values_list("pk", flat=True)
    ):
        if OrderImport.objects.filter(free, pk=pk, ended_at=None).update(leased_until=now + LEASE):
            return pk
    return None


def run_import(import_id: UUID, *, now: datetime, seconds: float = 40) -> bool:
    """Read a file, or take in what was read, for so long; return whether it is over.

    Done again, it goes on where it stood: killed at any moment, each order is there whole or not at all. A
    file with a bad line leaves nothing.
    """
    row = OrderImport.objects.select_related("merchant").get(pk=import_id)
    try:
        if row.state == OrderImport.State.READING:
            _read(row, now=now)
        if row.state == OrderImport.State.WRITING:
            return _write(row, now=now, seconds=seconds)
    except BadFile as error:
        _end(row, [BadOrderLine(0, str(error))], 1, now=now)
    return True


def _read(row: OrderImport, *, now: datetime) -> None:
    """Read all of it: with a bad line it is over, and nothing was written."""
    bad: list[BadOrderLine] = []
    bad_count = orders = 0
    for lot in _in_lots(_orders_of(row), READ_AT_ONCE):
        found = [each for order in lot for each in order.bad] + _told_differently(row.merchant, lot)
        bad += found[: MOST_SHOWN - len(bad)]
        bad_count += len(found)
        orders += len(lot)
        _note(row, lines_read=lot[-1].last_line - 1, orders=orders)
    if bad_count:
        _end(row, bad, bad_count, now=now)
    else:
        _note(row, state=OrderImport.State.WRITING)


def _write(row: OrderImport, *, now: datetime, seconds: float) -> bool:
    """Take in what was read, from where it stands; return whether it is over.

    The seconds count from the first chunk, which is always taken in: however long it takes to find back to
    where it stood, each run comes further.
    """
    until = None
    ahead = islice(_orders_of(row), row.orders_done, None)
    for chunk in _in_lots(ahead, CHUNK):
        if until is None:
            until = monotonic() + seconds
        elif monotonic() > until:
            _note(row, leased_until=None)
            return False
        if not _taken_in(row, chunk, now=now):
            return False  # somebody else works on it
    _end(row, [], 0, now=now)
    return True


def _taken_in(row: OrderImport, chunk: Sequence[OrderRead], *, now: datetime) -> bool:
    """Take in some orders; again where the same number was told from elsewhere at that moment."""
    for tries_left in reversed(range(TRIES)):
        try:
            done = _take_in(row.pk, row.merchant, chunk, after=row.orders_done, now=now)
        except (IntegrityError, PlanBusy):
            if not tries_left:
                raise
        else:
            row.refresh_from_db(fields=["orders_done", "state"])
            return done
    raise AssertionError("the last try returns or raises")


@one_change
def _take_in(
    import_id: UUID, merchant: Merchant, chunk: Sequence[OrderRead], *, after: int, now: datetime
) -> bool:
    """Make a chunk's orders and note it, in one transaction; False where another did so before."""
    standing = OrderImport.objects.defer("content").select_for_update().get(pk=import_id)
    if (standing.state, standing.orders_done) != (OrderImport.State.WRITING, after):
        return False
    numbers = [read.number for read in chunk]
    rows = Order.objects.filter(merchant=merchant, number__in=numbers).select_for_update()
    there = {each.number: each for each in rows}
    fresh = [
        (there.get(read.number) or Order(merchant=merchant, number=read.number, created_at=now), read)
        for read in chunk
        if read.number not in there or there[read.number].told_at is None
    ]
    for order, read in fresh:
        tell(order, bought_of(read), read.contact, now=now)
    Order.objects.bulk_create([order for order, _read in fresh if order.number not in there])
    for order, _read in fresh:
        if order.number in there:  # a delivery brought its number before
            order.save()
    OrderItem.objects.bulk_create(
        [item for order, read in fresh for item in items_of(order, bought_of(read))], batch_size=AT_ONCE
    )
    OrderPayment.objects.bulk_create(
        [paid for order, read in fresh for paid in payments_of(order, bought_of(read))], batch_size=AT_ONCE
    )
    OrderImport.objects.filter(pk=import_id).update(
        orders_done=after + len(chunk),
        added=F("added") + len(fresh),
        same=F("same") + len(chunk) - len(fresh),
    )
    return True


def bought_of(read: OrderRead) -> OrderBought:
    """Return what a good order of a file bought."""
    if read.bought is None:
        raise ValueError(f"order of line {read.line} is bad")
    return read.bought


def _told_differently(merchant: Merchant, lot: Sequence[OrderRead]) -> list[BadOrderLine]:
    """Say which orders were told before with other things in them. Two queries for each so many."""
    found = []
    for some in _in_lots(lot, AT_ONCE):
        numbers = [read.number for read in some]
        told = Order.objects.filter(merchant=merchant, number__in=numbers, told_at__isnull=False)
        there = {each.number: each for each in told.prefetch_related("items")}
        found += [
            BadOrderLine(read.line, _("This order was told before, with other things in it."))
            for read in some
            if read.bought is not None and read.number in there and _differs(there[read.number], read.bought)
        ]
    return found


def _differs(order: Order, bought: OrderBought) -> bool:
    """Whether an order holds other things; one whose person was erased holds nothing to compare."""
    items = list(order.items.all())
    if any(item.sku == ERASED for item in items):
        return False
    kept = [(item.sku, item.quantity, item.price_minor) for item in items]
    told = [(item.sku, item.quantity, item.price_minor) for item in bought.items]
    return order.currency != bought.currency or kept != told


def said_of(row: OrderImport) -> str:
    """Say how far an import is, or what came of it."""
    known = {
        "encoding": row.encoding,
        "read": row.lines_read,
        "lines": max(row.lines, row.lines_read),
        "done": row.orders_done,
        "orders": row.orders,
        "added": row.added,
        "same": row.same,
        "bad": row.bad_count,
    }
    sentences = {
        OrderImport.State.READING: _("Reading: %(read)d of about %(lines)d lines."),
        OrderImport.State.WRITING: _("Taking in: %(done)d of %(orders)d orders."),
        OrderImport.State.DONE: _("Read as %(encoding)s: %(added)d orders added, %(same)d as they were."),
        OrderImport.State.REFUSED: _("Nothing was taken in: %(bad)d lines need you."),
    }
    return sentences[OrderImport.State(row.state)] % known


def _orders_of(row: OrderImport) -> Iterator[OrderRead]:
    return orders_in(bytes(row.content), currency=row.merchant.currency)


def _note(row: OrderImport, **values: Any) -> None:
    """Keep how far it is."""
    OrderImport.objects.filter(pk=row.pk).update(**values)
    for name, value in values.items():
        setattr(row, name, value)


def _end(row: OrderImport, bad: Sequence[BadOrderLine], bad_count: int, *, now: datetime) -> None:
    """Say that it is over, and let go of what names people."""
    _note(
        row,
        state=OrderImport.State.REFUSED if bad_count else OrderImport.State.DONE,
        bad=[[each.line, each.reason] for each in sorted(bad, key=lambda one: one.line)],
        bad_count=bad_count,
        content=b"",
        leased_until=None,
        ended_at=now,
    )


T = TypeVar("T")


def _in_lots(those: Iterable[T], size: int) -> Iterator[list[T]]:
    ahead = iter(those)
    while lot := list(islice(ahead, size)):
        yield lot
