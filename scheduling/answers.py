"""What a quote answered for each slot, as it is kept, and the sealed offer that names one answer.

An offer's token names a quote, a slot and an end; the facts and the price it grants are those of the kept
quote, so that a browser carries 80 bytes a time instead of its address fifty times over.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Any, Final, NamedTuple, Self
from zoneinfo import ZoneInfo

from django.core.signing import BadSignature, Signer
from django.utils.functional import Promise as LazyText
from django.utils.translation import gettext_lazy as _

from scheduling.errors import OfferForged
from scheduling.windows import Window

OFFER_LIFE: Final = timedelta(minutes=20)
OPEN: Final = "open"
MISSING: Final = object()
"""Of a field that is never as usual."""

REASONS: Final[dict[str, LazyText]] = {
    "taken": _("Taken. Vans are full then."),
    "no_time": _("Taken. No van can be with you then."),
    "access": _("The vans that are free then may not stop at your address at that hour."),
    "range": _("Taken. The vans that are free then cannot go that far."),
    "cutoff": _("Too late to choose this time."),
    "packing": _("The shop needs longer to pack."),
    "blackout": _("No deliveries on this day."),
    "not_yet": _("Not open for choosing yet."),
    "cap": _("Taken. The shop has no more deliveries then."),
    "outside": _("Only if we may leave it outside."),
    "allotment": _("Taken. The shop has used all its places on the vans of that day."),
    "depot_full": _("Taken. All places on the vans of that day are gone."),
    "reserved": _("The last places of that day are kept for other shops. Some may become free later."),
}


class SlotAnswer(NamedTuple):
    """One slot of one quote. Banded values are for customers, exact ones for the operator's staff.

    A tuple, for a quote makes two hundred of them: a frozen dataclass of so many fields takes ten times as
    long to be made, and five times to be made anew with a few of them changed.

    `status` is "open" or a key of REASONS; `priced_at` is since when this session is shown the price.
    `band_m`, `grams`, prices, `pointed_out` and `passing` come from the banded metres; `added_m`,
    `added_s` and `exact_grams` from the insertion itself. `neighbours` is 0 while one could tell who they
    are, `exact_neighbours` never hides any.
    `narrows_to_s` is how many seconds of its window are left the evening before, 0 where all of it stays.
    `unattended` times are for goods that may be left outside.
    `buffer_s` is how many seconds at the window's end the routes were to keep free.
    `mean_band_m` and `mean_grams` are the means of the other open times of the same carbon boundary.
    """

    key: str
    outlet_id: int
    plan_id: int | None
    service_date: date
    opens_at: datetime
    closes_at: datetime
    cutoff_at: datetime
    time_zone: str
    status: str
    base_price_minor: int
    price_minor: int
    priced_at: datetime
    band_m: int = 0
    grams: int = 0
    mean_band_m: int | None = None
    mean_grams: int | None = None
    pointed_out: bool = False
    passing: bool = False
    neighbours: int = 0
    exact_neighbours: int = 0
    vehicle_class: str = ""
    boundary: str = ""
    added_m: int = 0
    added_s: int = 0
    exact_grams: int = 0
    plan_version: int = 0
    narrows_to_s: int = 0
    buffer_s: int = 0
    unattended: bool = False

    @property
    def open(self) -> bool:
        """Whether it could be chosen when it was shown."""
        return self.status == OPEN

    @property
    def opens(self) -> datetime:
        """Return when it begins, in its depot's zone."""
        return self._local(self.opens_at)

    @property
    def closes(self) -> datetime:
        """Return when it ends, in its depot's zone."""
        return self._local(self.closes_at)

    @property
    def cutoff(self) -> datetime:
        """Return from when on it can't be chosen any more, in its depot's zone."""
        return self._local(self.cutoff_at)

    @property
    def reason(self) -> str | LazyText:
        """Return why it can't be chosen, as a sentence."""
        return "" if self.open else REASONS[self.status]

    def _local(self, at: datetime) -> datetime:
        return at.astimezone(ZoneInfo(self.time_zone))

    @property
    def window(self) -> Window:
        """Return what would be promised."""
        return Window(self.opens_at, self.closes_at)

    def but(self, **changes: Any) -> Self:
        """Return this answer with some fields changed."""
        return self._replace(**changes)

    def as_json(self) -> dict[str, Any]:
        """Return plain JSON from which `from_json` makes an equal value: what is as usual is left out."""
        both = zip(FIELDS, self, USUALLY, strict=True)
        values = {name: value for name, value, usual in both if value != usual}
        for name in (DAY, *MOMENTS):
            values[name] = _written(values[name])
        return values

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Self:
        """Return the value that `as_json` described."""
        values = {name: data[name] for name in FIELDS if name in data}
        values[DAY] = date.fromisoformat(values[DAY])
        for name in MOMENTS:
            values[name] = datetime.fromisoformat(values[name])
        return cls(**values)


@lru_cache(maxsize=4096)  # a quote's answers share their days and hours
def _written(at: date) -> str:
    return at.isoformat()


FIELDS: Final = SlotAnswer._fields
USUALLY: Final = tuple(SlotAnswer._field_defaults.get(name, MISSING) for name in FIELDS)
DAY: Final = "service_date"
MOMENTS: Final = ("opens_at", "closes_at", "cutoff_at", "priced_at")


@dataclass(frozen=True, slots=True)
class OfferName:
    """Which answer of which quote a token stands for, and until when."""

    quote_ref: str
    key: str
    expires_at: datetime


def _signer() -> Signer:
    return Signer(salt="doorstep.offer", sep="~")


def seal(*, quote_ref: str, key: str, expires_at: datetime) -> str:
    """Return the token of an offer."""
    return _signer().sign(f"{quote_ref}~{key}~{int(expires_at.timestamp())}")


def unseal(token: str) -> OfferName:
    """Return what a token stands for, expired or not. Raises OfferForged if we did not make it."""
    try:
        quote_ref, key, seconds = _signer().unsign(token).split("~")
    except (BadSignature, ValueError) as error:
        raise OfferForged from error
    return OfferName(quote_ref, key, datetime.fromtimestamp(int(seconds), UTC))
