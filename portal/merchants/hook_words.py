"""Webhook endpoints and their log, in words."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final
from uuid import UUID

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from portal.messaging.webhooks import payload_of

if TYPE_CHECKING:
    from portal.models.hooks import WebhookDelivery, WebhookEndpoint

KINDS: Final[dict[str, Promise]] = {
    "hold.placed": gettext_lazy("A time is kept"),
    "hold.extended": gettext_lazy("A time is kept for longer"),
    "hold.released": gettext_lazy("A kept time is given back"),
    "hold.lapsed": gettext_lazy("A kept time ran out"),
    "booking.confirmed": gettext_lazy("A time is booked"),
    "booking.moved": gettext_lazy("A booking is moved to another time"),
    "booking.joined": gettext_lazy("Another order is added to a booking"),
    "delivery.diverted": gettext_lazy("A delivery goes to a pickup point"),
    "booking.cancelled": gettext_lazy("A booking is cancelled"),
    "promise.narrowed": gettext_lazy("A wide time is narrowed, the evening before"),
    "delivery.safe_place_changed": gettext_lazy("A customer says whether it may be left"),
    "delivery.longer_at_door": gettext_lazy("A customer needs longer, or less long, at the door"),
    "delivery.contact_changed": gettext_lazy("Its customer changed how they are reached"),
    "delivery.erased": gettext_lazy("Its customer is erased: erase your copy too"),
    "delivery.delivered": gettext_lazy("A delivery is handed over, or left where it may be"),
    "delivery.collected": gettext_lazy("A delivery is collected"),
    "delivery.missed": gettext_lazy("A delivery could not be handed over, or is refused"),
    "delivery.undone": gettext_lazy("The last of these was a mistake: it is taken back"),
    "return.requested": gettext_lazy("A customer asks to send something back"),
    "return.withdrawn": gettext_lazy("A customer withdraws from the contract"),
    "return.approved": gettext_lazy("A return may come back"),
    "return.rejected": gettext_lazy("A return may not come back"),
    "return.cancelled": gettext_lazy("A customer calls a return off"),
    "return.pickup_booked": gettext_lazy("A return’s pickup is booked, or moved"),
    "return.pickup_cancelled": gettext_lazy("A return’s pickup is called off, or came in vain"),
    "return.collected": gettext_lazy("A return is collected"),
    "return.handed_in": gettext_lazy("A return is handed in at a point"),
    "return.received": gettext_lazy("A return arrived"),
    "return.inspected": gettext_lazy("A return was looked at and decided"),
    "return.refunded": gettext_lazy("A return’s money is paid back"),
    "return.refund_delayed": gettext_lazy("A return’s money waits for somebody of yours"),
    "return.credited": gettext_lazy("A credit is given for a return"),
    "return.put_right": gettext_lazy("Somebody of yours put a return right"),
    "return.closed": gettext_lazy("A return is finished"),
}
"""What an endpoint may be told of."""

TONES: Final = {
    "live": "good",
    "paused": "warn",
    "disabled": "bad",
    "sent": "good",
    "queued": "warn",
    "failed": "bad",
}


@dataclass(frozen=True, slots=True)
class Tag:
    """A word and how it looks."""

    word: str
    tone: str


@dataclass(frozen=True, slots=True)
class EndpointRow:
    """One endpoint."""

    pk: UUID
    url: str
    tag: Tag
    why: str
    told: str
    last: str
    waiting: str
    live: bool
    secret: str


def endpoint_row(one: WebhookEndpoint, waiting: int, *, now: datetime) -> EndpointRow:
    """Return an endpoint in words."""
    return EndpointRow(
        pk=one.pk,
        url=one.url,
        tag=Tag(str(one.get_state_display()), TONES[one.state]),
        why=str(one.get_why_display()) if one.why else "",
        told=told(one.kinds),
        last=_last(one),
        waiting=ngettext("%(n)d message waits for it.", "%(n)d messages wait for it.", waiting)
        % {"n": waiting}
        if waiting
        else "",
        live=one.state == "live",
        secret=_secret(one, now),
    )


def told(kinds: list[str]) -> str:
    """Return what an endpoint is told of."""
    if not kinds:
        return _("Told of everything.")
    return _("Told of: %(kinds)s.") % {"kinds": ", ".join(kinds)}


def _last(one: WebhookEndpoint) -> str:
    if one.failing_since is not None:
        return _("It has taken nothing since %(when)s.") % {"when": moment(one.failing_since)}
    if one.last_success_at is None:
        return _("It was told nothing yet.")
    return _("It took its last message on %(when)s.") % {"when": moment(one.last_success_at)}


def _secret(one: WebhookEndpoint, now: datetime) -> str:
    if one.previous_until is None or one.previous_until <= now:
        return ""
    return _("The secret before works until %(when)s, beside the new one.") % {
        "when": moment(one.previous_until)
    }


@dataclass(frozen=True, slots=True)
class LogRow:
    """One message to one endpoint."""

    number: int
    kind: str
    about: str
    tag: Tag
    sentence: str
    payload: str
    event: str
    """Its id, to have it sent again; nothing for a test."""


def log_row(one: WebhookDelivery) -> LogRow:
    """Return a line of the log."""
    payload = payload_of(one)
    data = payload["data"]
    about = _("a test")
    if one.entry is not None:
        order = data["order_number"] or data["delivery"]
        about = _("order %(order)s, its event %(n)d") % {"order": order, "n": data["sequence"]}
    return LogRow(
        number=one.pk,
        kind=payload["type"],
        about=about,
        tag=Tag(str(one.get_state_display()), TONES[one.state]),
        sentence=_became(one),
        payload=json.dumps(payload, ensure_ascii=False, indent=2),
        event=data["id"] if one.entry else "",
    )


def _became(one: WebhookDelivery) -> str:
    tries = ngettext("%(n)d try", "%(n)d tries", one.attempts) % {"n": one.attempts}
    if one.state == "sent" and one.sent_at is not None:
        return _("%(when)s · %(tries)s · answered %(status)d in %(ms)d ms") % {
            "when": moment(one.sent_at),
            "tries": tries,
            "status": one.status or 0,
            "ms": one.took_ms or 0,
        }
    said = one.error or _("not tried yet")
    if one.state == "queued" and one.next_attempt_at is not None:
        return _("%(tries)s · %(said)s · next at %(when)s") % {
            "tries": tries,
            "said": said,
            "when": moment(one.next_attempt_at),
        }
    return _("%(tries)s · %(said)s") % {"tries": tries, "said": said}


def moment(at: datetime) -> str:
    """Return an instant as programs' owners read it."""
    return f"{at:%Y-%m-%d %H:%M:%S} UTC"
