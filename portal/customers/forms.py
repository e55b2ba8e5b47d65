"""What a shopper types: where, how much, whom to tell. Wrong sizes get a sentence, not a crash."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from phonenumber_field.formfields import PhoneNumberField

from portal.forms import PlainForm, SizedForm


class AddressForm(SizedForm):
    """Where to, and how big. What was typed is never rewritten."""

    field_order = ("address", "unit", *SizedForm.base_fields)

    address = forms.CharField(
        label=_("Street, number and town"),
        help_text=_("On one line, such as Fabianinkatu 21, 00130 Helsinki."),
        max_length=160,
        error_messages={"required": _("Write the street and the number we should come to.")},
        widget=forms.TextInput(attrs={"autocomplete": "street-address"}),
    )
    unit = forms.CharField(
        label=_("Flat, staircase or floor"),
        required=False,
        max_length=60,
        widget=forms.TextInput(attrs={"autocomplete": "address-line2"}),
    )


class JoinForm(SizedForm):
    """Which order comes along, and how big it is."""

    field_order = ("order_number", *SizedForm.base_fields)

    order_number = forms.CharField(
        label=_("Order number"),
        max_length=64,
        help_text=_("Of the order to add. It is in the shop’s mail to you."),
        error_messages={"required": _("Write the number of the order to add.")},
    )


class PlaceForm(PlainForm):
    """Which of the places found is meant, and where its door is."""

    choice = forms.TypedChoiceField(
        label=_("Which one is it?"),
        coerce=int,
        widget=forms.RadioSelect,
        error_messages={
            "required": _("Choose the address we should come to."),
            "invalid_choice": _("Choose one of the addresses in the list."),
        },
    )
    lat = forms.FloatField(required=False, widget=forms.HiddenInput, min_value=-90, max_value=90)
    lon = forms.FloatField(required=False, widget=forms.HiddenInput, min_value=-180, max_value=180)

    def __init__(self, *args: Any, lines: list[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["choice"].choices = list(enumerate(lines))  # type: ignore[attr-defined]
        if len(lines) == 1:
            self.fields["choice"].widget = forms.HiddenInput()
            self.fields["choice"].initial = 0

    @property
    def pin(self) -> tuple[float, float] | None:
        """Return where the pin was put, or None where it was left alone."""
        lat, lon = self.cleaned_data.get("lat"), self.cleaned_data.get("lon")
        return None if lat is None or lon is None else (lat, lon)


class OfferForm(PlainForm):
    """The one time that was chosen, among the suggestions or on the open day."""

    problem_title = _("Choose a time first")
    kept = ""

    offer = forms.CharField(max_length=400, required=False)
    suggestion = forms.CharField(max_length=400, required=False)

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        chosen = {cleaned.get("offer"), cleaned.get("suggestion")} - {"", None}
        if not chosen:
            raise forms.ValidationError(_("Pick one of the times below, then keep it."))
        if len(chosen) > 1:  # only without JavaScript, which lets go of the one when the other is chosen
            raise forms.ValidationError(_("You picked two times, one above and one below. Pick one of them."))
        cleaned["chosen"] = chosen.pop()
        return cleaned


class ContactForm(PlainForm):
    """Whom to tell. `region` is where a mobile number without a country is taken to be."""

    email = forms.EmailField(
        label=_("E-mail"),
        max_length=200,
        help_text=_("We send the booking and the link to change it here."),
        error_messages={
            "required": _("Write your e-mail address: the link to change the delivery goes there."),
            "invalid": _("Write the whole e-mail address, such as aino@example.com."),
        },
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
    )
    mobile = PhoneNumberField(
        label=_("Mobile"),
        required=False,
        help_text=_("In case the driver can’t find you."),
        error_messages={"invalid": _("Write the number with its country, such as +358 40 123 4567.")},
        widget=forms.TextInput(attrs={"autocomplete": "tel", "inputmode": "tel"}),
    )
    order_number = forms.CharField(
        label=_("Order number"),
        max_length=64,
        help_text=_("It is in the shop’s mail to you."),
        error_messages={"required": _("Write the order number from the shop’s mail.")},
    )

    def __init__(self, *args: Any, region: str = "FI", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["mobile"].region = region  # type: ignore[attr-defined]


class FindForm(PlainForm):
    """What somebody still knows about their order."""

    order_number = forms.CharField(
        label=_("Order number"),
        max_length=64,
        error_messages={"required": _("Write the order number from the shop’s mail.")},
    )
    email = forms.EmailField(
        label=_("E-mail"),
        max_length=200,
        help_text=_("The one you ordered with."),
        error_messages={
            "required": _("Write the e-mail address you ordered with."),
            "invalid": _("Write the whole e-mail address, such as aino@example.com."),
        },
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
    )
