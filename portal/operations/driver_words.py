"""A driver's sheet as they read it on the phone. Pure: a sheet in, words out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final
from uuid import uuid4

from django.urls import reverse
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from portal.door import left_words, minutes_more
from portal.notes import code_names, said_of
from portal.operations import driver_door, words
from portal.operations.driver_cards import Asked, Card, CodeRow, ParcelRow
from portal.operations.manifest_words import CodeRead
from portal.operations.story import lines_of
from portal.shift_links import seal_of
from scheduling.facts import EXCHANGE

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import datetime
    from zoneinfo import ZoneInfo

    from portal.models.driving import ShiftLink
    from returns.selectors.fetched import ToFetch
    from scheduling.models import Delivery, Event, Stop
    from scheduling.selectors.sheet import Sheet, SheetStop

EARLY_S: Final = 5 * 60
"""Less than that is on time, for all that a driver can do about it."""
NEEDS: Final[dict[str, Any]] = {
    "signature": gettext_lazy("Have it signed"),
    "age_check": gettext_lazy("Check the age: look at an identity card"),
    "two_people": gettext_lazy("Carry it with two people"),
    "fridge": gettext_lazy("Straight from the cold box to the door"),
    EXCHANGE: gettext_lazy("Take the old back first, then hand over the new"),
}
"""What goods ask for, as the driver reads it before ringing."""


def card(
    link: ShiftLink,
    of: SheetStop,
    sheet: Sheet,
    read: CodeRead | None = None,
    asked: Asked | None = None,
    story: Sequence[Event] = (),
    fetched: ToFetch | None = None,
) -> Card:
    """Return one stop in words; `read` is a code of the next stop that was asked for just now.

    `story` is what happened to its delivery, `fetched` what is to be taken there.
    """
    row, zone, next_one = of.row, sheet.zone, sheet.next
    is_next = next_one is not None and next_one.row.pk == row.pk
    delivery = row.delivery
    lat, lon = _at(row, sheet)
    asked = asked if asked and asked.stop == str(row.pk) else None
    return Card(
        key=row.pk,
        seal=seal_of(link, row.pk),
        story=lines_of(story, zone),
        number=str(of.number) if delivery else "",
        promised=f"{_time(row.opens_at, zone)}–{_time(row.closes_at, zone)}",
        expected=expected(of, zone) if of.to_do else "",
        **_place(row),
        **_goods(of, delivery),
        **driver_door.door(of, asked, fetched),
        codes=_codes(row, read if is_next else None) if is_next else [],
        geo_url=f"geo:{lat},{lon}?q={lat},{lon}",
        map_url=f"https://www.openstreetmap.org/?mlat={lat}&mlon={lon}#map=18/{lat}/{lon}",
        rest=delivery is None,
        at_point=row.pickup_point is not None,
        arrived=_time(row.arrived_at, zone) if row.arrived_at else "",
        outcome=capfirst(str(of.attempt.get_outcome_display())) if of.attempt else "",
        done_at=_time(row.done_at, zone) if row.done_at else "",
        to_do=of.to_do,
        next=is_next,
        asked=asked,
    )


def expected(of: SheetStop, zone: ZoneInfo) -> str:
    """Say when it is expected, and how early or late that is for its promise."""
    if of.expected is None:
        return ""
    at = of.expected.at
    said = _("expected %(time)s") % {"time": _time(at, zone)}
    if at > of.row.closes_at:
        late = ngettext("%(count)d min late", "%(count)d min late", _minutes(at, of.row.closes_at))
        return f"{said}, {late % {'count': _minutes(at, of.row.closes_at)}}"
    if (of.row.opens_at - at).total_seconds() > EARLY_S:
        early = ngettext("%(count)d min early", "%(count)d min early", _minutes(of.row.opens_at, at))
        return f"{said}, {early % {'count': _minutes(of.row.opens_at, at)}}"
    return said


def _minutes(later: datetime, earlier: datetime) -> int:
    return max(1, round((later - earlier).total_seconds() / 60))


def _time(at: datetime, zone: ZoneInfo) -> str:
    return words.clock_time(at.astimezone(zone))


def _at(row: Stop, sheet: Sheet) -> tuple[float, float]:
    if row.pickup_point is not None:
        return row.pickup_point.lat, row.pickup_point.lon
    if row.delivery is not None:
        return row.delivery.address.lat, row.delivery.address.lon
    rest, depot = row.rest, sheet.shift.plan.depot
    if rest is None or rest.lat is None or rest.lon is None:
        return depot.lat, depot.lon
    return rest.lat, rest.lon


def _place(row: Stop) -> dict[str, Any]:
    """Return where a stop is in words."""
    if (point := row.pickup_point) is not None:
        town = f"{point.postcode} {point.city}".strip()
        return {"address": f"{point.name}, {point.line}", "town": town}
    if row.delivery is not None:
        address = row.delivery.address
        line = ", ".join(filter(None, [address.line, address.unit]))
        return {"address": line, "town": f"{address.postcode} {address.city}".strip()}
    kind, place = (
        capfirst(str(row.rest.get_kind_display())) if row.rest else "",
        row.rest.place if row.rest else "",
    )
    said = _("%(rest)s at %(place)s") if place else _("%(rest)s at the depot")
    return {"address": said % {"rest": kind, "place": place}, "town": ""}


def _goods(of: SheetStop, delivery: Delivery | None) -> dict[str, Any]:
    """Return for whom a stop is, what is handed over or collected, and how; of a rest, how long it is."""
    if delivery is None:
        minutes = of.row.rest.minutes if of.row.rest else 0
        nothing: dict[str, Any] = dict.fromkeys(("name", "for_whom", "photo_url"), "")
        nothing |= {"door": [], "said": [], "needs": [], "collects": False}
        return nothing | {"goods": _("%(minutes)d min") % {"minutes": minutes}}
    collects, at_point = delivery.direction == "in", of.row.pickup_point is not None
    order = delivery.order.number if delivery.order else ""
    return {
        "name": delivery.contact_name,
        "goods": goods(delivery),
        "for_whom": " ".join(filter(None, [delivery.merchant.name, order])),
        "door": _door(delivery, at_point=at_point),
        "photo_url": _photo_url(of.row, delivery, at_point=at_point),
        "said": [] if at_point else said_of(getattr(delivery, "access_notes", None)),
        "needs": [str(NEEDS[need]) for need in NEEDS if need in delivery.requirements and not at_point],
        "collects": collects,
    }


def goods(delivery: Delivery) -> str:
    """Return 2 parcels to hand over, or 1 parcel to collect."""
    count = delivery.parcel_count
    if delivery.direction == "in":
        said = ngettext("%(count)d parcel to collect", "%(count)d parcels to collect", count)
    else:
        said = ngettext("%(count)d parcel to hand over", "%(count)d parcels to hand over", count)
    back = delivery.takes_parcels
    if not back:
        return said % {"count": count}
    return f"{said % {'count': count}}, {_('%(count)d to take back') % {'count': back}}"


def _door(delivery: Delivery, *, at_point: bool) -> list[str]:
    if at_point:
        return [_("Pickup point: hand all of it over there")]
    place, more = left_words(delivery.left_at) if delivery.safe_place else "", minutes_more(delivery.extra_s)
    left = [_("May be left: %(place)s") % {"place": place}] if place else []
    return left + ([_("Takes %(minutes)s at the door") % {"minutes": more}] if more else [])


def _photo_url(row: Stop, delivery: Delivery, *, at_point: bool) -> str:
    shown = delivery.safe_place_photo and not at_point
    return reverse("operations:driver-photo", args=[row.pk]) if shown else ""


def _codes(row: Stop, read: CodeRead | None) -> list[CodeRow]:
    if row.delivery is None or row.pickup_point is not None:
        return []
    names = code_names(getattr(row.delivery, "access_notes", None))
    text = {read.code: read.text} if read else {}
    return [CodeRow(code, name, text.get(code, "")) for code, name in names.items()]


def parcels(sheet: Sheet, scanned: Collection[int]) -> list[ParcelRow]:
    """Return what goes on board, last stop first: what is loaded first comes off last."""
    found: list[ParcelRow] = []
    for stop in reversed(sheet.loaded):
        at = _("stop %(number)d") % {"number": stop.number}
        found += [ParcelRow(each.barcode, at, each.pk in scanned) for each in stop.parcels]
    return found


def counted(sheet: Sheet, done: str = "") -> str:
    """Say how far it is: 2 of 5 done, trip 1 of 2. With `done` that stands in for the number."""
    served = len(sheet.served)
    so_far = done or str(served - len(sheet.left))
    said = _("%(done)s of %(count)d done") % {"done": so_far, "count": served}
    if sheet.trips < 2:
        return said
    return f"{said} · " + _("trip %(number)d of %(count)d") % {"number": sheet.trip, "count": sheet.trips}


def fresh_uid() -> str:
    """Return a name for an act that a form without JavaScript sends."""
    return uuid4().hex
