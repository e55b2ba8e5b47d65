"""The card about the door, above the times: what was said of it so far, or what could be."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from portal.customers.forms import DoorForm
from portal.customers.rows import DoorCard
from portal.door import Door, minutes_more, place_words

if TYPE_CHECKING:
    from datetime import date

    from django.utils.safestring import SafeString

    from scheduling.facts import VisitFacts
    from scheduling.models import Merchant

FIELDS = "customers/slots/_door_fields.html"


def card_of(
    shop: Merchant,
    said: Door,
    facts: VisitFacts,
    *,
    why: str,
    day: date | None,
    form: DoorForm | None = None,
    opened: bool = False,
) -> DoorCard:
    """Return the card for what was said of the door; open with `form` where that could not be understood.

    `why` is the sentence why nothing can be left outside there, "" where it can.
    """
    if form is not None:
        form.handed_over = form.handed_over or why
        fields = fields_of(form)
    elif said == Door():
        fields = _fields_unsaid(why, get_language())
    else:
        fields = fields_of(DoorForm.of(said, handed_over=why))
    title, note, press = _words(facts, why)
    url = reverse("customers:door", args=[shop.slug]) + (f"?day={day.isoformat()}" if day else "")
    return DoorCard(title, note, press, url, fields, open=opened or form is not None)


def fields_of(form: DoorForm) -> SafeString:
    """Return the fields of the card's form."""
    return render_to_string(FIELDS, {"door": form})


@lru_cache(maxsize=64)
def _fields_unsaid(handed_over: str, _language: str | None) -> SafeString:
    # Nearly everybody has said nothing, and the fields took longer than half of all the times.
    return fields_of(DoorForm.of(Door(), handed_over=handed_over))


def _words(facts: VisitFacts, handed_over: str) -> tuple[str, str, str]:
    """Return the card's title, what stands beside it, and the word that opens it."""
    place, more = place_words(facts.safe_place, facts.safe_place_note), minutes_more(facts.extra_s)
    longer = _("%(minutes)s at the door") % {"minutes": more} if more else ""
    if place:
        return _("We may leave it outside: %(place)s") % {"place": place}, longer, _("Change")
    if longer:
        return longer, handed_over, _("Change")
    if handed_over:
        return _("Need longer at the door?"), handed_over, _("Say so")
    note = _("We may leave it outside. Or take longer at the door.")
    return _("Nobody at home?"), note, _("Say so")
