"""What people are told of: each topic's events, its folder of templates/messages/, and its usual ways."""

from dataclasses import dataclass
from typing import Final

from django.utils.functional import Promise as LazyText
from django.utils.translation import gettext_lazy as _

from portal.models.messages import Channel


@dataclass(frozen=True, slots=True)
class Topic:
    """One thing that customers hear of; `name` is its folder.

    `needed` is what was agreed or has to be known: a mail of it always goes. `waits` is what nobody has just
    caused and bears a night. `page` is where an SMS's link leads, by its name in the address.
    """

    name: str
    label: str | LazyText
    email: bool = True
    sms: bool = False
    needed: bool = True
    waits: bool = False
    page: str = ""
    chosen: bool = True
    """Whether a shop says by which ways; the rest goes where its customer asked for it."""

    def usual(self) -> list[Channel]:
        """Return the ways by which it goes where a shop says nothing else."""
        return [each for each, on in ((Channel.EMAIL, self.email), (Channel.SMS, self.sms)) if on]


TOPICS: Final = {
    topic.name: topic
    for topic in (
        Topic("booked", _("Booked")),
        Topic("changed", _("Moved to another time")),
        Topic("joined", _("Another order comes along")),
        Topic("diverted", _("Sent to a pickup point")),
        Topic("cancelled", _("Cancelled")),
        Topic("narrowed", _("A flexible time became exact"), waits=True),
        Topic("day_before", _("The day before: can we come?"), needed=False, waits=True, page="tomorrow"),
        Topic("on_the_way", _("The van has left"), needed=False),
        Topic("near", _("Three stops before"), email=False, sms=True, needed=False),
        Topic("next", _("Next stop"), email=False, needed=False),
        Topic("running_late", _("The driver says it takes longer"), email=False, sms=True, needed=False),
        Topic("late", _("It will be late: other times"), sms=True, page="late"),
        Topic("delivered", _("Delivered, with proof"), needed=False, waits=True),
        Topic("ready", _("Ready to collect"), sms=True, waits=True),
        Topic("missed", _("We could not deliver: choices"), sms=True, waits=True),
        Topic("pickup_booked", _("A pickup of what goes back is booked, or moved")),
        Topic("returns", _("How a return goes on")),
        Topic("withdrawn", _("The receipt of a withdrawal"), chosen=False),
        Topic("at_door", _("Where it may be left was changed"), chosen=False),
        Topic("door_changed", _("How we get in was changed"), chosen=False),
        Topic("links", _("Links asked for"), chosen=False),
        Topic("revoked", _("Links ended"), chosen=False),
        Topic("code", _("Six digits asked for"), chosen=False),
        Topic("contact_changed", _("The contact was changed"), chosen=False),
    )
}
CHOSEN: Final = tuple(topic for topic in TOPICS.values() if topic.chosen)
"""What a shop decides the ways of."""


def page_of(ref: str) -> str:
    """Return the end of a manage link's address that leads to a return; nothing where there is none."""
    return f"return-{ref}/" if ref else ""
