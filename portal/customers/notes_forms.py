"""What a customer says of getting in. What is written is tidied; codes are taken and never given back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from django import forms
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from portal.forms import PlainForm
from portal.notes import STEP_BACK
from scheduling.ways_in import (
    CODES,
    DOGS,
    ENTRANCES,
    HEARING,
    LIFTS,
    MOBILITY,
    MOST_BUZZER,
    MOST_CODE,
    MOST_FLOOR,
    MOST_TEXT,
    PARKING,
    SPOKEN,
    STAIRS,
    WayIn,
    on_one_line,
    tidied,
)

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

TOO_LONG = _("Say it in up to %(limit_value)d letters; these are %(show_value)d.")


class WrittenField(forms.CharField):
    """Something written. What nobody can see in it is dropped before anything else is judged."""

    def __init__(self, *, lines: bool = False, **kwargs: Any) -> None:
        super().__init__(required=False, strip=False, **kwargs)
        self.lines = lines

    def to_python(self, value: Any) -> str:
        return (tidied if self.lines else on_one_line)(str(value or ""))

    def widget_attrs(self, widget: forms.Widget) -> dict[str, Any]:
        """Without maxlength: browsers would cut off what is pasted, and say nothing."""
        return {"dir": "auto"}


def _chosen(
    label: _StrPromise, choices: Mapping[str, str | Promise], unknown: _StrPromise
) -> forms.ChoiceField:
    return forms.ChoiceField(
        label=label,
        required=False,
        choices=[("", unknown), *choices.items()],
        widget=forms.Select(attrs={"class": "field__input"}),
        error_messages={"invalid_choice": _("Choose one of the list.")},
    )


class NotesForm(PlainForm):
    """How to get in. FIRST are asked for at once, all others under More."""

    buzzer = WrittenField(
        label=_("Name on the buzzer"),
        max_length=MOST_BUZZER,
        error_messages={"max_length": TOO_LONG},
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    entrance = _chosen(_("Entrance"), ENTRANCES, _("Nothing to say"))
    floor = WrittenField(
        label=_("Floor"),
        max_length=MOST_FLOOR,
        error_messages={"max_length": TOO_LONG},
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    lift = _chosen(_("Lift"), LIFTS, _("Not known"))
    parking = _chosen(_("Parking for the van"), PARKING, _("Not known"))
    stairs = _chosen(_("Stairs to the door"), STAIRS, _("Not known"))
    dog = _chosen(_("Dog"), DOGS, _("No dog"))
    hearing = _chosen(_("Hearing"), HEARING, _("Nothing to say"))
    mobility = _chosen(_("Moving about"), MOBILITY, _("Nothing to say"))
    speaks = _chosen(_("Language to speak at the door"), SPOKEN, _("Any"))
    step_back = forms.BooleanField(label=STEP_BACK, required=False)
    text = WrittenField(
        label=_("Anything else"),
        lines=True,
        max_length=MOST_TEXT,
        help_text=_("The driver reads it as you write it. Please write no codes here."),
        error_messages={
            "max_length": _(
                "These are %(show_value)d letters, and a driver can read up to %(limit_value)d. "
                "All of it is still here: please make it shorter."
            )
        },
        widget=forms.Textarea(attrs={"rows": 4}),
    )
    next_time = forms.BooleanField(
        label=_("Keep this for my next delivery"),
        required=False,
        help_text=_("From this shop, to this address and this e-mail address. We send a code there first."),
    )
    seen = forms.IntegerField(required=False, min_value=0, widget=forms.HiddenInput)

    FIRST = ("buzzer", "entrance", "floor", "lift")
    MORE = ("parking", "stairs", "dog", "hearing", "mobility", "speaks")
    LAST = ("step_back", "text")

    @property
    def first(self) -> list[forms.BoundField]:
        """Return the fields that are asked for at once."""
        return [self[name] for name in self.FIRST]

    @property
    def more(self) -> list[forms.BoundField]:
        """Return the choices under More."""
        return [self[name] for name in self.MORE]

    @property
    def opened(self) -> bool:
        """Whether More has something to show: something said, or something wrong."""
        names = (*self.MORE, *self.LAST)
        return any(self[name].value() or self[name].errors for name in names)

    @property
    def way_in(self) -> WayIn:
        """Return what was said. The form must be valid."""
        return WayIn.of(self.cleaned_data)


class CodeInput(forms.TextInput):
    """Takes a code and never shows one: neither what is kept nor what was typed before an error."""

    def __init__(self) -> None:
        super().__init__(
            attrs={
                "autocomplete": "off",
                "autocapitalize": "off",
                "autocorrect": "off",
                "spellcheck": "false",  # some browsers send what they check to their makers
            }
        )

    def format_value(self, value: Any) -> None:
        return None


class CodeField(forms.CharField):
    """A gate or door code."""

    def __init__(self, **kwargs: Any) -> None:
        too_long = _("A code has up to %(limit_value)d letters, digits or signs; these are %(show_value)d.")
        super().__init__(
            required=False,
            max_length=MOST_CODE,
            widget=CodeInput(),
            error_messages={"max_length": too_long},
            **kwargs,
        )

    def to_python(self, value: Any) -> str:
        return on_one_line(str(value or ""))

    def widget_attrs(self, widget: forms.Widget) -> dict[str, Any]:
        """Without maxlength: a code that is cut off opens nothing."""
        return {}


class CodesForm(PlainForm):
    """One code or both. Nothing typed here is ever shown again."""

    kept = _("Codes are not shown again: please type them once more.")

    gate_code = CodeField(label=_("Gate code"), help_text=_("For a gate, a yard or the house."))
    door_code = CodeField(label=_("Door code"), help_text=_("For your own door or staircase."))

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        if not any(cleaned.get(code) for code in CODES) and not self.errors:
            self.add_error("gate_code", _("Write a code, or go back."))
        return cleaned

    @property
    def typed(self) -> dict[str, str]:
        """Return the codes that were typed. The form must be valid."""
        return {code: self.cleaned_data[code] for code in CODES if self.cleaned_data[code]}
