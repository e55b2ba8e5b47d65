"""What all our forms share: the look of their fields, and what they say when something is wrong."""

from typing import Any, ClassVar

from django import forms
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

TEXT_INPUTS = (forms.TextInput, forms.EmailInput, forms.NumberInput, forms.PasswordInput, forms.Textarea)


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
