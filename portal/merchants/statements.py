"""Withdrawals that fit no order: the shop finds the order, or says what it did about them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from django import forms
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST, require_safe

from portal.forms import PlainForm, one_line
from portal.http import redirect_page, render_page
from portal.staff import actor_of, names_of, require_merchant
from returns.selectors.withdrawable import answered_lately, waiting_for
from returns.services import withdrawals
from scheduling import clock
from scheduling.errors import DomainError

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest, HttpResponse

    from returns.models import Withdrawal
    from scheduling.models import Merchant

PAGE: Final = "merchants/returns/statements.html"
LATELY: Final = timedelta(days=14)
SHOWN: Final = 50


class PlaceForm(PlainForm):
    """Which order was meant."""

    problem_title = _("That order could not be taken")
    number = forms.CharField(
        label=_("The order that is meant"),
        max_length=64,
        error_messages={"required": _("Type the order’s number.")},
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )

    def clean_number(self) -> str:
        return one_line(str(self.cleaned_data["number"]))


class AnswerForm(PlainForm):
    """What was done about a statement that means no order of ours."""

    problem_title = _("That is not answered yet")
    answer = forms.CharField(
        label=_("No order is meant: what did you do?"),
        max_length=200,
        help_text=_("For your colleagues, such as “wrote to them, they bought it elsewhere”."),
        error_messages={"required": _("Say in a few words what you did.")},
    )

    def clean_answer(self) -> str:
        return one_line(str(self.cleaned_data["answer"]))


@dataclass(frozen=True, slots=True)
class Waiting:
    """One statement, with the two forms that end its wait."""

    stated: Withdrawal
    place: PlaceForm
    answer: AnswerForm


@require_safe
@require_merchant
def statements(request: HttpRequest, shop: Merchant) -> HttpResponse:
    """Show what waits, the longest waiting first, and what was answered lately."""
    return _page(request, shop)


@require_POST
@require_merchant
def place(request: HttpRequest, shop: Merchant, number: int) -> HttpResponse:
    """Lead a statement on to the order that somebody found."""
    form = PlaceForm(request.POST, prefix=f"p{number}")

    def lead_on() -> object:
        wanted = form.cleaned_data["number"]
        return withdrawals.place_statement(
            number, merchant=shop, order_number=wanted, actor=actor_of(request), now=clock.now()
        )

    return _ended(request, shop, number, form, lead_on)


@require_POST
@require_merchant
def answer(request: HttpRequest, shop: Merchant, number: int) -> HttpResponse:
    """Close a statement that means no order."""
    form = AnswerForm(request.POST, prefix=f"a{number}")

    def close() -> object:
        said = form.cleaned_data["answer"]
        return withdrawals.answer_statement(
            number, merchant=shop, answer=said, actor=actor_of(request), now=clock.now()
        )

    return _ended(request, shop, number, form, close)


def _ended(
    request: HttpRequest, shop: Merchant, number: int, form: PlainForm, act: Callable[[], object]
) -> HttpResponse:
    if not form.is_valid():
        return _page(request, shop, number=number, form=form, status=422)
    try:
        act()
    except DomainError as error:
        form.add_error(None if error.code == "statement_answered" else next(iter(form.fields)), str(error))
        return _page(request, shop, number=number, form=form, status=409)
    return redirect_page(request, "merchants:statements", shop.slug)


def _page(
    request: HttpRequest,
    shop: Merchant,
    *,
    number: int | None = None,
    form: PlainForm | None = None,
    status: int = 200,
) -> HttpResponse:
    answered = answered_lately(shop, since=clock.now() - LATELY)
    names = names_of(each.answered_by for each in answered)
    rows = waiting_for(shop)
    context: dict[str, Any] = {
        "merchant": shop,
        "form": form,
        "count": rows.count(),
        "waiting": [_waiting(each, form if each.pk == number else None) for each in rows[:SHOWN]],
        "answered": [(each, names.get(each.answered_by, "")) for each in answered[:SHOWN]],
    }
    return render_page(request, PAGE, context=context, status=status)


def _waiting(stated: Withdrawal, form: PlainForm | None) -> Waiting:
    return Waiting(
        stated,
        form if isinstance(form, PlaceForm) else PlaceForm(prefix=f"p{stated.pk}"),
        form if isinstance(form, AnswerForm) else AnswerForm(prefix=f"a{stated.pk}"),
    )
