"""Where it may be left when nobody opens, and how much longer somebody needs, asked after booking."""

from typing import Any, Final, Self

from django import forms
from django.utils.translation import gettext_lazy as _

from portal.door import minutes_more
from portal.forms import HintedChoiceField, PlainForm, one_line
from portal.photos import ACCEPT, BadPhoto
from portal.services.photos import keep_photo
from scheduling.facts import MOST_EXTRA_S, MOST_NAME, MOST_NOTE, MOST_UNIT, NEIGHBOUR, SAFE_PLACES, SafePlace

HOME: Final = "home"
MINUTES: Final = (0, 3, 5, 10, 15, 20, 30)
TOO_LONG: Final = _("Say it in up to %(limit_value)d letters; these are %(show_value)d.")


class SafePlaceForm(PlainForm):
    """One of the places, or nowhere; a neighbour has a name and a house or flat."""

    place = HintedChoiceField(
        label=_("When nobody opens"),
        choices=[(HOME, _("Don’t leave it")), *SAFE_PLACES.items()],
        hints={
            HOME: _("I’ll be at home, or somebody else opens."),
            "own_box": _("A box that only you and the driver can open."),
            NEIGHBOUR: _("Ask them first. Write their name and door below."),
        },
        error_messages={
            "required": _("Choose where we may leave it, or that we may not."),
            "invalid_choice": _("Choose one of the places in the list."),
        },
    )
    neighbour = forms.CharField(
        label=_("Your neighbour’s name"),
        required=False,
        max_length=MOST_NAME,
        error_messages={"max_length": TOO_LONG},
    )
    neighbour_unit = forms.CharField(
        label=_("Their house or flat number"),
        required=False,
        max_length=MOST_UNIT,
        error_messages={"max_length": TOO_LONG},
    )
    note = forms.CharField(
        label=_("How do we find it?"),
        required=False,
        max_length=MOST_NOTE,
        help_text=_("Such as: left of the door. Please write no door codes here."),
        error_messages={"max_length": TOO_LONG},
    )
    photo = forms.FileField(
        label=_("A photo of the place"),
        required=False,
        allow_empty_file=True,
        help_text=_("JPEG, PNG or WebP, up to 12 MB. We keep the picture, not where or when it was taken."),
        widget=forms.FileInput(attrs={"accept": ACCEPT, "class": "field__input"}),
        error_messages={"invalid": _("Choose the photo once more: it did not arrive whole.")},
    )
    without_photo = forms.BooleanField(label=_("Take the photo off"), required=False)
    keep = forms.BooleanField(
        label=_("Keep this for next time"),
        required=False,
        help_text=_(
            "For what this shop brings to this door, by this e-mail address. We send a code there first."
        ),
    )

    @classmethod
    def of(cls, said: SafePlace, *, kept: bool) -> Self:
        """Return the form as it was last answered."""
        known = {"neighbour": said.neighbour, "neighbour_unit": said.neighbour_unit, "note": said.note}
        return cls(initial={"place": said.place or HOME, "keep": kept} | known)

    def clean_neighbour(self) -> str:
        return one_line(self.cleaned_data["neighbour"])

    def clean_neighbour_unit(self) -> str:
        return one_line(self.cleaned_data["neighbour_unit"])

    def clean_note(self) -> str:
        return one_line(self.cleaned_data["note"])

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        place = cleaned.get("place")
        if place == HOME:
            self._drop("note", "photo")
        if place != NEIGHBOUR:  # then nobody is asked for, so nothing about them can be wrong
            self._drop("neighbour", "neighbour_unit")
        else:
            self._require("neighbour", str(_("Write your neighbour’s name.")))
            self._require("neighbour_unit", str(_("Write your neighbour’s house or flat number.")))
        return cleaned

    def _drop(self, *names: str) -> None:
        for name in names:
            self.errors.pop(name, None)
            self.cleaned_data[name] = ""

    def _require(self, name: str, sentence: str) -> None:
        if not self.cleaned_data.get(name) and name not in self.errors:
            self.add_error(name, sentence)

    def keep_photo(self) -> str | None:
        """Keep the photo that was sent; return its path, "" if it shall go, None if it stays as it is.

        The form must be valid. Adds what is wrong with the photo to it, and raises BadPhoto.
        """
        sent = self.cleaned_data["photo"]
        if not sent:
            return "" if self.cleaned_data["without_photo"] else None
        try:
            return keep_photo(sent, size=sent.size)
        except BadPhoto as error:
            self.add_error("photo", str(error))
            raise

    @property
    def left_at(self) -> SafePlace:
        """Return what was said. The form must be valid."""
        said = self.cleaned_data
        place = "" if said["place"] == HOME else said["place"]
        return SafePlace(place, said["note"], said["neighbour"], said["neighbour_unit"])


class LongerForm(PlainForm):
    """How many minutes more; `now` is how many it is already, `most` how many it can become."""

    minutes = forms.TypedChoiceField(
        label=_("How much longer do you need?"),
        coerce=int,
        widget=forms.Select(attrs={"class": "field__input"}),
        error_messages={
            "required": _("Choose one of the minutes in the list."),
            "invalid_choice": _("Choose one of the minutes in the list."),
        },
    )

    def __init__(self, *args: Any, now_minutes: int, most: int = MOST_EXTRA_S // 60, **kwargs: Any) -> None:
        super().__init__(*args, initial={"minutes": now_minutes}, **kwargs)
        offered = sorted({minutes for minutes in (*MINUTES, now_minutes) if minutes <= most})
        words = [(each, minutes_more(60 * each) or _("As long as usual")) for each in offered]
        self.fields["minutes"].choices = words  # type: ignore[attr-defined]
