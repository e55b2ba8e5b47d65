"""What a driver's phone sends, as a form or as JSON: read, tidied, set right where its clock is wrong."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from django import forms
from django.http import HttpRequest, QueryDict
from django.utils.translation import gettext_lazy as _

from portal.driving import LONGEST_NAME, LONGEST_NOTE, Act
from portal.forms import PlainForm, one_line
from portal.models.driving import DriverAct
from portal.shift_links import PIN_DIGITS
from scheduling.outcomes import (
    AT_POINT,
    COLLECTED,
    HANDED_OVER,
    NEIGHBOUR,
    NOT_POSSIBLE,
    REFUSED,
    SAFE_PLACE,
)
from scheduling.services.reports import Handover

if TYPE_CHECKING:
    from datetime import datetime

    from portal.models.driving import ShiftLink

WAYS: Final = (HANDED_OVER, NEIGHBOUR, SAFE_PLACE, AT_POINT, COLLECTED)
FAILED: Final[dict[str, str]] = {DriverAct.Kind.NOT_POSSIBLE: NOT_POSSIBLE, DriverAct.Kind.REFUSE: REFUSED}
COUNT: Final = "count-"
"""What fields begin with that say how many of an item are taken; behind it stands the item’s own ref."""
MOST_BARCODE: Final = 64
MOST_MINUTES: Final = 240


class PinForm(PlainForm):
    """The six digits that a driver got another way than the link."""

    problem_title = _("That is not the PIN")
    kept = ""
    pin = forms.CharField(
        label=_("PIN"),
        max_length=20,
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "one-time-code"}),
        error_messages={
            "required": _("Type the six digits that your dispatcher told you."),
            "max_length": _("The PIN has six digits."),
        },
    )

    def clean_pin(self) -> str:
        digits = "".join(sign for sign in self.cleaned_data["pin"] if not sign.isspace())
        if len(digits) != PIN_DIGITS or not (digits.isascii() and digits.isdecimal()):
            raise forms.ValidationError(_("The PIN has six digits."))
        return digits


class ActForm(forms.Form):
    """What every act says. A page of ours sends nothing wrong here: what is wrong is nobody's typing."""

    uid = forms.UUIDField()
    kind = forms.ChoiceField(choices=DriverAct.Kind.choices)
    route = forms.IntegerField(required=False, min_value=1, max_value=2**62)
    stop = forms.IntegerField(required=False, min_value=1, max_value=2**62)
    seal = forms.RegexField(r"^[0-9a-f]{32}$", required=False)
    happened_at = forms.DateTimeField(required=False)
    sent_at = forms.DateTimeField(required=False)
    sure = forms.BooleanField(required=False)
    minutes = forms.IntegerField(required=False, min_value=1, max_value=MOST_MINUTES)

    def act(self, link: ShiftLink, *, now: datetime, **said: Any) -> Act:
        """Return the act. The form must be valid."""
        cleaned = self.cleaned_data
        return Act(
            uid=cleaned["uid"],
            kind=cleaned["kind"],
            happened_at=self.when(link, now=now),
            route_id=cleaned["route"],
            stop_id=cleaned["stop"],
            seal=cleaned["seal"],
            minutes=cleaned["minutes"] or 0,
            sure=cleaned["sure"],
            **said,
        )

    def when(self, link: ShiftLink, *, now: datetime) -> datetime:
        """Return when it happened: so long before now as the phone's own clock says, never before it came in.

        The phone's clock may be wrong by years; how long ago something was it knows all the same.
        """
        happened: datetime | None = self.cleaned_data["happened_at"]
        sent: datetime | None = self.cleaned_data["sent_at"]
        if happened is None:
            return now
        at = now - max(timedelta(), sent - happened) if sent is not None else min(happened, now)
        return max(at, min(link.bound_at or at, now))


class ScanForm(PlainForm):
    """A barcode, by a scanner, a camera or by hand."""

    problem_title = _("Nothing was scanned")
    kept = ""
    barcode = forms.CharField(
        max_length=MOST_BARCODE,
        error_messages={
            "required": _("Scan a parcel, or type the number below its bars."),
            "max_length": _("That is longer than any barcode of ours. Scan it again."),
        },
    )

    def clean_barcode(self) -> str:
        found = one_line(self.cleaned_data["barcode"])
        if not found:
            raise forms.ValidationError(self.fields["barcode"].error_messages["required"])
        return found


class DoorForm(forms.Form):
    """What came of a stop. What a page of ours can't send is no choice here; the rest the rules judge."""

    how = forms.ChoiceField(required=False, choices=[(way, way) for way in WAYS])
    reason = forms.RegexField(r"^[a-z_]{1,16}$", required=False)
    listed = forms.BooleanField(required=False)
    to_whom = forms.CharField(required=False)
    note = forms.CharField(required=False)
    age = forms.BooleanField(required=False)
    signature = forms.CharField(required=False, strip=False)
    lat = forms.FloatField(required=False, min_value=-90, max_value=90)
    lon = forms.FloatField(required=False, min_value=-180, max_value=180)
    accuracy = forms.FloatField(required=False, min_value=0, max_value=1e6)

    def clean_to_whom(self) -> str:
        return one_line(self.cleaned_data["to_whom"])[:LONGEST_NAME]

    def clean_note(self) -> str:
        return one_line(self.cleaned_data["note"])[:LONGEST_NOTE]

    def counts(self) -> dict[str, int] | None:
        """Return how many of each item are taken; None where nobody was asked. What is no number is -1."""
        said = {name.removeprefix(COUNT): self.data[name] for name in self.data if name.startswith(COUNT)}
        counted = {
            ref: int(n) if n.isascii() and n.isdecimal() and len(n) < 6 else -1 for ref, n in said.items()
        }
        return counted or None

    def handover(self, kind: str, *, at: datetime, parcels: list[str]) -> Handover:
        """Return it as the rules read it. The form must be valid; `at` is when it happened."""
        cleaned = self.cleaned_data
        somewhere = cleaned["lat"] is not None and cleaned["lon"] is not None
        return Handover(
            outcome=FAILED.get(kind) or cleaned["how"],
            happened_at=at,
            reason=cleaned["reason"] if kind in FAILED else "",
            to_whom=cleaned["to_whom"] if kind not in FAILED else "",
            note=cleaned["note"],
            barcodes=parcels if cleaned["listed"] else None,
            lat=cleaned["lat"] if somewhere else None,
            lon=cleaned["lon"] if somewhere else None,
            accuracy_m=cleaned["accuracy"] if somewhere else None,
            age_checked=cleaned["age"],
            counts=self.counts() if cleaned["how"] == COLLECTED and kind not in FAILED else None,
        )


def said_by(request: HttpRequest) -> QueryDict:
    """Return what was sent, as a form's values, whether it came as a form or as JSON.

    Nothing where the JSON is none: the form then says that all is missing.
    """
    if request.content_type != "application/json":
        return request.POST
    found = QueryDict(mutable=True)
    try:
        said = json.loads(request.body)
    except (ValueError, RecursionError):
        return found
    for name, value in said.items() if isinstance(said, dict) else ():
        values = value if isinstance(value, list) and name in LISTS else [value]
        found.setlist(name, [_text(each) for each in values])
    return found


LISTS: Final = frozenset({"parcel", "check"})
"""What may be said several times; any other list, such as a signature's strokes, is one value."""


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    return "" if value is None else json.dumps(value)
