"""Who wants to hear no more: STOP by SMS from a number, one press in a mail for an address and a shop.

What is kept is a keyed mark, so that a list of these says nobody's number. It is found again under each key
that is still accepted, and then renewed under the newest.
"""

from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.utils.crypto import salted_hmac

from portal.models.messages import Channel
from portal.models.telling import Silence
from scheduling.models import Delivery, Merchant

SALT = "portal.silences"


def silence(channel: Channel, address: str, *, merchant: Merchant | None = None, now: datetime) -> None:
    """Write there no more, except for what is needed; twice is once. Without a merchant: for all shops."""
    mark = _marks(channel, address, merchant)[0]
    Silence.objects.get_or_create(mark=mark, defaults={"channel": channel, "since_at": now})


def hear_again(channel: Channel, address: str, *, merchant: Merchant | None = None) -> None:
    """Write there again."""
    Silence.objects.filter(mark__in=_marks(channel, address, merchant)).delete()


def is_silent(channel: Channel, delivery: Delivery) -> bool:
    """Whether a delivery's contact wants to hear no more by a channel. One query."""
    address = str(delivery.contact_email if channel == Channel.EMAIL else delivery.contact_phone)
    merchant = delivery.merchant if channel == Channel.EMAIL else None
    marks = _marks(channel, address, merchant)
    found = Silence.objects.filter(mark__in=marks).first()
    if found is not None and found.mark != marks[0]:
        _renew(found, marks[0])
    return found is not None


@transaction.atomic
def _renew(found: Silence, mark: str) -> None:
    Silence.objects.get_or_create(mark=mark, defaults={"channel": found.channel, "since_at": found.since_at})
    found.delete()


def _marks(channel: Channel, address: str, merchant: Merchant | None) -> list[str]:
    """Return an address's marks, that of the newest key first."""
    said = f"{channel}:{merchant.slug if merchant else ''}:{address.strip().casefold()}"
    keys = (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)
    return [salted_hmac(SALT, said, secret=key, algorithm="sha256").hexdigest() for key in keys]
