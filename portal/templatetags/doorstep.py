"""What our templates need beyond Django's own tags."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django import forms, template

register = template.Library()


@dataclass(frozen=True, slots=True)
class Problem:
    """One field's error, and the id of the control that puts it right."""

    target: str
    sentence: str


@register.filter
def of(mapping: Mapping[Any, Any] | None, key: Any) -> Any:
    """Return what `mapping` says about `key`, or an empty string."""
    return (mapping or {}).get(key, "")


@register.filter
def problems(form: forms.Form) -> list[Problem]:
    """Return a form's field errors in the order of its fields, one for each field."""
    return [
        Problem(field.id_for_label or f"{field.auto_id}_0", str(field.errors[0]))
        for field in form
        if field.errors
    ]
