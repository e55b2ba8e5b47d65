"""A person is taken out of what is kept; what the routes, the ledger and the money need stays, nobody's.

Erasing changes no window, no arc, no metre, no gram and no price. A place is coarsened only where
no route that is still to be accounted for leads through it.
"""

from collections.abc import Mapping
from datetime import datetime
from secrets import token_hex
from typing import Any, Final

from django.db.models import Exists, Model, OuterRef, Q, QuerySet, Value
from django.db.models.functions import Coalesce

from scheduling import events
from scheduling.errors import DayHasBegun
from scheduling.geocoding.answers import MOST_CHOICES
from scheduling.models import (
    AccessNotes,
    Address,
    Attempt,
    Booking,
    DayPlan,
    Delivery,
    Event,
    GeocodedQuery,
    Hold,
    Order,
    OrderItem,
    Promise,
    Proof,
    Quote,
    Stop,
)
from scheduling.selectors.person import ERASED, NOBODYS, Person, person_behind
from scheduling.services.bookings import cancel_delivery
from scheduling.services.changes import one_change
from scheduling.services.files import give_up_photo, give_up_proofs
from scheduling.services.holds import release_hold

KIND: Final = "delivery.erased"
COARSE: Final = 2
"""Digits of a degree that are left of a place: about a kilometre, as a postcode."""
AT_ONCE: Final = 200

BLANK: Final[Mapping[type[Model], Mapping[str, Any]]] = {
    Delivery: {
        "contact_name": "",
        "contact_email": "",
        "contact_phone": "",
        "safe_place_note": "",
        "safe_place_photo": "",
        "neighbour_name": "",
        "neighbour_unit": "",
        "safe_place_kept": False,
        "safe_place_recalled": False,
        "tells_street": False,
    },
    Address: {"line": ERASED, "unit": "", "source": ERASED, "confidence": 0.0, "pin_moved": False},
    Order: {"contact_name": "", "contact_email": "", "contact_phone": ""},
    OrderItem: {
        "sku": ERASED,
        "name": ERASED,
        "category": "",
        "tags": [],
        "size": "",
        "serial_number": "",
        "image_url": "",
    },
    Promise: {"reason": ERASED},
    Attempt: {"to_whom": "", "note": "", "lat": None, "lon": None, "accuracy_m": None},
}
"""What stands in a person's rows afterwards."""
REWRITTEN: Final[Mapping[type[Model], frozenset[str]]] = {
    Address: frozenset({"lat", "lon"}),
    Quote: frozenset({"facts", "facts_digest", "session_key"}),
    Hold: frozenset({"session_key"}),
    Event: frozenset({"data", "last_error"}),
    Attempt: frozenset({"undone_because"}),
    Proof: frozenset({"path", "strokes"}),
}
"""Columns of which a part stays."""
DROPPED: Final = (GeocodedQuery, AccessNotes)
"""Of these a person's rows go altogether."""
SAID: Final = frozenset(
    {
        "hold",
        "opens_at",
        "closes_at",
        "expires_at",
        "from_opens_at",
        "from_closes_at",
        "price_minor",
        "price_difference_minor",
        "currency",
        "collected_by",
        "order",
        "parcels",
        "refs",
        "cause",
        "may_be_left",
        "extra_s",
        "before_extra_s",
        "which",
        "by",
        "outcome",
        "at",
        "answer",
        "date",
        "of",
        "return",
    }
)
"""What events still say afterwards: windows, money, orders' numbers, which code was read. All else goes."""


def claim_person(*, delivery: Delivery, actor: str, now: datetime, alone: bool = False) -> Person:
    """Lock all days of the person behind a delivery, cancel what is still to come, and return what is theirs.

    `alone`: that delivery only, since it grew old. Inside the caller's transaction, before `take_out`. Raises
    DayHasBegun where a van may be under way.
    """
    _lock_days(person_behind(delivery, alone=alone))
    person = person_behind(delivery, alone=alone)
    _cancel(person, actor=actor, now=now)
    Delivery.objects.lock([each.pk for each in person.all])
    return person


def take_out(person: Person, *, actor: str, cause: str, now: datetime) -> None:
    """Take a claimed person out of all rows of scheduling. Once more, nothing changes."""
    rows = Delivery.objects.filter(pk__in=[each.pk for each in person.deliveries], erased_at=None)
    fresh = set(rows.values_list("pk", flat=True))
    _blank(person, now=now)
    for each in person.deliveries:
        if each.pk in fresh:
            events.record(KIND, delivery=each, actor=actor, now=now, data={"cause": cause})


def _lock_days(person: Person) -> None:
    """Lock all days that have a stop of theirs, in one call and one order."""
    stops = Stop.objects.filter(delivery__in=[each.pk for each in person.all])
    DayPlan.objects.lock(stops.values_list("route__shift__plan_id", flat=True))


def _cancel(person: Person, *, actor: str, now: datetime) -> None:
    """Give back what is kept and cancel what is to come, or refuse before anything changed."""
    if any(has_begun(each, now=now) for each in person.deliveries):
        raise DayHasBegun
    for hold in person.holds().filter(state=Hold.State.LIVE):
        release_hold(hold=hold, actor=actor, now=now)
    for each in person.deliveries:
        if is_to_come(each):
            cancel_delivery(delivery=each, actor=actor, now=now)


def is_to_come(delivery: Delivery) -> bool:
    """Whether a delivery, loaded with its day, is booked for a day that is not over."""
    booking: Booking | None = getattr(delivery, "booking", None)
    return (
        booking is not None
        and booking.state == Booking.State.BOOKED
        and booking.stop.route.shift.plan.accounted_at is None
    )


def has_begun(delivery: Delivery, *, now: datetime) -> bool:
    """Whether a van may be under way with it: its shift has begun and is not accounted for."""
    if not is_to_come(delivery):
        return False
    shift = delivery.booking.stop.route.shift
    return now >= shift.starts_at or not shift.plan.allows("cancel") or delivery.state != "confirmed"


def _blank(person: Person, *, now: datetime) -> None:
    """Take them out of every row. Quotes first: they are found by the address."""
    quotes, orders = list(person.quotes().only("facts", "session_key")), person.orders()
    numbers = list(orders.values_list("pk", flat=True))
    _blank_questions(quotes, person.holds())
    _forget_lookups(person)
    _silence(list(person.events().only("data", "last_error")))
    person.promises().exclude(reason="").update(**BLANK[Promise])
    OrderItem.objects.filter(order__in=numbers).update(**BLANK[OrderItem])
    Order.objects.filter(pk__in=numbers).update(**BLANK[Order])
    if person.email:  # also of an order that brings something to somebody else
        told = Order.objects.filter(merchant=person.merchant, contact_email__iexact=person.email)
        told.update(**BLANK[Order])
    _blank_deliveries(person, now=now)
    coarsen_places(person.addresses())


def _blank_deliveries(person: Person, *, now: datetime) -> None:
    mine = Delivery.objects.filter(pk__in=[each.pk for each in person.all])
    AccessNotes.objects.filter(delivery__in=mine).delete()
    photos = set(mine.exclude(safe_place_photo="").values_list("safe_place_photo", flat=True))
    _blank_attempts(Attempt.objects.filter(delivery__in=mine), now=now)
    mine.update(**BLANK[Delivery], erased_at=Coalesce("erased_at", Value(now)))
    for photo in sorted(photos):
        give_up_photo(photo, now=now)
    person.addresses().update(**{name: value for name, value in BLANK[Address].items() if name != "source"})


def _blank_attempts(attempts: QuerySet[Attempt], *, now: datetime) -> None:
    """Take out of what happened at a door who took it, where the driver stood, photos and signatures."""
    give_up_proofs(list(Proof.objects.filter(attempt__in=attempts, removed_at=None)), now=now)
    attempts.exclude(undone_at=None).update(undone_because=ERASED)
    attempts.update(**BLANK[Attempt])


def _blank_questions(quotes: list[Quote], holds: QuerySet[Hold]) -> None:
    """Keep what was asked for and answered, without where and by whom; a basket stays one basket."""
    renamed: dict[str, str] = {}
    for quote in quotes:
        quote.facts = without_person(quote.facts)
        quote.facts_digest, quote.session_key = "", _renamed(quote.session_key, renamed)
    Quote.objects.bulk_update(quotes, ["facts", "facts_digest", "session_key"], batch_size=AT_ONCE)
    kept = list(holds.only("session_key"))
    for hold in kept:
        hold.session_key = _renamed(hold.session_key, renamed)
    Hold.objects.bulk_update(kept, ["session_key"], batch_size=AT_ONCE)


def _renamed(session: str, renamed: dict[str, str]) -> str:
    """Return another key for a session, alike for alike; its beginning says where somebody chose."""
    if ERASED in session:
        return session
    channel, colon, _rest = session.partition(":")
    return renamed.setdefault(session, f"{channel if colon else ''}{colon}{ERASED}-{token_hex(12)}")


def without_person(facts: dict[str, Any]) -> dict[str, Any]:
    """Return a visit's facts without where it goes, to a postcode, and what was said of its door."""
    at = facts["address"]
    place = {"lat": coarse(at["lat"]), "lon": coarse(at["lon"])}
    return {name: value for name, value in facts.items() if name != "safe_place_note"} | {
        "address": at | BLANK[Address] | place
    }


def coarse(degrees: float) -> float:
    """Return degrees of latitude or longitude to about a kilometre."""
    return round(degrees, COARSE)


def _silence(happened: list[Event]) -> None:
    """Leave in events what they say of windows, money and orders."""
    for event in happened:
        event.data = {name: value for name, value in event.data.items() if name in SAID}
        event.last_error = ""
    Event.objects.bulk_update(happened, ["data", "last_error"], batch_size=AT_ONCE)


def _forget_lookups(person: Person) -> None:
    """Forget what geocoders answered about their places: it is kept only to ask less."""
    lines = list({each.address.line for each in person.all} - {ERASED, ""})
    named = Q()
    for place in range(MOST_CHOICES):
        named |= Q(**{f"result__candidates__{place}__line__in": lines})
    if lines:
        GeocodedQuery.objects.filter(named).delete()


def coarsen_places(addresses: QuerySet[Address]) -> int:
    """Coarsen the places of erased deliveries that no route to come leads through; return how many.

    The others wait for the end of their day: a route may drive through where nobody is visited any more.
    """
    waiting = Stop.objects.active().filter(
        delivery__address=OuterRef("pk"), route__shift__plan__accounted_at__isnull=True
    )
    free = Address.objects.filter(pk__in=addresses.values("pk")).exclude(source=ERASED)
    count = 0
    for address in free.exclude(Exists(waiting)):
        address.lat, address.lon, address.source = coarse(address.lat), coarse(address.lon), ERASED
        address.save(update_fields=["lat", "lon", "source"])
        count += 1
    return count


# What grows old


def coarsen_what_waited() -> int:
    """Coarsen the places of erased deliveries whose day is over by now; return how many."""
    return coarsen_places(Address.objects.filter(deliveries__erased_at__isnull=False))


@one_change
def forget_drafts(*, before: datetime, now: datetime) -> int:
    """Take the address out of what was asked for before an instant and never booked; return how many rows."""
    left = Delivery.objects.filter(state__in=NOBODYS, erased_at=None, created_at__lt=before)
    left = left.exclude(holds__state=Hold.State.LIVE).exclude(stops__state=Stop.State.HELD)
    drafts = list(left.order_by("pk").values_list("pk", flat=True)[:AT_ONCE])
    Delivery.objects.filter(pk__in=drafts).update(**BLANK[Delivery], erased_at=now)
    places = Address.objects.filter(deliveries__in=drafts)
    places.update(**{name: value for name, value in BLANK[Address].items() if name != "source"})
    coarsen_places(places)
    return len(drafts) + _forget_questions(before=before)


def _forget_questions(*, before: datetime) -> int:
    booked = Delivery.objects.exclude(state__in=NOBODYS).values("pk")
    old = Quote.objects.filter(asked_at__lt=before).exclude(facts_digest="")
    old = old.exclude(Q(delivery__in=booked) | Q(holds__delivery__in=booked) | Q(bookings__isnull=False))
    quotes = list(old.only("facts").order_by("pk")[:AT_ONCE])
    for quote in quotes:
        quote.facts, quote.facts_digest = without_person(quote.facts), ""
    Quote.objects.bulk_update(quotes, ["facts", "facts_digest"])
    return len(quotes)


def grown_old(*, before: datetime, limit: int = AT_ONCE) -> list[Delivery]:
    """Return deliveries that name somebody though their visit was to end before an instant, oldest first."""
    over = Q(booking__state=Booking.State.CANCELLED)
    over |= Q(booking__stop__route__shift__plan__accounted_at__isnull=False)
    rows = Delivery.objects.filter(over, erased_at=None, booking__stop__closes_at__lt=before)
    return list(rows.order_by("pk")[:limit])


def forget_lookups(*, before: datetime) -> int:
    """Forget what geocoders answered before an instant; return how many answers."""
    count, _each = GeocodedQuery.objects.filter(looked_up_at__lt=before).delete()
    return int(count)
