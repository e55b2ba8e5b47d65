"""What one browser told one merchant's pages, kept in its session until the booking is made."""

from dataclasses import asdict, dataclass, field, fields, replace
from secrets import token_urlsafe
from typing import TYPE_CHECKING, Any, Self

from django.http import HttpRequest

from portal.door import Door
from portal.forms import Size
from portal.services.browsers import SHOPPER, visit_key
from scheduling.facts import AddressFacts, VisitFacts
from scheduling.geocoding import Candidate, GeocodeAnswer

if TYPE_CHECKING:
    from scheduling.models import Merchant


def session_key(request: HttpRequest) -> str:
    """Return what this browser's quotes and holds are bound to; made on its first visit."""
    if SHOPPER not in request.session:
        request.session[SHOPPER] = token_urlsafe(16)
    return str(request.session[SHOPPER])


def actor_of(request: HttpRequest) -> str:
    """Return how events name this browser."""
    return f"session:{session_key(request)[:8]}"


@dataclass(slots=True)
class Visit:
    """What was typed, what the geocoder answered, what its customer agreed to, and what is kept for them.

    All of it is plain JSON: the typed forms as they came, `answer` a GeocodeAnswer, `place` AddressFacts,
    `door` a Door, `back` the page of the shop from which they came.
    """

    typed: dict[str, str] = field(default_factory=dict)
    contact: dict[str, str] = field(default_factory=dict)
    size: dict[str, int] = field(default_factory=dict)
    answer: dict[str, Any] | None = None
    place: dict[str, Any] | None = None
    door: dict[str, Any] = field(default_factory=dict)
    hold: str = ""
    booked: str = ""
    back: str = ""

    @classmethod
    def of(cls, request: HttpRequest, merchant: str) -> Self:
        """Return what this browser told this merchant so far."""
        known = {each.name for each in fields(cls)}
        kept = request.session.get(visit_key(merchant), {})
        return cls(**{name: value for name, value in kept.items() if name in known})

    def keep(self, request: HttpRequest, merchant: str) -> None:
        """Remember it in the session."""
        request.session[visit_key(merchant)] = asdict(self)

    def found(self) -> GeocodeAnswer | None:
        """Return the geocoder's answer to what was typed last."""
        return GeocodeAnswer.from_json(self.answer) if self.answer else None

    def settle(self, candidate: Candidate, pin: tuple[float, float] | None = None) -> None:
        """Take a place as the right one, its pin where the customer put it."""
        lat, lon = pin or (candidate.lat, candidate.lon)
        unit = self.typed.get("unit", "") or (self.answer or {}).get("unit", "")
        moved = (lat, lon) != (candidate.lat, candidate.lon)
        self.place = asdict(replace(candidate.facts(unit=unit), lat=lat, lon=lon, pin_moved=moved))

    def at_door(self) -> Door:
        """Return what was said of the door."""
        return Door(**self.door)

    def facts(self, shop: "Merchant") -> VisitFacts | None:
        """Return the visit asked about, or None before place and size are known."""
        if not self.place or not self.size:
            return None
        return Size(**self.size).facts(address=AddressFacts(**self.place), shop=shop, door=self.at_door())
