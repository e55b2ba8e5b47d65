"""What was just done to a booking: said once, on its page, after the redirect."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from portal.customers.pages import Notice

if TYPE_CHECKING:
    from django.utils.functional import Promise

    from scheduling.models import Delivery

NEWS = "news"
DONE: dict[str, str | Promise] = {
    "notes": gettext_lazy("Now we know how to get in."),
    "codes": gettext_lazy("The code is kept. Nobody sees it here again, not even you."),
    "code_removed": gettext_lazy("The code is removed."),
    "booked": gettext_lazy("It is booked. Thank you."),
    "moved": gettext_lazy("It is moved."),
    "diverted": gettext_lazy("It goes to the pickup point."),
    "joined": gettext_lazy("The order is added: one delivery brings all."),
    "at-door": gettext_lazy("It is changed. The driver will know."),
    "contact": gettext_lazy("How we reach you is changed."),
}
"""What is told by mail as well."""
QUIETLY: dict[str, tuple[str | Promise, str | Promise]] = {
    "suits": (gettext_lazy("Thank you. We come."), gettext_lazy("You need do nothing more.")),
    "late-keep": (
        gettext_lazy("Thank you for waiting."),
        gettext_lazy("We come as soon as we can. Your promise stays as it is."),
    ),
    "stayed": (gettext_lazy("It stays as it was"), gettext_lazy("That is the time you have.")),
    "preferences": (
        gettext_lazy("How we write to you is changed."),
        gettext_lazy("It counts from the next mail on."),
    ),
    "street_told": (gettext_lazy("Thank you"), gettext_lazy("Your street may hear that a van comes.")),
    "street_not_told": (gettext_lazy("Done"), gettext_lazy("Your street hears no more of it from you.")),
}


def tell(request: HttpRequest, ref: str, code: str) -> None:
    """Have the booking's page say next time what was done: a key of DONE or QUIETLY."""
    request.session[NEWS] = [ref, code]


def news_of(request: HttpRequest, delivery: Delivery) -> Notice | None:
    """Return what was done to this booking since its page was last shown."""
    ref, code = request.session.get(NEWS, ["", ""])
    if ref != delivery.ref:
        return None
    del request.session[NEWS]
    if code in QUIETLY:
        title, sentence = QUIETLY[code]
        return Notice(str(title), str(sentence), "" if code == "stayed" else "good")
    sentence = _("We mail it to %(email)s, with the link to this page.") % {"email": delivery.contact_email}
    return Notice(str(DONE[code]), sentence, "good")
