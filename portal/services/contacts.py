"""How a customer is reached, in which language, and when mails may wait."""

from dataclasses import dataclass
from datetime import datetime, time

from django.utils.crypto import salted_hmac

from portal.access import renew_link
from portal.models import AccessLink, FormerContact, OneTimeCode
from scheduling import events
from scheduling.errors import ChangedMeanwhile, NotChangeable
from scheduling.models import Delivery, Event
from scheduling.services.changes import one_change

CONTACT_CHANGED = "delivery.contact_changed"
PREFERENCES_CHANGED = "delivery.preferences_changed"


@dataclass(frozen=True, slots=True)
class Preferences:
    """How somebody wants to be written to. Without quiet hours both are None."""

    language: str
    quiet_from: time | None = None
    quiet_until: time | None = None


def mark_of(delivery: Delivery) -> str:
    """Return what tells a delivery's contact from any other, and says nothing itself."""
    said = f"{delivery.ref}|{delivery.contact_email}|{delivery.contact_phone}"
    return salted_hmac("portal.contact", said).hexdigest()[:16]


@one_change
def change_contact(*, link: AccessLink, email: str, phone: str, was: str, now: datetime) -> bool:
    """Have a delivery's mails go elsewhere from now on; False if that is how it is already.

    `was` is the mark of the contact that its customer saw. With another e-mail address all manage links sent
    so far end: those stand in a mailbox that may be somebody else's. `link` is renewed, and who has just
    shown a code stays let in by it. Raises ChangedMeanwhile, NotChangeable.
    """
    (delivery,) = Delivery.objects.lock([link.delivery_id])
    if delivery.erased_at is not None:
        raise NotChangeable
    before = delivery.contact_email
    if (before, str(delivery.contact_phone)) == (email, phone):
        return False
    if mark_of(delivery) != was:
        raise ChangedMeanwhile
    delivery.contact_email, delivery.contact_phone = email, phone
    delivery.save(update_fields=["contact_email", "contact_phone"])
    event = events.record(CONTACT_CHANGED, delivery=delivery, actor=link.actor, now=now)
    if before.casefold() != email.casefold():
        _leave(before, link, event)
    link.delivery.contact_email, link.delivery.contact_phone = email, delivery.contact_phone
    return True


def _leave(before: str, link: AccessLink, event: Event) -> None:
    """Have the former address told, and end the links in it."""
    if before:
        FormerContact.objects.create(event=event, email=before)
    generation = link.generation
    renew_link(link)
    OneTimeCode.objects.filter(link=link, generation=generation, used_at__isnull=False).update(
        generation=link.generation
    )


@one_change
def change_preferences(*, link: AccessLink, wanted: Preferences, now: datetime) -> bool:
    """Write to a customer in another language, or not at night; False if that is how it is already.

    Raises NotChangeable once they are erased.
    """
    (delivery,) = Delivery.objects.lock([link.delivery_id])
    if delivery.erased_at is not None:
        raise NotChangeable
    if preferences_of(delivery) == wanted:
        return False
    delivery.language = link.delivery.language = wanted.language
    delivery.quiet_from, delivery.quiet_until = wanted.quiet_from, wanted.quiet_until
    delivery.save(update_fields=["language", "quiet_from", "quiet_until"])
    events.record(PREFERENCES_CHANGED, delivery=delivery, actor=link.actor, now=now)
    return True


def preferences_of(delivery: Delivery) -> Preferences:
    """Return how somebody is written to."""
    return Preferences(delivery.language, delivery.quiet_from, delivery.quiet_until)
