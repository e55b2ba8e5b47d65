"""What the returns desk fills in: by scanner and keyboard, with what usually happens filled in already."""

from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from portal.forms import PlainForm, one_line
from portal.photos import ACCEPT
from returns.reasons import DISPOSITIONS, EXCEPTIONS, GRADES
from returns.services.inspections import Finding
from scheduling.bought import decimals_of

SELECT = {"class": "field__input"}


class ScanForm(PlainForm):
    """One field, into which a scanner types a code and presses Enter."""

    problem_title = _("That code is not known here")
    kept = ""
    code = forms.CharField(
        label=_("Scan a parcel"),
        max_length=64,
        help_text=_("Its return’s code, its barcode, or the order’s number. Enter goes on."),
        error_messages={"required": _("Scan a code, or type it.")},
        widget=forms.TextInput(attrs={"autocomplete": "off", "autofocus": True, "spellcheck": "false"}),
    )

    def clean_code(self) -> str:
        return one_line(str(self.cleaned_data["code"]))


class ReasonForm(PlainForm):
    """Why somebody decides by hand."""

    reason = forms.CharField(
        label=_("Why?"),
        max_length=200,
        error_messages={"required": _("Say in a few words why.")},
    )

    def clean_reason(self) -> str:
        return one_line(str(self.cleaned_data["reason"]))


class PutRightForm(ReasonForm):
    """Where a return is in truth, and why that is said by hand."""

    to = forms.ChoiceField(label=_("It is in truth"), widget=forms.Select(attrs=SELECT))

    def __init__(self, *args: Any, states: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["to"].choices = states  # type: ignore[attr-defined] # a choice field's own


class ItemForm(PlainForm):
    """What was found of one item. Opened with what its customer announced, as new: Enter takes that."""

    received = forms.IntegerField(label=_("Arrived"), min_value=0, max_value=9_999)
    accepted = forms.IntegerField(label=_("Accepted"), min_value=0, max_value=9_999)
    grade = forms.ChoiceField(
        label=_("State"),
        choices=[("", _("not judged")), *GRADES.items()],
        required=False,
        widget=forms.Select(attrs=SELECT),
    )
    disposition = forms.ChoiceField(
        label=_("What becomes of it"),
        choices=[("", _("not decided")), *DISPOSITIONS.items()],
        required=False,
        widget=forms.Select(attrs=SELECT),
    )
    # Sent by a button of its own: what is odd is noted by one press.
    exception = forms.ChoiceField(choices=[("", ""), *EXCEPTIONS.items()], required=False)
    deduction = forms.DecimalField(label=_("Taken off"), min_value=0, max_digits=11, required=False)
    deduction_reason = forms.CharField(
        label=_("Why taken off"), max_length=200, required=False, help_text=_("Its customer reads this.")
    )
    exchange = forms.DecimalField(
        label=_("What is sent for it costs"),
        min_value=0,
        max_digits=11,
        required=False,
        help_text=_("For all of it. Empty: as much as what came back."),
    )
    photo = forms.FileField(
        label=_("A photo"),
        required=False,
        widget=forms.FileInput(attrs={"accept": ACCEPT, "class": "field__input"}),
    )

    def __init__(self, *args: Any, currency: str, exchanged: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.places = decimals_of(currency)
        for name in ("deduction", "exchange"):
            self.fields[name].decimal_places = self.places  # type: ignore[attr-defined]
            self.fields[name].widget.attrs["step"] = str(Decimal(1).scaleb(-self.places))
        if not exchanged:
            del self.fields["exchange"]

    def clean(self) -> dict[str, Any]:
        """Where something odd is said, nothing is accepted: nobody has to change the numbers for it."""
        cleaned: dict[str, Any] = super().clean() or {}
        if cleaned.get("exception"):
            cleaned["accepted"], cleaned["grade"], cleaned["disposition"] = 0, "", ""
        if cleaned.get("exception") == "empty_box":
            cleaned["received"] = 0
        if cleaned.get("deduction") and not (cleaned.get("deduction_reason") or "").strip():
            self.add_error("deduction_reason", _("Say why something is taken off: its customer reads it."))
        return cleaned

    def finding(self) -> Finding:
        """Return what was filled in, money in minor units."""
        said = self.cleaned_data
        exchange = said.get("exchange")
        return Finding(
            received=said["received"],
            accepted=said["accepted"],
            grade=said["grade"],
            disposition=said["disposition"],
            deduction_minor=self._minor(said.get("deduction") or Decimal(0)),
            deduction_reason=one_line(said["deduction_reason"]),
            exchange_minor=None if exchange is None else self._minor(exchange),
            exception=said["exception"],
        )

    def _minor(self, amount: Decimal) -> int:
        return int(amount.scaleb(self.places))


class StripeForm(PlainForm):
    """A shop's key and secret at Stripe. Neither is ever shown again."""

    key = forms.CharField(
        label=_("Restricted key"),
        max_length=256,
        required=False,
        help_text=_("It begins with rk_ and may write refunds; nothing else is needed. Empty: as it was."),
        widget=forms.PasswordInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    secret = forms.CharField(
        label=_("Signing secret of the webhook"),
        max_length=256,
        required=False,
        help_text=_("It begins with whsec_. Empty: as it was."),
        widget=forms.PasswordInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )

    def clean_key(self) -> str:
        return str(self.cleaned_data["key"]).strip()

    def clean_secret(self) -> str:
        return str(self.cleaned_data["secret"]).strip()
