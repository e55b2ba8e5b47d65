"""What comes back from where SMS leave: STOP and START from a number, and what became of an SMS.

Twilio signs each request with the account's token: others get 403. Repeats change nothing.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any, Final

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST
from phonenumber_field.phonenumber import to_python as phone_from
from twilio.twiml.messaging_response import MessagingResponse

from portal.messaging.giving_up import note_undelivered
from portal.messaging.twilio import is_signed
from portal.models.messages import Channel, Message
from portal.services.silences import hear_again, silence
from scheduling import clock

STOP: Final = frozenset({"stop", "stopall", "unsubscribe", "cancel", "end", "quit", "revoke", "optout"})
START: Final = frozenset({"start", "unstop", "yes"})
"""The words that Twilio and carriers know."""
NEVER_ARRIVED: Final = frozenset({"failed", "undelivered"})
LARGEST: Final = 2**63

View = Callable[..., HttpResponse]


def _signed(view: View) -> View:
    """Serve Twilio alone. It signs the address as the world knows it, and what it posts."""

    @csrf_exempt
    @require_POST
    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        url = settings.PUBLIC_URL + request.get_full_path()
        if not is_signed(url, request.POST, request.headers.get("X-Twilio-Signature", "")):
            raise PermissionDenied
        return view(request, *args, **kwargs)

    return guarded


@_signed
def inbound(request: HttpRequest) -> HttpResponse:
    """Take an SMS to our number: STOP and START are heeded, anything else is told where people are."""
    said = " ".join(request.POST.get("Body", "").split()).casefold().strip(".!\"'")
    number = str(phone_from(request.POST.get("From", "")) or "")
    if said in STOP and number:
        silence(Channel.SMS, number, now=clock.now())
        # Twilio answers by itself that it will send no more.
        return _answer("")
    if said in START and number:
        hear_again(Channel.SMS, number)
        return _answer("")
    return _answer(
        _("Nobody reads this number. Your delivery's page is behind the link we sent. STOP ends SMS.")
    )


def _answer(words: str) -> HttpResponse:
    response = MessagingResponse()
    if words:
        response.message(words)
    return HttpResponse(str(response), content_type="text/xml")


@_signed
def status(request: HttpRequest, sent: int) -> HttpResponse:
    """Hear what became of an SMS; one that never arrived is told by mail."""
    message = _message(sent)
    if message is not None and request.POST.get("MessageStatus") in NEVER_ARRIVED:
        said = request.POST.get("ErrorCode", "")
        code = int(said) if said.isascii() and said.isdigit() and len(said) < 10 else 0
        note_undelivered(message, code=code, now=clock.now())
    return HttpResponse(status=204)


def _message(number: int) -> Message | None:
    rows = Message.objects.filter(channel=Channel.SMS).select_related("event__delivery__merchant")
    return rows.filter(pk=number).first() if number < LARGEST else None
