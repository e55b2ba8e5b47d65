"""What a shop's staff fill in."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from portal.forms import HintedChoiceField, PlainForm
from portal.models.keys import PUBLIC_SCOPES, KeyKind, Scope


class KeyForm(PlainForm):
    """A new key: what it is for, where it is used, and what it may do."""

    name = forms.CharField(
        label=_("What is it for?"),
        max_length=80,
        help_text=_("Such as: checkout server."),
        error_messages={"required": _("Say what the key is for, so that you know it again.")},
    )
    kind = HintedChoiceField(
        label=_("Where is it used?"),
        choices=[(KeyKind.SECRET, _("On your server")), (KeyKind.PUBLISHABLE, _("In your pages"))],
        hints={
            KeyKind.SECRET.value: _("It may do all that is ticked below. Never put it in a page."),
            KeyKind.PUBLISHABLE.value: _("Everybody can read it: it asks for times and keeps them, no more."),
        },
        initial=KeyKind.SECRET,
        error_messages={"required": _("Say where the key is used.")},
    )
    scopes = forms.MultipleChoiceField(
        label=_("What may it do?"),
        choices=Scope.choices,
        widget=forms.CheckboxSelectMultiple,
        required=False,
        help_text=_("A key in a page can do the first two only, whatever is ticked."),
    )
    origins = forms.CharField(
        label=_("Pages that use it"),
        max_length=2_000,
        required=False,
        help_text=_("Only for a key in your pages: one address on a line, such as https://shop.example."),
        widget=forms.Textarea(attrs={"rows": 2, "spellcheck": "false"}),
    )

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        public = cleaned.get("kind") == KeyKind.PUBLISHABLE
        cleaned["origins"] = cleaned.get("origins", "").split() if public else []
        if public:
            cleaned["scopes"] = list(PUBLIC_SCOPES)
            if not cleaned["origins"]:
                self.add_error("origins", _("Write the address of each page that uses the key."))
        elif not cleaned.get("scopes") and "scopes" not in self.errors:
            self.add_error("scopes", _("Tick what the key may do."))
        return cleaned


class PagesForm(PlainForm):
    """Which pages may show the widget."""

    pages = forms.CharField(
        label=_("Pages that may show it"),
        max_length=4_000,
        required=False,
        help_text=_("One address on a line, such as https://shop.example. Nobody else can show it."),
        widget=forms.Textarea(attrs={"rows": 4, "spellcheck": "false"}),
    )
