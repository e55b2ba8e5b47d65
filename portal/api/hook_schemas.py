"""What goes over the wire about webhook endpoints."""

from datetime import datetime
from typing import Annotated, Any, Literal

from ninja import Schema
from pydantic import AfterValidator, Field, model_validator

from portal.api.questions import Question, Written
from portal.messaging.targets import LONGEST_URL
from portal.services.hooks import LONGEST_OLD_SECRET, OLD_SECRET_FOR
from scheduling.selectors.merchants import TOLD


def told(name: str) -> str:
    """Refuse what nobody is told of."""
    if name not in TOLD:
        raise ValueError("one of: " + ", ".join(TOLD))
    return name


def instant(text: str) -> str:
    """Refuse what is no instant with its zone."""
    if len(text) > 40 or not (at := datetime.fromisoformat(text)).tzinfo or not 2000 <= at.year <= 9000:
        raise ValueError("write an instant with its zone, such as 2026-11-26T09:00:00Z")
    return text


Kind = Annotated[str, AfterValidator(told), Field(json_schema_extra={"enum": list(TOLD)})]
Kinds = Annotated[
    list[Kind], Field(max_length=len(TOLD), description="which events it is told of; none: all")
]
Instant = Annotated[str, AfterValidator(instant), Field(json_schema_extra={"format": "date-time"})]
Url = Annotated[
    Written, Field(max_length=LONGEST_URL, description="https, port 443 or 8443, on the public internet")
]


class EndpointQuestion(Question):
    """Where your server wants to be told."""

    url: Url
    events: Kinds = []


class EndpointChange(Question):
    """What is to be different; what is left out stays."""

    url: Url | None = None
    events: Kinds | None = None
    state: Literal["live", "paused"] | None = None


class RotateQuestion(Question):
    """For how long the present secret goes on signing beside the new one."""

    keep_old_s: Annotated[int, Field(ge=0, le=int(LONGEST_OLD_SECRET.total_seconds()))] = int(
        OLD_SECRET_FOR.total_seconds()
    )


class ReplayQuestion(Question):
    """One event, or all that the endpoint wants since an instant."""

    event: Annotated[str, Field(pattern="^[0-9a-f]{32}$", description="its id")] | None = None
    since: Instant | None = None

    @model_validator(mode="after")
    def one_of_both(self) -> "ReplayQuestion":
        """Refuse both and neither."""
        if (self.event is None) == (self.since is None):
            raise ValueError("name an event, or an instant since which")
        return self


class Endpoint(Schema):
    """An address that is told of events: state live, paused or disabled."""

    id: str
    url: str
    events: Annotated[list[str], Field(description="which events it is told of; none: all")]
    state: str
    why: Annotated[str, Field(description="asked, silent or gone where it is not live")]
    secret_number: Annotated[int, Field(description="which of its secrets is the present one: 1, 2, 3 …")]
    old_secret_until: Annotated[datetime | None, Field(description="until when the one before signs too")] = (
        None
    )
    created_at: datetime
    last_success_at: datetime | None = None
    failing_since: datetime | None = None


class EndpointSecret(Endpoint):
    """The same, with its secret: shown now and never again."""

    secret: Annotated[str, Field(description="whsec_…, for the library of Standard Webhooks")]


class Endpoints(Schema):
    """All of yours."""

    endpoints: list[Endpoint]


class Deleted(Schema):
    """What is there no more."""

    id: str


class Queued(Schema):
    """How many messages wait to be sent now."""

    queued: int


class Attempted(Schema):
    """One message to one endpoint: state queued, sent or failed."""

    number: int
    state: str
    attempts: int
    created_at: datetime
    next_attempt_at: datetime | None = None
    sent_at: datetime | None = None
    status: Annotated[int | None, Field(description="what the endpoint answered last")] = None
    error: str
    took_ms: int | None = None
    webhook_id: str
    payload: Annotated[dict[str, Any], Field(description="what is sent: type, timestamp and data")]


class Attempts(Schema):
    """The latest first; ask again with `next` as `before` for older ones."""

    attempts: list[Attempted]
    next: str
    more: bool
