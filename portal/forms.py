"""What all our forms share: the look of their fields, and what they say when something is wrong."""

from collections.abc import Collection
from dataclasses import asdict, dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any, ClassVar
from unicodedata import category

from django import forms
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from portal.door import Door
from scheduling.facts import MOST_G, MOST_PARCELS, AddressFacts, VisitFacts, why_handed_over

if TYPE_CHECKING:
    from scheduling.models import Merchant

TEXT_INPUTS = (forms.TextInput, forms.EmailInput, forms.NumberInput, forms.PasswordInput, forms.Textarea)


BIDI_CONTROLS = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def one_line(text: str) -> str:
    """Return what was typed on one line, without signs that nobody sees or that turn words around."""
    seen = (sign if category(sign)[0] != "C" or sign == "\u200d" else " " for sign in text)
    return " ".join("".join(sign for sign in seen if sign not in BIDI_CONTROLS).split())


class PlainForm(forms.Form):
    """A form for templates/components/: see error_summary.html, field.html and choices.html there."""

    use_required_attribute = False  # our own sentences, not the browser's; the summary takes the focus
    problem_title: ClassVar[str | Promise] = _("Please check what you typed")
    kept: ClassVar[str | Promise] = _("Nothing is lost: everything you typed is still here.")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            if isinstance(field.widget, TEXT_INPUTS):
                field.widget.attrs.setdefault("class", "field__input")


class HintedChoiceField(forms.ChoiceField):
    """Radios with a sentence below each. `hints`: value -> sentence."""

    widget = forms.RadioSelect

    def __init__(self, *, hints: dict[str, str | Promise], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.hints = hints


LITRES_PER_KG = 6  # what carriers reckon where nobody measured
LEAST_ML_PER_PARCEL = 5_000


@dataclass(frozen=True, slots=True)
class Size:
    """What has to fit in a van, all together, and what it is worth in minor units; 0: nobody said."""

    parcels: int
    load_g: int
    load_ml: int
    worth_minor: int = 0

    def as_json(self) -> dict[str, int]:
        """Return plain JSON, which an older release beside this one reads where nobody said the worth."""
        return {name: value for name, value in asdict(self).items() if value or name != "worth_minor"}

    def facts(
        self,
        *,
        address: AddressFacts,
        shop: "Merchant",
        door: Door | None = None,
        requirements: Collection[str] = (),
    ) -> VisitFacts:
        """Return a visit with a shop's goods of this size; what is handed over is never left outside.

        `requirements` are those of these goods, beside those of all the shop's.
        """
        door, needed = door or Door(), tuple(dict.fromkeys((*shop.requirements, *requirements)))
        left = door.outside and not why_handed_over(needed)
        return VisitFacts(
            address=address,
            load_g=self.load_g,
            load_ml=self.load_ml,
            parcels=self.parcels,
            service_s=shop.seconds_at_door(left_outside=left, extra_s=door.extra_s),
            requirements=needed,
            worth_minor=self.worth_minor,
            extra_s=door.extra_s,
            safe_place=door.safe_place if left else "",
            safe_place_note=door.note if left else "",
        )


PRESETS = {
    "bag": Size(parcels=1, load_g=3_000, load_ml=15_000),
    "boxes": Size(parcels=2, load_g=9_000, load_ml=60_000),
    "large": Size(parcels=1, load_g=35_000, load_ml=250_000),
}
EXACT = "exact"


class CommaDecimalField(forms.DecimalField):
    """A number whose decimals may follow a comma: 2,5."""

    def to_python(self, value: Any) -> Any:
        return super().to_python(value.replace(",", ".") if isinstance(value, str) else value)


class SizedForm(PlainForm):
    """How big: one of a few sizes, or exact numbers."""

    size = HintedChoiceField(
        label=_("How big is it?"),
        choices=[
            ("bag", _("A bag or a small box")),
            ("boxes", _("A few boxes")),
            ("large", _("Something large")),
            (EXACT, _("I know the numbers")),
        ],
        hints={
            "bag": _("1 parcel, up to 3 kg."),
            "boxes": _("2 parcels, up to 9 kg together."),
            "large": _("1 parcel, up to 35 kg."),
        },
        error_messages={"required": _("Choose how big it is, so that we offer a van with room for it.")},
    )
    parcels = forms.IntegerField(
        label=_("Parcels"),
        required=False,
        min_value=1,
        max_value=MOST_PARCELS,
        widget=forms.TextInput(attrs={"inputmode": "numeric"}),
        error_messages={
            "invalid": _("Write the number of parcels in digits, such as 2."),
            "min_value": _("There must be at least 1 parcel."),
            "max_value": _(
                "We take up to %(limit_value)d parcels at once. Please contact the shop for more."
            ),
        },
    )
    weight = CommaDecimalField(
        label=_("Weight of all, in kg"),
        required=False,
        min_value=Decimal("0.01"),
        max_value=Decimal(MOST_G) / 1000,
        widget=forms.TextInput(attrs={"inputmode": "decimal"}),
        error_messages={
            "invalid": _("Write the weight in digits, such as 9 or 2.5."),
            "min_value": _("The weight must be more than zero."),
            "max_value": _("We take up to %(limit_value)d kg at once. For more, contact the shop."),
        },
    )

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        if cleaned.get("size") != EXACT:  # then the numbers are not asked for, so they can't be wrong
            self.errors.pop("parcels", None)
            self.errors.pop("weight", None)
        else:
            for name, sentence in (("parcels", _("How many parcels?")), ("weight", _("How heavy together?"))):
                if cleaned.get(name) is None and name not in self.errors:
                    self.add_error(name, sentence)
        return cleaned

    @property
    def sized(self) -> Size:
        """Return the size chosen or typed. The form must be valid."""
        chosen = self.cleaned_data["size"]
        if chosen != EXACT:
            return PRESETS[chosen]
        parcels, load_g = self.cleaned_data["parcels"], int(self.cleaned_data["weight"] * 1000)
        return Size(parcels, load_g, max(load_g * LITRES_PER_KG, parcels * LEAST_ML_PER_PARCEL))
