"""What programs are answered. Names and descriptions say units."""

from datetime import date, datetime
from typing import Annotated, Any, Final

from ninja import Schema
from pydantic import Field

from scheduling.outcomes import AT_A_POINT, AT_THE_DOOR, INWARD


class ErrorBody(Schema):
    """Why not."""

    code: Annotated[str, Field(description="stable; see the list of codes")]
    message: Annotated[str, Field(description="a sentence for people")]
    fields: Annotated[dict[str, Any] | None, Field(description="what is wrong, by field")] = None


class Refusal(Schema):
    """Every answer but a good one."""

    error: ErrorBody


class Found(Schema):
    """An address as it was found."""

    line: str
    postcode: str
    city: str
    country: str
    lat: float
    lon: float
    confidence: Annotated[float, Field(description="0 to 1; 1 where nothing differs")]


class Window(Schema):
    """When service begins: from `opens_at` on, before `closes_at`. In UTC, the depot’s zone beside them."""

    date: date
    opens_at: datetime
    closes_at: datetime
    time_zone: str


class Reason(Schema):
    """Why a time can’t be chosen."""

    code: str
    message: str


class Impact(Schema):
    """What serving this visit then would add, in bands: nobody can find neighbours out by it."""

    up_to_m: Annotated[int, Field(description="metres of driving, in steps of 250 m")]
    grams_co2e: Annotated[int, Field(description="for so many metres by this class of vehicle")]
    boundary: Annotated[
        str, Field(description="what is counted; never compare grams of different boundaries")
    ]
    mean_m: Annotated[int | None, Field(description="the mean of the other times of the same boundary")] = (
        None
    )
    mean_grams_co2e: int | None = None


class Offer(Schema):
    """One time. Without `offer` it can’t be chosen, and `reason` says why (`address_needed`: not yet)."""

    offer: Annotated[str | None, Field(description="send it to keep this time")]
    window: Window
    reason: Reason | None = None
    cutoff_at: datetime
    price_minor: Annotated[int, Field(description="in minor units; stands for 30 minutes")]
    base_price_minor: int
    impact: Impact | None = None
    little_driving: Annotated[bool, Field(description="adds little, against the other times of its day")] = (
        False
    )
    narrows_to_s: Annotated[
        int, Field(description="seconds of it that are left the evening before; 0: all of it")
    ] = 0
    unattended: Annotated[bool, Field(description="nobody needs to be at home")] = False


class Suggestion(Schema):
    """A time to put first, and why: least_driving, soonest, cheapest."""

    offer: str
    tags: list[str]


class QuoteAnswer(Schema):
    """The times of the coming days. Offers live for 20 minutes."""

    quote: str
    asked_at: datetime
    expires_at: datetime
    currency: str
    method: Annotated[str, Field(description="how metres and grams are counted, with its version")]
    address: Found
    indicative: Annotated[
        bool, Field(description="asked for a postcode alone: times are about right, none can be kept")
    ] = False
    offers: list[Offer]
    suggestions: list[Suggestion]
    next_day_with_room: date | None = None


class HoldAnswer(Schema):
    """A time that is kept: state live, confirmed, released or lapsed."""

    hold: Annotated[str, Field(description="a bearer token: who has it may confirm it with a key of yours")]
    state: str
    expires_at: datetime
    extensions_left: int
    window: Window
    price_minor: int
    currency: str


class SessionAnswer(Schema):
    """A widget that is open for one shopper."""

    session: Annotated[
        str, Field(description="a bearer token for `<doorstep-slots session>`, in `origin` only")
    ]
    expires_at: Annotated[datetime, Field(description="until then a time can be kept; then as long as it is")]
    origin: str
    address: Annotated[str, Field(description="found, unsure or unknown: then the widget asks for it")]


class Promise(Schema):
    """One window that was promised: the first, a later one its customer chose, or a narrower one."""

    number: int
    cause: Annotated[str, Field(description="confirmed, moved, narrowed or overridden")]
    opens_at: datetime
    closes_at: datetime
    made_at: datetime


OUTCOMES: Final = tuple(dict.fromkeys((*AT_THE_DOOR, *AT_A_POINT, *INWARD)))


class Try(Schema):
    """One try to serve it, as its driver said: what came of it, with no name and no picture."""

    number: int
    outcome: Annotated[str, Field(description="one of: " + ", ".join(OUTCOMES))]
    reason: Annotated[str, Field(description="why, where it was refused or not possible")]
    arrived_at: datetime | None
    happened_at: datetime
    parcels: Annotated[list[str], Field(description="barcodes of what was handed over or collected")]
    age_checked: bool
    distance_m: Annotated[
        int | None, Field(description="how far the driver was from where it was to go; none: not known")
    ]
    photos: Annotated[int, Field(description="how many were taken; they are the customer’s and the depot’s")]
    signed: bool
    undone_at: Annotated[
        datetime | None, Field(description="when it was taken back as a mistake: it counts for nothing then")
    ]


class PointAnswer(Schema):
    """A locker or shop where a delivery goes instead of its address; `ref` is its operator's own id."""

    ref: str
    name: str


class PersonAnswer(Schema):
    """Whom it is for."""

    email: str
    name: str
    phone: str


class Promised(Schema):
    """A delivery and the time that was promised for it."""

    ref: str
    state: str
    order_number: str
    also_orders: Annotated[list[str], Field(description="orders that were added to it")]
    window: Window
    pickup_point: Annotated[PointAnswer | None, Field(description="none: it goes to its address")] = None
    change_until_at: datetime
    price_minor: int
    currency: str
    collected_by: str
    impact: Impact
    promises: Annotated[
        list[Promise], Field(description="all that was promised, oldest first; a move never hides the first")
    ]
    attempts: Annotated[list[Try], Field(description="what came of each try, oldest first")]
    contact: Annotated[
        PersonAnswer | None, Field(description="as it is now: its customer may change it; none once erased")
    ]
    follow_url: Annotated[str, Field(description="to look at only; safe to share")]


class Happened(Schema):
    """An event, as webhooks will carry it."""

    id: str
    type: str
    occurred_at: datetime
    delivery: Annotated[str, Field(description="empty where none of ours brought what comes back")]
    sequence: Annotated[int, Field(description="which of this delivery’s events: 1, 2, 3 …")]
    order_number: str
    data: dict[str, Any]


class Events(Schema):
    """What happened, in order; ask again with `next` for what comes later."""

    events: list[Happened]
    next: Annotated[str, Field(description="the cursor after the last of these")]
    more: Annotated[bool, Field(description="whether there is more already")]
