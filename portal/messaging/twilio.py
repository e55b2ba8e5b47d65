"""SMS leave by Twilio's own client: the only module that knows it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

from django.conf import settings
from requests import RequestException
from twilio.base.exceptions import TwilioException, TwilioRestException
from twilio.http.http_client import TwilioHttpClient
from twilio.http.response import Response
from twilio.request_validator import RequestValidator

if TYPE_CHECKING:
    from twilio.rest import Client

API: Final = "https://api.twilio.com"
STOPPED: Final = 21610
"""Who has this number has told Twilio to stop."""
NOT_US: Final = frozenset({401, 403, 404, 429})
"""About our account, not about one SMS."""


@dataclass(frozen=True, slots=True)
class Text:
    """One SMS: to whom, what it says, and where we hear what became of it."""

    to: str
    body: str
    callback_url: str


class TextNotTaken(Exception):
    """An SMS was not taken: `code` is Twilio's. `for_good` is about this one; else nobody was there."""

    def __init__(self, code: int, *, for_good: bool) -> None:
        super().__init__(f"SMS {code}")
        self.code, self.for_good = code, for_good


class _Elsewhere(TwilioHttpClient):  # type: ignore[misc]  # it has no types
    """The client's own HTTP, to where SMS_API says: tests and the demo have a stand-in on this machine."""

    def request(self, method: str, url: str, *args: Any, **kwargs: Any) -> Response:
        if settings.SMS_API and url.startswith(API):
            url = settings.SMS_API.rstrip("/") + url.removeprefix(API)
        return super().request(method, url, *args, **kwargs)


def sms_is_on() -> bool:
    """Whether this portal sends SMS at all."""
    return bool(settings.SMS_ACCOUNT and settings.SMS_TOKEN and settings.SMS_FROM)


@lru_cache(maxsize=2)
def _client(account: str, token: str) -> Client:
    from twilio.rest import Client  # 20 MB, in processes that send only

    return Client(account, token, http_client=_Elsewhere(timeout=settings.SMS_TIMEOUT))


def send_text(text: Text) -> None:
    """Hand one SMS over. Raises TextNotTaken."""
    sender = (
        {"messaging_service_sid": settings.SMS_FROM}
        if settings.SMS_FROM.startswith("MG")
        else {"from_": settings.SMS_FROM}
    )
    try:
        _client(settings.SMS_ACCOUNT, settings.SMS_TOKEN).messages.create(
            to=text.to, body=text.body, status_callback=text.callback_url, **sender
        )
    except TwilioRestException as error:
        about_it = error.status < 500 and error.status not in NOT_US
        raise TextNotTaken(error.code or error.status, for_good=about_it) from error
    except (TwilioException, RequestException, ValueError) as error:
        raise TextNotTaken(0, for_good=False) from error


def is_signed(url: str, params: Any, signature: str) -> bool:
    """Whether Twilio sent this to `url`: it signs with the account's token."""
    return sms_is_on() and bool(RequestValidator(settings.SMS_TOKEN).validate(url, params, signature))
