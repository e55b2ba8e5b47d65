"""What a customer says of what they send back: which things, why, what they want, how it travels."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.utils.translation import ngettext

from portal.customers.notes_forms import TOO_LONG, WrittenField
from portal.forms import HintedChoiceField, PlainForm
from portal.photos import ACCEPT, BadPhoto
from portal.services.photos import RETURNS, keep_photo
from returns.reasons import CONDITIONS, METHODS, REASONS, RESOLUTIONS
from returns.services.drafts import Answer

if TYPE_CHECKING:
    from django.utils.functional import Promise

    from returns.eligibility import Verdict
    from returns.models import ReturnItem

MOST_COUNTED: Final = 100
"""A list to choose a number from is no longer than this; who sends more back asks the shop."""
MOST_COMMENT: Final = 500
MOST_WANTED: Final = 80
HINTS: Final[Mapping[str, str | Promise]] = {
    "refund": lazy("To how you paid, once the shop has looked at it."),
    "exchange": lazy("The shop sends you the other one."),
    "replacement": lazy("The shop sends you a new one."),
    "credit": lazy("A code you can spend with the shop."),
    "keep": lazy("It stays with you. Nothing has to travel."),
}


class ChosenForm(PlainForm):
    """Which things, and how many of each. `left`: a line's own name -> how many its customer still has."""

    version = forms.IntegerField(min_value=0, widget=forms.HiddenInput)

    def __init__(self, *args: Any, left: Mapping[str, int], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.left = left
        for line, count in left.items():
            self.fields[f"take-{line}"] = forms.BooleanField(required=False)
            if count > 1:
                self.fields[f"count-{line}"] = _count(count)

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        if not self.errors and not any(self.quantities.values()):
            self.add_error(None, _("Choose at least one thing to send back."))
        return cleaned

    @property
    def quantities(self) -> dict[str, int]:
        """Return how many of each line go back. Its fields must be valid."""
        said = self.cleaned_data
        return {line: int(said.get(f"count-{line}") or 1) for line in self.left if said.get(f"take-{line}")}


def _count(left: int) -> forms.TypedChoiceField:
    numbers = range(1, min(left, MOST_COUNTED) + 1)
    return forms.TypedChoiceField(
        label=lazy("How many?"),
        coerce=int,
        required=False,
        choices=[(each, of_words(each, left)) for each in numbers],
        widget=forms.Select(attrs={"class": "field__input"}),
        error_messages={"invalid_choice": lazy("Choose how many, as the list has them.")},
    )


def of_words(count: int, left: int) -> str:
    """Return 1 of 2."""
    return ngettext("%(count)d of %(left)d", "%(count)d of %(left)d", count) % {"count": count, "left": left}


class WhyForm(PlainForm):
    """Why one thing goes back, and what its customer wants for it; judged by the shop's rules."""

    reason = forms.ChoiceField(
        label=lazy("Why does it go back?"),
        widget=forms.Select(attrs={"class": "field__input"}),
        error_messages={
            "required": lazy("Choose why it goes back."),
            "invalid_choice": lazy("Choose one of the list."),
        },
    )
    condition = forms.ChoiceField(
        label=lazy("How is it?"),
        required=False,
        widget=forms.Select(attrs={"class": "field__input"}),
        error_messages={"invalid_choice": lazy("Choose one of the list.")},
    )
    comment = WrittenField(
        label=lazy("Anything the shop should know"),
        lines=True,
        max_length=MOST_COMMENT,
        error_messages={"max_length": TOO_LONG},
        widget=forms.Textarea(attrs={"rows": 2}),
    )
    photo = forms.FileField(
        label=lazy("A photo of it"),
        required=False,
        allow_empty_file=True,
        help_text=lazy(
            "JPEG, PNG or WebP, up to 12 MB. We keep the picture, not where or when it was taken."
        ),
        widget=forms.FileInput(attrs={"accept": ACCEPT, "class": "field__input"}),
        error_messages={"invalid": lazy("Choose the photo once more: it did not arrive whole.")},
    )
    without = forms.MultipleChoiceField(required=False)
    resolution = HintedChoiceField(
        label=lazy("What do you want for it?"),
        hints=dict(HINTS),
        error_messages={
            "required": lazy("Choose what you want for it."),
            "invalid_choice": lazy("Choose one of the list."),
        },
    )
    wanted_sku = WrittenField(
        label=lazy("Which size or colour instead?"),
        max_length=MOST_WANTED,
        error_messages={"max_length": TOO_LONG},
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )

    def __init__(self, *args: Any, item: ReturnItem, judge: Judge, **kwargs: Any) -> None:
        kept = {name: getattr(item, name) for name in _KEPT}
        if not item.reason:
            del kept["resolution"]
        super().__init__(*args, prefix=item.item.ref, initial=kept, **kwargs)
        self.item, self.judge = item, judge
        usual = judge("", "")
        self._offer("reason", usual.reasons, REASONS, none=_("Choose a reason"))
        self._offer("condition", tuple(CONDITIONS), CONDITIONS, none=_("Not said"))
        self._offer("resolution", usual.resolutions, RESOLUTIONS)
        photos = [(str(each.pk), "") for each in item.photos.all()]
        self.fields["without"].choices = photos  # type: ignore[attr-defined]

    def _offer(self, name: str, keys: Iterable[str], words: Mapping[str, Promise], *, none: str = "") -> None:
        choices = [(key, words[key]) for key in words if key in keys]
        self.fields[name].choices = ([("", none)] if none else []) + choices  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        if not cleaned.get("reason"):
            return cleaned
        verdict = self.judge(cleaned["reason"], cleaned.get("condition", ""))
        if not verdict.allowed:
            self.add_error("reason", verdict.sentence)
            return cleaned
        for name, sentence in self._problems(verdict, cleaned):
            self.add_error(name, sentence)
        return cleaned

    def _problems(self, verdict: Verdict, said: Mapping[str, Any]) -> Iterable[tuple[str, str]]:
        if verdict.conditions and said.get("condition") not in verdict.conditions:
            yield "condition", _("Say how it is: the shop’s rules ask for it.")
        if verdict.needs_photo and not self._has_photo(said):
            yield "photo", _("For this reason the shop needs a photo of what is wrong.")
        wanted = said.get("resolution", "")
        if wanted and wanted not in verdict.resolutions:
            yield "resolution", _("The shop does not give this for that reason. Choose another.")
        if wanted == "exchange" and not said.get("wanted_sku"):
            yield "wanted_sku", _("Write which size or colour you want instead.")

    def _has_photo(self, said: Mapping[str, Any]) -> bool:
        gone = set(said.get("without", ()))
        return bool(said.get("photo")) or any(str(each.pk) not in gone for each in self.item.photos.all())

    def keep_photo(self) -> str:
        """Keep the photo that was sent, if one was; return its path. Raises BadPhoto, having said so here."""
        sent = self.cleaned_data.get("photo")
        if not sent:
            return ""
        try:
            return keep_photo(sent, size=sent.size, folder=RETURNS)
        except BadPhoto as error:
            self.add_error("photo", str(error))
            raise

    def answer(self, photo: str) -> Answer:
        """Return what was said. The form must be valid."""
        said = self.cleaned_data
        return Answer(
            line=self.item.item.ref,
            reason=said["reason"],
            resolution=said["resolution"],
            condition=said["condition"],
            comment=said["comment"],
            wanted_sku=said["wanted_sku"] if said["resolution"] == "exchange" else "",
            photo=photo,
            without=[int(each) for each in said["without"]],
        )


_KEPT: Final = ("reason", "condition", "comment", "resolution", "wanted_sku")


class MethodForm(PlainForm):
    """How it travels. `ways`: what can be chosen -> what it costs, in words."""

    method = HintedChoiceField(
        label=lazy("How does it travel?"),
        hints={},
        error_messages={
            "required": lazy("Choose how it travels."),
            "invalid_choice": lazy("Choose one of the list."),
        },
    )
    version = forms.IntegerField(min_value=0, widget=forms.HiddenInput)

    def __init__(self, *args: Any, ways: Sequence[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["method"]
        field.choices = [(way, METHODS[way]) for way, _cost in ways]  # type: ignore[attr-defined]
        field.hints = dict(ways)  # type: ignore[attr-defined]


class VersionForm(PlainForm):
    """A page that changes something says which state of it was seen, and what it was to cost."""

    version = forms.IntegerField(min_value=0, widget=forms.HiddenInput)
    fee = forms.IntegerField(min_value=0, required=False, widget=forms.HiddenInput)


if TYPE_CHECKING:
    from collections.abc import Callable

    Judge = Callable[[str, str], Verdict]
