"""What the set-up pages are made of: rows that staff write, and rows that they only look at."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, ClassVar

from django import forms
from django.contrib import admin
from django.db.models import Model
from django.forms import BaseInlineFormSet as PlainFormSet
from django.http import HttpRequest

from scheduling.errors import BadSetUp

if TYPE_CHECKING:  # generic for the type checker alone
    Page = admin.ModelAdmin[Any]
    Inline = admin.TabularInline[Any, Any]
    BaseInlineFormSet = PlainFormSet[Any, Any, Any]
    Form = forms.ModelForm[Any]
else:
    Page, Inline, BaseInlineFormSet = admin.ModelAdmin, admin.TabularInline, PlainFormSet
    Form = forms.ModelForm


class SetUp(Page):
    """A row that staff write. `once`: fields which plans rely on, written only when the row is made."""

    once: ClassVar[tuple[str, ...]] = ()

    def get_readonly_fields(self, request: HttpRequest, obj: Model | None = None) -> Any:
        return (*super().get_readonly_fields(request, obj), *(self.once if obj else ()))


@contextmanager
def refusal_at(form: Form, field: str) -> Iterator[None]:
    """Show a refused change beside a field. The admin saves in the same transaction what was judged."""
    try:
        yield
    except BadSetUp as error:
        form.add_error(field, str(error))


class LookOnly(Page):
    """A row that services write, and nobody else."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False
