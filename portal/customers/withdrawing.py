"""Withdrawing from a contract: said, then confirmed; without a reason, an account, or anybody's leave."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from django import forms
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.views.decorators.http import require_http_methods, require_safe

from portal.access import private, require_manage
from portal.customers import words
from portal.customers.bookings import order_note
from portal.customers.forms import FindForm
from portal.customers.pages import Notice, merchant_or_404, refuse, show
from portal.customers.returns_send import name_of
from portal.forms import PlainForm, one_line
from portal.http import redirect_page
from portal.messaging.facts import booking_of
from portal.services.lookup import lookup_wait_s
from portal.throttle import network_of
from returns.selectors.shown import lines_of, orders_brought
from returns.selectors.withdrawable import may_withdraw, withdrawable_until, withdrawn
from returns.services.withdrawals import state_withdrawal, withdraw
from scheduling import clock
from scheduling.errors import DomainError

if TYPE_CHECKING:
    from datetime import datetime

    from portal.models import AccessLink
    from returns.selectors.shown import Line
    from scheduling.models import Booking, Order

PAGE: Final = "customers/returns/withdraw.html"
SURE_PAGE: Final = "customers/returns/withdraw_sure.html"
STATE_PAGE: Final = "customers/returns/state.html"
STATED_PAGE: Final = "customers/returns/stated.html"
SURE: Final = "confirm"
CHANGE: Final = "change"
MOST_NAME: Final = 120


class WithdrawForm(PlainForm):
    """Who withdraws, and from what: all that is left, unless some of it is left out."""

    name = forms.CharField(
        label=lazy("Your name"),
        max_length=MOST_NAME,
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
        error_messages={
            "required": lazy("Write your name."),
            "max_length": lazy("Write your name in up to %(limit_value)d letters."),
        },
    )

    def __init__(self, *args: Any, lines: list[Line], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.lines = [line for line in lines if line.left]
        for line in self.lines:
            self.fields[f"take-{line.item.ref}"] = forms.BooleanField(
                label=name_of(line.left, line.item.name), required=False, initial=True
            )

    def clean_name(self) -> str:
        return one_line(self.cleaned_data["name"])

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        if self.lines and not self.errors and not self.chosen:
            self.add_error(None, _("Choose at least one thing."))
        return cleaned

    @property
    def chosen(self) -> list[Line]:
        """Return the lines that are meant."""
        return [line for line in self.lines if self.cleaned_data.get(f"take-{line.item.ref}")]

    @property
    def ticks(self) -> list[forms.BoundField]:
        """Return the lines as they are ticked."""
        return [self[f"take-{line.item.ref}"] for line in self.lines]


class StateForm(FindForm):
    """Who withdraws from which order, where there is no link."""

    name = forms.CharField(
        label=lazy("Your name"),
        max_length=MOST_NAME,
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
        error_messages={
            "required": lazy("Write your name."),
            "max_length": lazy("Write your name in up to %(limit_value)d letters."),
        },
    )
    field_order = ["name", "order_number", "email"]

    def clean_name(self) -> str:
        return one_line(self.cleaned_data["name"])

    def clean_order_number(self) -> str:
        return one_line(self.cleaned_data["order_number"])


# By a link


@require_manage
@require_http_methods(["GET", "HEAD", "POST"])
def by_link(request: HttpRequest, link: AccessLink) -> HttpResponse:
    """First step: say it. Second: confirm it. Confirming twice leads to what the first led to."""
    now, booked = clock.now(), booking_of(link.delivery)
    order = _order(request, link)
    if order is None or not may_withdraw(booked, now=now):
        return redirect_page(request, "customers:booking", link.delivery.ref)
    lines = lines_of(order)
    if not any(line.left for line in lines) and (made := withdrawn(link.delivery)):
        return redirect_page(request, "customers:returned", link.delivery.ref, made.ref)
    if request.method != "POST":
        form = WithdrawForm(initial={"name": link.delivery.contact_name}, lines=lines)
        return _show(request, link, booked, order, form)
    form, step = WithdrawForm(request.POST, lines=lines), request.POST.get("do", "")
    if not form.is_valid() or step == CHANGE:
        status = 200 if step == CHANGE else 422
        return _show(request, link, booked, order, form, status=status)
    said = statement_words(order, form)
    if step != SURE:
        return _ask_once_more(request, link, order, form, said)
    return _withdraw(request, link, booked, order, form, said, now=now)


def _order(request: HttpRequest, link: AccessLink) -> Order | None:
    found = orders_brought(link.delivery)
    asked = request.GET.get("order", "")
    return next((each for each in found if not asked or each.number == asked), None)


def statement_words(order: Order, form: WithdrawForm) -> str:
    """Return what is stated, as its receipt repeats it beside date and time."""
    things = words.listed([name_of(line.left, line.item.name) for line in form.chosen])
    known = {
        "number": order.number,
        "shop": order.merchant.name,
        "things": things or _("all of it"),
        "name": form.cleaned_data["name"],
    }
    sentence = _("I withdraw from the contract with %(shop)s about order %(number)s: %(things)s. %(name)s")
    return sentence % known


def _ask_once_more(
    request: HttpRequest, link: AccessLink, order: Order, form: WithdrawForm, said: str
) -> HttpResponse:
    context = _around(link, order) | {
        "said": said,
        "typed": [(name, value) for name, value in request.POST.items() if name in form.fields],
        "email": link.delivery.contact_email,
    }
    return show(request, link.delivery.merchant, SURE_PAGE, context)


def _withdraw(
    request: HttpRequest,
    link: AccessLink,
    booked: Booking,
    order: Order,
    form: WithdrawForm,
    said: str,
    *,
    now: datetime,
) -> HttpResponse:
    chosen = {line.item.ref: line.left for line in form.chosen}
    try:
        stated = withdraw(
            delivery=link.delivery,
            order_id=order.pk,
            name=form.cleaned_data["name"],
            content=said,
            quantities=chosen or None,
            actor=link.actor,
            now=now,
        )
    except DomainError as error:
        news = Notice(_("That did not work yet"), f"{error} {_('What you typed is kept.')}")
        return _show(request, link, booked, order, form, notice=news, status=409)
    if stated.of is None:
        return redirect_page(request, "customers:booking", link.delivery.ref)
    return redirect_page(request, "customers:returned", link.delivery.ref, stated.of.ref)


def _show(
    request: HttpRequest,
    link: AccessLink,
    booked: Booking,
    order: Order,
    form: WithdrawForm,
    *,
    notice: Notice | None = None,
    status: int = 200,
) -> HttpResponse:
    last = withdrawable_until(booked)
    context = _around(link, order) | {
        "form": form,
        "until": words.long_day(last) if last else "",
        "others": [each.number for each in orders_brought(link.delivery) if each.pk != order.pk],
        "email": link.delivery.contact_email,
        "notice": notice,
    }
    return show(request, link.delivery.merchant, PAGE, context, status=status)


def _around(link: AccessLink, order: Order) -> dict[str, Any]:
    return {"ref": link.delivery.ref, "number": order.number, "brand_note": order_note(link.delivery)}


# Without a link


@require_http_methods(["GET", "HEAD", "POST"])
def without_link(request: HttpRequest, merchant: str) -> HttpResponse:
    """State it by order number and e-mail. The same answer and time, whether there is such an order."""
    shop, now = merchant_or_404(merchant), clock.now()
    form = StateForm(request.POST if request.method == "POST" else None)
    if not form.is_valid() or request.POST.get("do") == CHANGE:
        status = 422 if request.method == "POST" and form.errors else 200
        return _private(show(request, shop, STATE_PAGE, {"form": form}, status=status))
    typed = form.cleaned_data
    known = {
        "shop": shop.name,
        "number": typed["order_number"],
        "name": typed["name"],
        "email": typed["email"],
    }
    said = _("I withdraw from the contract with %(shop)s about order %(number)s. %(name)s, %(email)s") % known
    if request.POST.get("do") != SURE:
        context = {
            "said": said,
            "typed": [(name, typed[name]) for name in form.fields],
            "shop_slug": merchant,
        }
        return _private(show(request, shop, SURE_PAGE, context))
    wait_s = lookup_wait_s(
        network=network_of(request), order_number=typed["order_number"], email=typed["email"], now=now
    )
    if wait_s:
        title = _("That was a lot at once")
        sentence = _("Please try again later, or write to the shop: that counts as well.")
        return refuse(request, shop, wait_s=wait_s, title=title, sentence=sentence)
    state_withdrawal(
        merchant=shop,
        name=typed["name"],
        order_number=typed["order_number"],
        email=typed["email"],
        content=said,
        actor="customer",
        now=now,
    )
    return redirect_page(request, "customers:withdrawal-stated", merchant)


@require_safe
def stated(request: HttpRequest, merchant: str) -> HttpResponse:
    """Say what happens now, whether an order was found or not."""
    return _private(show(request, merchant_or_404(merchant), STATED_PAGE, {}))


def _private(response: HttpResponse) -> HttpResponse:
    return private(response, referrer="same-origin")
