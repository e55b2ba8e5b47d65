"""What our templates need beyond Django's own tags."""

import re
from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from django import forms, template
from django.conf import settings
from django.template.loader import render_to_string
from django.utils.html import conditional_escape
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language

register = template.Library()

RANGE = re.compile(r"\d{1,2}(?::\d{2})?–\d{1,2}(?::\d{2})?")


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


@register.simple_tag
def drawn(name: str, **values: Hashable) -> SafeString:
    """Return a template that sees these values and the language, nothing else: drawn once in a process.

    For what a page repeats, and the next page again: a day, the words of a time. Values are plain or frozen,
    never rows of the database, which stay equal when they change; what differs each time (tokens) stays out.
    """
    draw = _drawn.__wrapped__ if settings.DEBUG else _drawn  # who edits a template wants to see it
    return draw(name, get_language(), tuple(values.items()))


@lru_cache(maxsize=4096)
def _drawn(name: str, _language: str | None, values: tuple[tuple[str, Hashable], ...]) -> SafeString:
    return mark_safe(render_to_string(name, dict(values)).rstrip("\n"))  # noqa: S308  # drawn with escapes


@register.filter
def keep(text: object) -> SafeString:
    """Return `text` with every range of hours in a span that never breaks in the middle."""
    escaped = conditional_escape(str(text))
    return mark_safe(RANGE.sub(r'<span class="keep">\g<0></span>', escaped))  # noqa: S308  # escaped above
