"""What a driver's sheet is made of: cards, choices and ticks, all in words already."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from django.http import QueryDict

    from portal.notes import Said
    from portal.operations.story import Line


@dataclass(frozen=True, slots=True)
class CodeRow:
    """A code that is kept: `text` only where it was asked for just now."""

    key: str
    name: str
    text: str


@dataclass(frozen=True, slots=True)
class ParcelRow:
    """One parcel: its barcode, at which stop it goes, and whether it was scanned on board."""

    barcode: str
    stop: str
    scanned: bool


@dataclass(frozen=True, slots=True)
class Asked:
    """What was typed for a stop that could not be taken: it stands in its form again."""

    stop: str
    kind: str
    said: QueryDict


@dataclass(frozen=True, slots=True)
class Choice:
    """One radio."""

    key: str
    name: str
    hint: str = ""
    chosen: bool = False


@dataclass(frozen=True, slots=True)
class Tick:
    """One thing to confirm, and what it says where it was left out."""

    key: str
    name: str
    missing: str
    ticked: bool


@dataclass(frozen=True, slots=True)
class Ticked:
    """One parcel at the door, to be unticked where it stays on board."""

    barcode: str
    ticked: bool


@dataclass(frozen=True, slots=True)
class Counted:
    """One item to be fetched: how many were announced, and how many are taken as it is typed so far."""

    ref: str
    name: str
    announced: str
    count: str


@dataclass(frozen=True, slots=True)
class Card:
    """One stop, or a rest, with all that is asked and answered there."""

    key: int
    seal: str
    story: list[Line]
    number: str
    promised: str
    expected: str
    address: str
    town: str
    name: str
    goods: str
    for_whom: str
    door: list[str]
    photo_url: str
    said: list[Said]
    codes: list[CodeRow]
    needs: list[str]
    parcels: list[Ticked]
    geo_url: str
    map_url: str
    rest: bool
    collects: bool
    at_point: bool
    arrived: str
    outcome: str
    done_at: str
    to_do: bool
    next: bool
    ways: list[Choice]
    ticks: list[Tick]
    needs_age: bool
    needs_signature: bool
    why_not: list[Choice]
    why_refused: list[Choice]
    packed: str
    counts: list[Counted]
    takes: list[str]
    asked: Asked | None
