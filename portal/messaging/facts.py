"""What a mail says, derived when it is sent: from the event, and from the delivery as it is."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from django.conf import settings
from django.utils.translation import gettext as _

from portal.access import FOLLOW, MANAGE, issue_link, url_of
from portal.customers import words
from portal.door import left_outside, takes_longer
from portal.messaging.calendars import Entry
from portal.not_me import not_me_url
from portal.pickup import kept_until, point_lines, point_of, waits
from scheduling.models import Booking, Delivery, Event, PickupPoint
from scheduling.selectors.shopper import orders_of
from scheduling.statements import NUMBER, Instances

DIVERTED: Final = "delivery.diverted"
AT_THE_DOOR: Final = frozenset({"booking.confirmed", "booking.moved", "promise.narrowed"})

_BOOKING: Final = Instances(
    lambda delivery: Booking.objects.filter(delivery=delivery).select_related(
        "delivery", "stop__route__shift__plan__depot", "stop__pickup_point__depot"
    ),
    NUMBER,
)


@dataclass(frozen=True, slots=True)
class When:
    """A window as it is read: a local day and local hours."""

    day: str
    hours: str
    short_day: str


@dataclass(frozen=True, slots=True)
class MailFacts:
    """All that the mails about one delivery need; what does not apply is empty."""

    shop: str
    shop_url: str
    orders: tuple[str, ...]
    added: str
    goods: str
    name: str
    when: When
    before: When | None
    address: tuple[str, ...]
    price: str
    difference: str
    dearer: bool
    cancelled: bool
    changeable: bool
    change_until: str
    narrowing: str
    door: tuple[str, ...]
    waits: str
    point: str
    point_name: str
    kept: str
    kept_short: str
    manage_url: str
    follow_url: str
    not_me_url: str

    @property
    def order(self) -> str:
        """Return the numbers of its orders within a sentence: 10482 and 10483."""
        return words.listed(list(self.orders))

    @property
    def order_line(self) -> str:
        """Return Order 10482, or Orders 10482 and 10483."""
        return words.orders(list(self.orders))


def facts_of(event: Event, delivery: Delivery, *, now: datetime) -> MailFacts:
    """Return what the mail about `event` says, in the active language, links included.

    The window is the event's own, so that a mail that was held up still says what it is about.
    """
    booking, data = booking_of(delivery), event.data
    zone, manage = zone_of(booking), issue_link(delivery=delivery, kind=MANAGE, now=now)
    point = point_meant(event, booking)
    difference = int(data.get("price_difference_minor", 0))
    currency = str(data.get("currency", booking.currency))
    return MailFacts(
        shop=delivery.merchant.name,
        shop_url=f"{settings.PUBLIC_URL}/s/{delivery.merchant.slug}/",
        orders=tuple(orders_of(delivery)),
        added=str(data.get("order", "")),
        goods=words.load(delivery.parcel_count, delivery.load_g),
        name=delivery.contact_name,
        when=_when(*window_of(event, booking), zone),
        before=_before(data, zone),
        address=point_lines(point) if point else address_lines(delivery),
        price=words.money(int(data.get("price_minor", booking.price_minor)), currency),
        difference=words.money(abs(difference), currency) if difference else "",
        dearer=difference > 0,
        cancelled=booking.state == Booking.State.CANCELLED,
        changeable=booking.state == Booking.State.BOOKED and now < booking.change_until_at,
        narrowing=_narrowing(event, booking),
        door=() if point else door_sentences(delivery),
        waits=waits(booking, zone) if point else "",
        point_name=point.name if point else "",
        kept=_kept(booking, zone) if point else "",
        kept_short=words.short_day(kept_until(booking, zone)) if point else "",
        point=str(data.get("pickup_point", {}).get("name", "")),
        change_until=words.long_moment(booking.change_until_at.astimezone(zone)),
        manage_url=url_of(manage),
        follow_url=url_of(issue_link(delivery=delivery, kind=FOLLOW, now=now)),
        not_me_url=not_me_url(manage),
    )


def point_meant(event: Event, booking: Booking) -> PickupPoint | None:
    """Return the pickup point that an event is about: none where it speaks of a time at the door.

    What was said about other times, and what is about no time, is about where it goes now.
    """
    present = point_of(booking)
    if event.kind == DIVERTED and present is not None:
        return present if present.external_id == event.data.get("pickup_point", {}).get("ref") else None
    return None if event.kind in AT_THE_DOOR else present


def door_sentences(delivery: Delivery) -> tuple[str, ...]:
    """Return what was said of the door, a sentence each: where it may be left, its minutes, what goes."""
    left = left_outside(delivery.left_at)
    if delivery.safe_place_recalled:
        left += " " + _("That is as last time: the button below takes it off.")
    return tuple(filter(None, [left, takes_longer(delivery.extra_s), _goes_back(delivery)]))


def _goes_back(delivery: Delivery) -> str:
    """Say what must be at hand for an exchange."""
    return _("Have at hand what goes back: the driver takes it in exchange.") if delivery.exchanges else ""


def _noted(delivery: Delivery) -> list[str]:
    """Return what a calendar says of the door: not what is from last time, since calendars are shared."""
    if not delivery.safe_place_recalled:
        return list(door_sentences(delivery))
    return list(filter(None, [takes_longer(delivery.extra_s), _goes_back(delivery)]))


def _kept(booking: Booking, zone: ZoneInfo) -> str:
    """Say until when parcels wait at their pickup point."""
    return _("They wait there until %(day)s.") % {"day": words.long_day(kept_until(booking, zone))}


def _narrowing(event: Event, booking: Booking) -> str:
    """Say what becomes of a flexible window; nothing where a later event already told."""
    flexible = booking.narrows_to_s and not booking.narrowed_at and event.kind != "promise.narrowed"
    return words.narrowing(booking.narrows_to_s) if flexible else ""


def booking_of(delivery: Delivery) -> Booking:
    """Return the delivery's booking, read afresh, with all that leads to its depot. One query."""
    return _BOOKING.get(delivery.pk)


def zone_of(booking: Booking) -> ZoneInfo:
    """Return the zone in which the booking's times are read."""
    return booking.stop.route.shift.plan.depot.zone


def window_of(event: Event, booking: Booking) -> tuple[datetime, datetime]:
    """Return the window that an event is about; the booking's where the event names none."""
    if "opens_at" not in event.data:
        return booking.stop.opens_at, booking.stop.closes_at
    return datetime.fromisoformat(event.data["opens_at"]), datetime.fromisoformat(event.data["closes_at"])


def _before(data: dict[str, Any], zone: ZoneInfo) -> When | None:
    if "from_opens_at" not in data:
        return None
    opens_at, closes_at = data["from_opens_at"], data["from_closes_at"]
    return _when(datetime.fromisoformat(opens_at), datetime.fromisoformat(closes_at), zone)


def _when(opens_at: datetime, closes_at: datetime, zone: ZoneInfo) -> When:
    opens, closes = opens_at.astimezone(zone), closes_at.astimezone(zone)
    return When(day=words.long_day(opens), hours=words.hours(opens, closes), short_day=words.short_day(opens))


def address_lines(delivery: Delivery) -> tuple[str, ...]:
    """Return where we come to, as one writes it on an envelope."""
    at = delivery.address
    lines = (f"{at.line} {at.unit}", f"{at.postcode} {at.city}")
    return tuple(line.strip() for line in lines if line.strip())


def entry_of(event: Event, delivery: Delivery) -> Entry:
    """Return the calendar entry that an event makes or changes."""
    booking = booking_of(delivery)
    opens_at, closes_at = window_of(event, booking)
    return entry(
        delivery,
        opens_at=opens_at,
        closes_at=closes_at,
        sequence=delivery.promises.filter(made_at__lt=event.occurred_at).count(),
        written_at=event.occurred_at,
        point=point_meant(event, booking),
        waits=waits(booking, zone_of(booking)),
    )


def current_entry(delivery: Delivery) -> Entry:
    """Return the calendar entry of a booked delivery as it is now promised."""
    booking, promises = booking_of(delivery), list(delivery.promises.order_by("number"))
    return entry(
        delivery,
        opens_at=booking.stop.opens_at,
        closes_at=booking.stop.closes_at,
        sequence=max(len(promises) - 1, 0),
        written_at=promises[-1].made_at if promises else booking.confirmed_at,
        point=point_of(booking),
        waits=waits(booking, zone_of(booking)),
    )


def entry(
    delivery: Delivery,
    *,
    opens_at: datetime,
    closes_at: datetime,
    sequence: int,
    written_at: datetime,
    point: PickupPoint | None,
    waits: str,
) -> Entry:
    """Return a delivery's calendar entry, in the active language."""
    shop = delivery.merchant.name
    number = delivery.order.number if delivery.order else delivery.ref
    known = {"number": number}
    fetched = delivery.direction == Delivery.Direction.IN
    order = (
        _("Order %(number)s.") % known if point else _("Order %(number)s. We come within this time.") % known
    )
    notes = [order, waits] if point else [order, *_noted(delivery)]
    return Entry(
        uid=f"{delivery.ref.lower()}@doorstep",
        sequence=sequence,
        title=(_("Pickup for %(shop)s") if fetched else _("Delivery from %(shop)s")) % {"shop": shop},
        notes=" ".join(filter(None, notes)),
        place=", ".join(point_lines(point) if point else address_lines(delivery)),
        opens_at=opens_at,
        closes_at=closes_at,
        written_at=written_at,
    )
