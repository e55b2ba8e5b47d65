"""What a shopper types: where, how much, whom to tell. Wrong sizes get a sentence, not a crash."""

import unicodedata
from collections.abc import Collection
from typing import Any, Self

from django import forms
from django.utils.translation import gettext_lazy as _
from phonenumber_field.formfields import PhoneNumberField

from portal.codes import DIGITS
from portal.door import Door
from portal.forms import PlainForm, SizedForm, one_line
from scheduling.facts import LEFT_OUTSIDE, MOST_NOTE


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


class DoorForm(PlainForm):
    """Whether it may be left outside, and where; how much longer somebody needs. Nothing is ticked for them.

    `handed_over` is the sentence why a shop's goods can't be left outside, "" where they can.
    """

    outside = forms.BooleanField(
        label=_("You may leave it outside"),
        required=False,
        help_text=_("Then nobody needs to be at home, and there may be more times."),
    )
    safe_place = forms.ChoiceField(
        label=_("Where?"),
        required=False,
        choices=[("", _("Choose a place")), *LEFT_OUTSIDE.items()],
        widget=forms.Select(attrs={"class": "field__input"}),
        error_messages={"invalid_choice": _("Choose one of the places in the list.")},
    )
    note = forms.CharField(
        label=_("How do we find it?"),
        required=False,
        max_length=MOST_NOTE,
        help_text=_("Such as: left of the door. Please write no door codes here."),
        error_messages={
            "max_length": _("Say it in up to %(limit_value)d letters; these are %(show_value)d.")
        },
    )
    longer = forms.TypedChoiceField(
        label=_("Do you need longer at the door?"),
        required=False,
        coerce=int,
        choices=[
            (0, _("No")),
            (3, _("3 minutes more")),
            (5, _("5 minutes more")),
            (10, _("10 minutes more")),
        ],
        widget=forms.Select(attrs={"class": "field__input"}),
        error_messages={"invalid_choice": _("Choose one of the minutes in the list.")},
    )

    def __init__(self, *args: Any, handed_over: str = "", **kwargs: Any) -> None:
        kwargs.setdefault("auto_id", "door_%s")
        super().__init__(*args, **kwargs)
        self.handed_over = handed_over

    @classmethod
    def of(cls, door: Door, *, handed_over: str) -> Self:
        """Return the form as it was last answered."""
        said = {"outside": door.outside, "safe_place": door.safe_place, "note": door.note}
        return cls(initial=said | {"longer": door.extra_s // 60}, handed_over=handed_over)

    def clean_note(self) -> str:
        return one_line(self.cleaned_data["note"])

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        if not cleaned.get("outside"):  # then no place is asked for, so it can't be wrong
            for name in ("safe_place", "note"):
                self.errors.pop(name, None)
                cleaned.setdefault(name, "")
        elif self.handed_over:
            self.add_error(None, self.handed_over)
        elif not cleaned.get("safe_place") and "safe_place" not in self.errors:
            self.add_error("safe_place", _("Choose where we may leave it."))
        return cleaned

    @property
    def door(self) -> Door:
        """Return what was said. The form must be valid."""
        said = self.cleaned_data
        return Door(said["outside"], said["safe_place"], said["note"], 60 * (said["longer"] or 0))


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


class CodeForm(PlainForm):
    """The six digits, however they were pasted."""

    kept = ""

    code = forms.CharField(
        label=_("Six digits"),
        max_length=40,
        help_text=_("From the mail we have just sent."),
        error_messages={"required": _("Type the six digits from our mail.")},
        widget=forms.TextInput(
            attrs={"autocomplete": "one-time-code", "inputmode": "numeric", "pattern": "[0-9 ]*"}
        ),
    )

    def clean_code(self) -> str:
        typed = "".join(
            str(unicodedata.decimal(sign)) for sign in self.cleaned_data["code"] if sign.isdecimal()
        )
        if len(typed) != DIGITS:
            raise forms.ValidationError(_("It is six digits long. This try does not count."))
        return typed


class ReachForm(ContactForm):
    """How somebody is reached about a delivery that is booked. `was` says which contact they saw."""

    order_number = None  # type: ignore[assignment] # Django's way to leave a field out

    was = forms.CharField(widget=forms.HiddenInput, required=False, max_length=64)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["email"].help_text = _("All later mails go here, with the link to change the delivery.")


class PreferencesForm(PlainForm):
    """In which language we write, and when we don’t."""

    language = forms.ChoiceField(
        label=_("Language"),
        required=False,
        widget=forms.Select(attrs={"class": "field__input"}),
        help_text=_("Of our mails, and of these pages."),
        error_messages={"invalid_choice": _("Choose one of the languages in the list.")},
    )
    quiet_from = forms.TimeField(
        label=_("No mails from"),
        required=False,
        error_messages={"invalid": _("Write a time such as 22:00.")},
        widget=forms.TimeInput(format="%H:%M", attrs={"type": "time", "class": "field__input"}),
    )
    quiet_until = forms.TimeField(
        label=_("Until"),
        required=False,
        error_messages={"invalid": _("Write a time such as 07:00.")},
        widget=forms.TimeInput(format="%H:%M", attrs={"type": "time", "class": "field__input"}),
    )

    def __init__(self, *args: Any, languages: Collection[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["language"].choices = list(languages)  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        begins, ends = cleaned.get("quiet_from"), cleaned.get("quiet_until")
        if not {"quiet_from", "quiet_until"} & self.errors.keys():
            if (begins is None) != (ends is None):
                missing = "quiet_until" if ends is None else "quiet_from"
                self.add_error(missing, _("Write both times, or neither."))
            elif begins is not None and begins == ends:
                self.add_error("quiet_until", _("These are the same: then no mail would ever come."))
        return cleaned
