"""From times seen to times booked, for a merchant and a span of days: counted by basket, never by page view.

A basket is what one shopper asks of one shop until they book or leave: the questions, choices and the booking
of one session without a pause of six hours. It counts once, at the moment of its booking, or of its last
step where it has none. So those that booked in a span are exactly the bookings that customers made in it.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Final
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db.models import Count, Q, QuerySet

from scheduling import windows
from scheduling.kinds import NONE, SlotKind
from scheduling.models import Booking, Hold, JoinedOrder, Merchant, Quote

PAUSE: Final = timedelta(hours=6)
"""Longer than anything takes from a question to its booking: offers, holds, late confirmations included."""
MOST_DAYS: Final = 92


class Channel(StrEnum):
    """Where somebody chooses."""

    HOSTED = "hosted"
    WIDGET = "widget"
    API = "api"


STEPS: Final = ("seen", "opened", "chose", "held", "confirmed")


@dataclass(frozen=True, slots=True)
class Figures:
    """How many baskets came how far; each step counts whoever came further."""

    seen: int = 0
    opened: int = 0
    chose: int = 0
    held: int = 0
    confirmed: int = 0

    def __add__(self, other: "Figures") -> "Figures":
        return Figures(*(getattr(self, step) + getattr(other, step) for step in STEPS))


@dataclass(frozen=True, slots=True)
class Funnel:
    """What became of the baskets of a span of local days, both included.

    `channels` counts each basket once; `cells` once for each kind of slot that it met, by channel and kind,
    so that only what was confirmed adds up. `asked` counts baskets with any question, `nothing` those that
    found no time at all. `booked` and `cancelled` are counted from bookings alone, `joined` are orders that
    came with a delivery booked before.
    """

    first: date
    last: date
    channels: Mapping[Channel, Figures]
    cells: Mapping[tuple[Channel, SlotKind], Figures]
    asked: int
    nothing: int
    booked: int
    cancelled: int
    joined: int

    @property
    def total(self) -> Figures:
        """Return all channels together: each basket once."""
        return sum(self.channels.values(), Figures())

    def of_kind(self, kind: SlotKind) -> Figures:
        """Return one kind of slot in all channels together."""
        return sum((found for (_c, each), found in self.cells.items() if each == kind), Figures())


@dataclass(slots=True)
class Basket:
    """What one shopper saw, opened, chose and held; `kind` is what they booked, None where they did not."""

    session: str
    seen: SlotKind = NONE
    opened: SlotKind = NONE
    chose: SlotKind = NONE
    held: SlotKind = NONE
    kind: SlotKind | None = None
    at: datetime | None = None

    def steps(self) -> list[tuple[SlotKind, bool]]:
        """Return for each step the kinds that came so far, and whether the basket itself did."""
        confirmed = self.kind if self.kind is not None else NONE
        done, found, came = NONE, [], False
        for kinds, here in (
            (confirmed, self.kind is not None),
            (self.held, False),
            (self.chose, False),
            (self.opened, False),
            (self.seen, False),
        ):
            done, came = done | kinds, came or here or bool(kinds)
            found.append((done, came))
        return found[::-1]


@dataclass(frozen=True, slots=True)
class Asked:
    """A question."""

    pk: int
    at: datetime
    seen: SlotKind
    opened: SlotKind
    refused: SlotKind


@dataclass(frozen=True, slots=True)
class Held:
    """A time kept; `confirmed_at` is when it was booked, None where it was not."""

    quote_id: int
    at: datetime
    kind: SlotKind
    confirmed_at: datetime | None


def zone_of_shop(merchant: Merchant) -> ZoneInfo:
    """Return the zone of a merchant's days: that of the first depot it sells from. One query."""
    outlet = merchant.outlets.select_related("depot").order_by("-active", "pk").first()
    return outlet.depot.zone if outlet else ZoneInfo(settings.TIME_ZONE)


def funnel_of(*, merchant: Merchant, first: date, last: date, zone: ZoneInfo) -> Funnel:
    """Return what became of a merchant's baskets from one local day to another, both included. Four queries.

    Raises ValueError for days in the wrong order, or more than MOST_DAYS of them.
    """
    if not timedelta(0) <= last - first < timedelta(days=MOST_DAYS):
        raise ValueError(f"from {first} to {last} are not 1 to {MOST_DAYS} days")
    begin, end = windows.midnight(first, zone), windows.midnight(last + windows.DAY, zone)
    within = [one for one in _baskets(merchant, begin, end) if one.at and begin <= one.at < end]
    made = Booking.objects.filter(delivery__merchant=merchant, confirmed_at__gte=begin, confirmed_at__lt=end)
    booked = made.aggregate(all=Count("pk"), off=Count("pk", filter=Q(state=Booking.State.CANCELLED)))
    joined = JoinedOrder.objects.filter(delivery__merchant=merchant, joined_at__gte=begin, joined_at__lt=end)
    return Funnel(
        first=first,
        last=last,
        channels=_by_channel(within),
        cells=_by_kind(within),
        asked=len(within),
        nothing=sum(not one.steps()[0][1] for one in within),
        booked=booked["all"],
        cancelled=booked["off"],
        joined=joined.count(),
    )


def channel_of(session: str) -> Channel:
    """Return where a session chooses, which the beginning of its key says."""
    beginning = session.partition(":")[0] if ":" in session else ""
    return Channel(beginning) if beginning in (Channel.WIDGET, Channel.API) else Channel.HOSTED


def _by_channel(baskets: Iterable[Basket]) -> dict[Channel, Figures]:
    counted: dict[Channel, Counter[str]] = {channel: Counter() for channel in Channel}
    for basket in baskets:
        for step, (_kinds, came) in zip(STEPS, basket.steps(), strict=True):
            counted[channel_of(basket.session)][step] += came
    return {channel: Figures(**steps) for channel, steps in counted.items()}


def _by_kind(baskets: Iterable[Basket]) -> dict[tuple[Channel, SlotKind], Figures]:
    counted: dict[tuple[Channel, SlotKind], Counter[str]] = defaultdict(Counter)
    for basket in baskets:
        channel = channel_of(basket.session)
        if basket.kind == NONE:  # booked before kinds were kept
            counted[channel, NONE].update(STEPS)
        for step, (kinds, _came) in zip(STEPS, basket.steps(), strict=True):
            for kind in kinds:
                counted[channel, kind][step] += 1
    return {cell: Figures(**steps) for cell, steps in counted.items()}


def _baskets(merchant: Merchant, begin: datetime, end: datetime) -> Iterator[Basket]:
    """Yield all baskets of the sessions that may have one between two instants. Two queries."""
    # A move is no sale: what asks for a delivery that is booked already is left out.
    quotes = Quote.objects.filter(merchant=merchant, delivery=None, asked_at__lt=end + PAUSE)
    sessions = quotes.filter(asked_at__gte=begin - PAUSE, asked_at__lt=end).values("session_key")
    quotes = quotes.filter(session_key__in=sessions)
    asked, held = _asked(quotes), _held(Hold.objects.filter(quote__in=quotes.values("pk")))
    for session, questions in asked.items():
        yield from baskets_of(session, questions, held.get(session, ()))


def _asked(quotes: QuerySet[Quote]) -> dict[str, list[Asked]]:
    found: dict[str, list[Asked]] = defaultdict(list)
    rows = quotes.values_list("session_key", "pk", "asked_at", "kinds_seen", "kinds_opened", "kinds_refused")
    for session, pk, at, seen, opened, refused in rows.iterator():
        found[session].append(Asked(pk, at, SlotKind(seen), SlotKind(opened), SlotKind(refused)))
    return found


def _held(holds: QuerySet[Hold]) -> dict[str, list[Held]]:
    found: dict[str, list[Held]] = defaultdict(list)
    rows = holds.values_list(
        "session_key", "quote_id", "placed_at", "kind", "state", "delivery__booking__confirmed_at"
    )
    for session, quote_id, at, kind, state, confirmed_at in rows.iterator():
        booked_at = confirmed_at if state == Hold.State.CONFIRMED else None
        found[session].append(Held(quote_id, at, SlotKind(kind), booked_at))
    return found


def baskets_of(session: str, questions: Iterable[Asked], holds: Iterable[Held]) -> Iterator[Basket]:
    """Yield a session's baskets: a booking or a pause ends one, and each booking ends one of its own."""
    holds, by_pk = list(holds), {one.pk: one for one in questions}
    steps: list[tuple[datetime, int, Asked | Held]] = [(one.at, 0, one) for one in by_pk.values()]
    steps += [(one.at, 1, one) for one in holds]
    steps += [(one.confirmed_at, 2, one) for one in holds if one.confirmed_at]
    basket = Basket(session)
    for at, order, step in sorted(steps, key=lambda each: each[:2]):
        if basket.at and order < 2 and at - basket.at >= PAUSE:
            yield basket
            basket = Basket(session)
        basket.at = at
        if isinstance(step, Asked):
            _see(basket, step)
            continue
        # The page from which it was kept may be one of a basket that was booked before.
        if step.quote_id in by_pk:
            _see(basket, by_pk[step.quote_id])
        basket.chose, basket.held = basket.chose | step.kind, basket.held | step.kind
        if order == 2:
            basket.kind = step.kind
            yield basket
            basket = Basket(session)
    if basket.at:
        yield basket


def _see(basket: Basket, asked: Asked) -> None:
    basket.seen, basket.opened = basket.seen | asked.seen, basket.opened | asked.opened
    basket.chose |= asked.refused
