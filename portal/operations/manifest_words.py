"""A route's stops as whoever drives it reads them. Pure: a manifest in, words out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from portal.door import left_words, minutes_more
from portal.notes import Said, code_names, said_of
from portal.operations import words
from scheduling.ways_in import CODES

if TYPE_CHECKING:
    from collections.abc import Mapping
    from zoneinfo import ZoneInfo

    from scheduling.models import AccessRead
    from scheduling.selectors.manifest import ManifestStop


@dataclass(frozen=True, slots=True)
class CodeRead:
    """A code that was asked for just now. Only ever in the answer to that."""

    code: str
    text: str


@dataclass(frozen=True, slots=True)
class CodeRow:
    """A code that is kept: `text` only where it was asked for just now, `ask` where it may be asked for."""

    key: str
    name: str
    text: str
    ask: bool


@dataclass(frozen=True, slots=True)
class SheetStop:
    """One stop in large type. At a rest there is a place, and how long."""

    key: int
    number: str
    time: str
    promised: str
    name: str
    phone: str
    address: str
    town: str
    goods: str
    for_whom: str
    door: list[str]
    photo_of: str
    said: list[Said]
    codes: list[CodeRow]
    next: bool


@dataclass(frozen=True, slots=True)
class Language:
    """A language to read the sheet in."""

    code: str
    name: str
    current: bool


@dataclass(frozen=True, slots=True)
class ReadRow:
    """Who looked at a code, when, and whose."""

    at: str
    code: str
    who: str
    address: str
    delivery: str
    vehicle: str


def stop(of: ManifestStop, read: CodeRead | None) -> SheetStop:
    """Return one stop; `read` is a code of the next stop that was asked for just now."""
    at = of.at
    return SheetStop(
        key=at.key,
        number=str(at.number) if not at.rest else "",
        time=words.clock_time(at.arrives),
        promised=f"{words.clock_time(at.opens)}–{words.clock_time(at.closes)}",
        name=of.name,
        phone=of.phone,
        address=words.place(at),
        town=f"{of.postcode} {of.city}".strip(),
        goods=goods(of),
        for_whom=" ".join(filter(None, [at.merchant, at.order])),
        door=door(of),
        photo_of=at.ref if at.photo else "",
        said=said_of(of.notes),
        codes=codes(of, read),
        next=of.next,
    )


def goods(of: ManifestStop) -> str:
    """Return 2 parcels, 9 kg; at a rest how long it is."""
    if of.at.rest:
        return _("%(minutes)d min") % {"minutes": of.at.minutes}
    parcels = ngettext("%(count)d parcel", "%(count)d parcels", of.parcels) % {"count": of.parcels}
    return _("%(parcels)s, %(weight)s") % {"parcels": parcels, "weight": words.kg(of.at.load_g)}


def door(of: ManifestStop) -> list[str]:
    """Return where it may be left and how much longer it takes."""
    if of.at.point:
        return [_("Pickup point: hand all of it over there")]
    place, more = left_words(of.at.left_at), minutes_more(of.at.extra_s)
    left = [_("May be left: %(place)s") % {"place": place}] if place else []
    return left + ([_("Takes %(minutes)s at the door") % {"minutes": more}] if more else [])


def codes(of: ManifestStop, read: CodeRead | None) -> list[CodeRow]:
    """Return which codes are kept, with the one that was just asked for."""
    return [
        CodeRow(
            key=code,
            name=name,
            text=read.text if read is not None and of.next and read.code == code else "",
            ask=of.next,
        )
        for code, name in code_names(of.notes).items()
    ]


def read_row(read: AccessRead, names: Mapping[str, str], zone: ZoneInfo) -> ReadRow:
    """Return one look at a code as a row; `names` are people's, by how the log names them."""
    return ReadRow(
        at=words.moment(read.read_at.astimezone(zone)),
        code=str(CODES[read.code]),
        who=names.get(read.actor, read.actor),
        address=read.delivery.address.line,
        delivery=read.delivery.ref,
        vehicle=read.route.shift.vehicle.name,
    )
