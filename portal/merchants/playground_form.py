"""What a developer may say of the widget: its attributes, and its looks."""

from typing import Any, Final

from django import forms
from django.core.validators import RegexValidator
from django.utils.translation import gettext_lazy as _

from portal.forms import PlainForm

ATTRIBUTES: Final = (
    "name", "locale", "postcode", "country", "basket_value", "theme", "min_height", "label",
)  # fmt: skip
LOOKS: Final = ("accent", "accent_text", "bg", "text", "border", "radius", "font", "focus")


def written(field: str) -> str:
    """Return a field's name as HTML and CSS write it."""
    return field.replace("_", "-")


VALUE: Final = RegexValidator(
    r"[;{}<>\\]", _("Write one value of CSS, without ; and braces."), inverse_match=True
)
LANGUAGE: Final = RegexValidator(r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$", _("Write a language such as en-GB."))


def look(name: str, example: str) -> forms.CharField:
    """Return the field of one custom property."""
    attrs = {"placeholder": example, "spellcheck": "false", "autocomplete": "off"}
    return forms.CharField(
        label=f"--doorstep-{name}",
        max_length=80,
        required=False,
        validators=[VALUE],
        widget=forms.TextInput(attrs=attrs),
    )


class PlaygroundForm(PlainForm):
    """An attribute or a custom property of the element by each field."""

    name = forms.CharField(label="name", max_length=60, required=False)
    locale = forms.CharField(label="locale", max_length=35, required=False, validators=[LANGUAGE])
    theme = forms.ChoiceField(
        label="theme",
        required=False,
        choices=[("", _("as the page")), ("light", "light"), ("dark", "dark"), ("auto", "auto")],
        widget=forms.Select(attrs={"class": "field__input"}),
    )
    postcode = forms.CharField(label="postcode", max_length=16, required=False)
    country = forms.CharField(label="country", max_length=2, required=False)
    basket_value = forms.CharField(label="basket-value", max_length=40, required=False)
    min_height = forms.IntegerField(label="min-height", min_value=0, max_value=4_000, required=False)
    label = forms.CharField(label="label", max_length=80, required=False)
    required = forms.BooleanField(label="required", required=False)

    accent = look("accent", "#0f5c63")
    accent_text = look("accent-text", "white")
    bg = look("bg", "hsl(40 30% 97%)")
    text = look("text", "#1c2326")
    border = look("border", "#dedad0")
    radius = look("radius", "4px")
    font = look("font", "Georgia, serif")
    focus = look("focus", "#1b4fa0")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, initial=self.beginning(), **kwargs)
        for names, kind in ((ATTRIBUTES, "data-attribute"), (LOOKS, "data-look")):
            for name in names:
                self.fields[name].widget.attrs |= {kind: written(name), "autocomplete": "off"}

    @property
    def looks(self) -> list[forms.BoundField]:
        """Return the fields of the custom properties."""
        return [self[name] for name in LOOKS]

    @property
    def attributes(self) -> list[forms.BoundField]:
        """Return the fields of the attributes that have a value."""
        return [self[name] for name in ATTRIBUTES]

    @staticmethod
    def beginning() -> dict[str, Any]:
        """Return what the form begins with."""
        return {"name": "delivery_hold", "locale": "en-GB", "required": True}
