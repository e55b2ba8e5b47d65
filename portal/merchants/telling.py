"""By which ways a shop's customers hear of what, and at which hours not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from django import forms
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from portal.forms import PlainForm
from portal.http import redirect_page, render_page
from portal.messaging.topics import CHOSEN, Topic
from portal.messaging.twilio import sms_is_on
from portal.models.messages import Channel
from portal.models.people import Role
from portal.services.telling import Hours, change_telling, hours_of, ways_of
from portal.staff import require_merchant, roles_for

if TYPE_CHECKING:
    from scheduling.models import Merchant

PAGE: Final = "merchants/telling/page.html"
WAYS: Final = {
    "email": [Channel.EMAIL],
    "both": [Channel.EMAIL, Channel.SMS],
    "sms": [Channel.SMS],
    "none": [],
}
NAMES: Final = {
    "email": gettext_lazy("By e-mail"),
    "both": gettext_lazy("By e-mail and SMS"),
    "sms": gettext_lazy("By SMS"),
    "none": gettext_lazy("Not at all"),
}
NEEDED: Final = ("email", "both")


class TellingForm(PlainForm):
    """A way for each topic, and the hours."""

    quiet_from = forms.TimeField(
        label=gettext_lazy("SMS that can wait do so from"),
        required=False,
        error_messages={"invalid": gettext_lazy("Write a time such as 21:00.")},
        widget=forms.TimeInput(format="%H:%M", attrs={"type": "time", "class": "field__input"}),
    )
    quiet_until = forms.TimeField(
        label=gettext_lazy("Until"),
        required=False,
        error_messages={"invalid": gettext_lazy("Write a time such as 08:00.")},
        widget=forms.TimeInput(format="%H:%M", attrs={"type": "time", "class": "field__input"}),
    )
    reminds_at = forms.TimeField(
        label=gettext_lazy("The day before, we ask at"),
        error_messages={
            "invalid": gettext_lazy("Write a time such as 17:00."),
            "required": gettext_lazy("Write a time such as 17:00."),
        },
        widget=forms.TimeInput(format="%H:%M", attrs={"type": "time", "class": "field__input"}),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for topic in CHOSEN:
            self.fields[topic.name] = _way_of(topic)

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        begins, ends = cleaned.get("quiet_from"), cleaned.get("quiet_until")
        if {"quiet_from", "quiet_until"} & self.errors.keys():
            return cleaned
        if (begins is None) != (ends is None):
            self.add_error(
                "quiet_until" if ends is None else "quiet_from", _("Write both times, or neither.")
            )
        elif begins is not None and begins == ends:
            self.add_error("quiet_until", _("These are the same: then no such SMS would ever come."))
        return cleaned

    def needed(self) -> list[forms.BoundField]:
        """Return the ways of what is always mailed."""
        return [self[topic.name] for topic in CHOSEN if topic.needed]

    def others(self) -> list[forms.BoundField]:
        """Return the ways of what customers can do without."""
        return [self[topic.name] for topic in CHOSEN if not topic.needed]


def _way_of(topic: Topic) -> forms.ChoiceField:
    names = NEEDED if topic.needed else tuple(NAMES)
    return forms.ChoiceField(
        label=str(topic.label),
        choices=[(name, NAMES[name]) for name in names],
        widget=forms.Select(attrs={"class": "field__input"}),
        error_messages={
            "invalid_choice": gettext_lazy("Choose one of the ways in the list."),
            "required": gettext_lazy("Choose one of the ways in the list."),
        },
    )


@require_merchant
@require_http_methods(["GET", "HEAD", "POST"])
def telling(request: HttpRequest, shop: Merchant) -> HttpResponse:
    """Show the rules, and change them. Customers are written to in the shop's name: that is for managers."""
    if Role.MANAGER not in roles_for(request.user, merchant=shop):
        raise PermissionDenied
    if request.method != "POST":
        return _shown(request, shop, TellingForm(initial=_present(shop)))
    form = TellingForm(request.POST)
    if not form.is_valid():
        return _shown(request, shop, form, status=422)
    said = form.cleaned_data
    change_telling(
        merchant=shop,
        ways={topic.name: WAYS[said[topic.name]] for topic in CHOSEN},
        hours=Hours(said["quiet_from"], said["quiet_until"], said["reminds_at"]),
    )
    return redirect_page(request, f"{reverse('merchants:telling', args=[shop.slug])}?kept")


def _present(shop: Merchant) -> dict[str, Any]:
    hours = hours_of(shop)
    names = {tuple(ways): name for name, ways in WAYS.items()}
    ways = {topic: names[tuple(chosen)] for topic, chosen in ways_of(shop).items()}
    return ways | {
        "quiet_from": hours.quiet_from,
        "quiet_until": hours.quiet_until,
        "reminds_at": hours.reminds_at,
    }


def _shown(request: HttpRequest, shop: Merchant, form: TellingForm, *, status: int = 200) -> HttpResponse:
    kept = request.method == "GET" and "kept" in request.GET
    context = {"merchant": shop, "form": form, "sms_is_on": sms_is_on(), "kept": kept}
    return render_page(request, PAGE, context=context, status=status)
