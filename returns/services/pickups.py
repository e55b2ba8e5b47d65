"""A pickup is a delivery with direction in: quoted, kept, booked, moved and cancelled as deliveries are.

An exchange at the door is one with direction out that takes something back.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final, TypedDict

from returns.errors import NotForPickup, ReturnChanged
from returns.models import Return, ReturnItem
from returns.reasons import FETCHED
from returns.services.exchanges import HAND_OVER_S, given_for, order_given
from returns.services.requests import lock_return, told
from scheduling.errors import AddressNeeded, HoldEnded
from scheduling.facts import EXCHANGE, MOST_G, MOST_ML, MOST_PARCELS, AddressFacts, Contact, VisitFacts
from scheduling.models import Address, Booking, Delivery, Hold
from scheduling.services.bookings import cancel_delivery, confirm_hold
from scheduling.services.changes import one_change

HEAVY_G: Final = 25_000
"""From so many grams on one piece is carried by two people, whatever its customer says of it."""
UNKNOWN_G: Final = 1_000
UNKNOWN_ML: Final = 5_000
"""What one piece is taken for where nobody told us its weight, and no delivery of ours brought it."""
TWO_PEOPLE: Final = "two_people"


@dataclass(frozen=True, slots=True)
class Way:
    """How one kind of pickup goes: seconds at the door, more for each piece, what is a parcel."""

    service_s: int
    piece_s: int
    by_piece: bool
    requirements: tuple[str, ...] = ()


WAYS: Final[dict[str, Way]] = {
    "boxed": Way(service_s=120, piece_s=0, by_piece=False),
    # The driver counts, packs and labels at the door.
    "labelless": Way(service_s=180, piece_s=30, by_piece=False),
    "bulky": Way(service_s=300, piece_s=180, by_piece=True, requirements=(TWO_PEOPLE,)),
}


def kind_of(ret: Return) -> str:
    """Return how it is fetched: as its customer says, but heavy pieces always by two. One query."""
    items = list(ret.items.select_related("item"))
    return "bulky" if any((each.item.weight_g or 0) >= HEAVY_G for each in items) else ret.pickup_kind


def facts_for(
    ret: Return, *, safe_place: str = "", safe_place_note: str = "", address: AddressFacts | None = None
) -> VisitFacts:
    """Return the visit that fetches a return: where its goods were brought to, unless `address` says else.

    An exchange at the door is a visit that brings, and takes back. `safe_place`: where its customer leaves it
    outside for the driver. Three queries. Raises AddressNeeded where nobody said where to come, NeedsSomebody
    for goods that are never left outside, and for an exchange.
    """
    items = list(ret.items.select_related("item"))
    brought = ret.delivery
    address = address or _address_of(brought)
    way, bought = WAYS[kind_of(ret)], _bought(ret)
    pieces = sum(each.quantity for each in items)
    fetched = VisitFacts(
        address=address,
        **_carried(items, brought, bought, way),
        service_s=way.service_s + way.piece_s * min(pieces, 10),
        direction=Delivery.Direction.IN,
        requirements=way.requirements,
        safe_place=safe_place,
        safe_place_note=safe_place_note,
    )
    if ret.method != "swap":
        return fetched
    asked = brought.requirements if brought else ()
    return replace(
        fetched,
        **_carried(given_for(items), brought, bought, way),
        service_s=fetched.service_s + HAND_OVER_S,
        direction=Delivery.Direction.OUT,
        requirements=tuple(dict.fromkeys((*way.requirements, *asked, EXCHANGE))),
        takes_g=fetched.load_g,
        takes_ml=fetched.load_ml,
        takes_parcels=fetched.parcels,
    )


class Carried(TypedDict):
    """What is carried: grams, millilitres, parcels."""

    load_g: int
    load_ml: int
    parcels: int


def _carried(items: Sequence[ReturnItem], brought: Delivery | None, bought: int, way: Way) -> Carried:
    """Return the load of some items, as told item by item, else as a share of what was brought."""
    pieces = sum(each.quantity for each in items)
    share = pieces, bought
    return {
        "load_g": min(_load_g(items, brought, share), MOST_G),
        "load_ml": min(_load_ml(items, brought, share), MOST_ML),
        "parcels": min(pieces, MOST_PARCELS) if way.by_piece else 1,
    }


def _address_of(brought: Delivery | None) -> AddressFacts:
    if brought is None or brought.erased_at is not None:
        raise AddressNeeded
    at: Address = brought.address
    return AddressFacts(
        line=at.line,
        unit=at.unit,
        postcode=at.postcode,
        city=at.city,
        country=at.country,
        lat=at.lat,
        lon=at.lon,
        confidence=at.confidence,
        source=at.source,
        pin_moved=at.pin_moved,
    )


def _bought(ret: Return) -> int:
    """Return how many pieces there were in the order. One query."""
    return max(1, sum(ret.order.items.values_list("quantity", flat=True)))


def _load_g(items: Sequence[ReturnItem], brought: Delivery | None, share: tuple[int, int]) -> int:
    """Return its grams: as told item by item, else the share of what was brought, rounded up."""
    if all(each.item.weight_g is not None for each in items):
        return sum(each.quantity * (each.item.weight_g or 0) for each in items)
    return _of(brought.load_g if brought else None, share, UNKNOWN_G)


def _load_ml(items: Sequence[ReturnItem], brought: Delivery | None, share: tuple[int, int]) -> int:
    return _of(brought.load_ml if brought else None, share, UNKNOWN_ML)


def _of(whole: int | None, share: tuple[int, int], each: int) -> int:
    back, bought = share
    return back * each if whole is None else -(-whole * back // bought)


@one_change
def choose_kind(return_id: int, kind: str, *, version: int | None = None) -> Return:
    """Note how its customer packs a return, before they ask when we come. Raises ReturnChanged."""
    ret = lock_return(return_id, version=version)
    if kind not in WAYS or ret.parcel not in (Return.Parcel.REQUESTED, Return.Parcel.APPROVED):
        raise ReturnChanged
    if ret.pickup_kind != kind:
        ret.pickup_kind = kind
        ret.version += 1
        ret.save(update_fields=["pickup_kind", "version"])
    return ret


@one_change
def book_pickup(return_id: int, hold_token: str, *, actor: str, now: datetime) -> Booking:
    """Have a return fetched at a kept time. Booking the same time twice is booking it once.

    Its caller knows that the hold is its customer's own. Raises ReturnChanged where it may not be fetched
    (any more) or is fetched at another time already, NotForPickup where the hold is for something else,
    HoldEnded, SlotTaken or CutoffPassed as `confirm_hold` does.
    """
    ret = lock_return(return_id)
    hold = Hold.objects.select_related("delivery", "quote").filter(token=hold_token).first()
    if hold is None:
        raise HoldEnded
    if ret.parcel == Return.Parcel.BOOKED and ret.pickup_id == hold.delivery_id:
        return Booking.objects.select_related("delivery", "stop").get(delivery=hold.delivery_id)
    if ret.parcel != Return.Parcel.APPROVED or ret.method not in FETCHED:
        raise ReturnChanged
    _require_meant(hold, ret)
    contact, swaps = _contact(ret), ret.method == "swap"
    number = order_given(ret, contact, now=now) if swaps else ret.order.number
    booking = confirm_hold(hold=hold, contact=contact, order_number=number, actor=actor, now=now)
    ret.pickup = booking.delivery
    ret.swap = booking.delivery if swaps else None
    ret.move(parcel=Return.Parcel.BOOKED)
    ret.save()
    brings = {"brings": number} if swaps else {}
    told(ret, "pickup_booked", now=now, actor=actor, **_when(booking), **brings)
    return booking


def _require_meant(hold: Hold, ret: Return) -> None:
    """Raise NotForPickup unless a hold was placed for this return as it is now, and for no other."""
    facts = VisitFacts.from_json(hold.quote.facts)
    place = facts.safe_place, facts.safe_place_note
    wanted = facts_for(ret, safe_place=place[0], safe_place_note=place[1], address=facts.address)
    fits = facts.service_s - facts.extra_s == wanted.service_s and all(
        getattr(facts, name) == getattr(wanted, name) for name in CARRIED
    )
    same = facts.direction == wanted.direction and set(wanted.requirements) <= set(facts.requirements)
    if not (fits and same) or hold.delivery.merchant_id != ret.merchant_id or hold.delivery.order_id:
        raise NotForPickup


CARRIED: Final = ("load_g", "load_ml", "parcels", "takes_g", "takes_ml", "takes_parcels")


def _contact(ret: Return) -> Contact:
    return Contact(
        email=ret.contact_email,
        name=ret.contact_name,
        phone=str(ret.contact_phone or ""),
        language=ret.language,
    )


def _when(booking: Booking) -> dict[str, object]:
    stop = booking.stop
    return {
        "delivery": booking.delivery.ref,
        "opens_at": stop.opens_at.isoformat(),
        "closes_at": stop.closes_at.isoformat(),
    }


@one_change
def cancel_pickup(return_id: int, *, actor: str, now: datetime) -> Return:
    """Call a return's pickup off: it may then travel another way. Without a pickup nothing changes.

    Raises TooLateToChange once its driver is there, NotChangeable once it is collected.
    """
    ret = lock_return(return_id)
    if ret.parcel != Return.Parcel.BOOKED or ret.pickup is None:
        return ret
    booking = cancel_delivery(delivery=ret.pickup, actor=actor, now=now)
    called_off(ret, booking, actor=actor, now=now)
    return ret


def called_off(ret: Return, booking: Booking, *, actor: str, now: datetime, because: str = "") -> None:
    """Note on a locked return that nobody comes for it any more."""
    data = _when(booking) | ({"because": because} if because else {})
    ret.pickup = ret.swap = None
    ret.move(parcel=Return.Parcel.APPROVED)
    ret.save()
    told(ret, "pickup_cancelled", now=now, actor=actor, **data)
