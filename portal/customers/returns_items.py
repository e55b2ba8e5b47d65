"""Sending something back, first step: what goes back of an order, and how many.

Each step keeps what was chosen on the server, so that it goes on in another tab or on another device.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from portal.access import require_manage
from portal.customers import words
from portal.customers.pages import Notice, show
from portal.customers.returns_forms import ChosenForm
from portal.customers.returns_send import name_of
from portal.customers.returns_steps import around
from portal.http import redirect_page
from portal.messaging.facts import booking_of
from portal.services.erasure import remove_files
from returns.selectors.policies import ground_of, today_for, verdict_on
from returns.selectors.shown import Line, draft_of, lines_of, orders_brought
from returns.selectors.withdrawable import may_withdraw
from returns.services.drafts import choose_items
from scheduling import clock
from scheduling.errors import DomainError

if TYPE_CHECKING:
    from django.forms import BoundField

    from portal.models import AccessLink
    from returns.models import Return
    from returns.selectors.policies import Ground
    from scheduling.models import Order

PAGE: Final = "customers/returns/items.html"


@dataclass(frozen=True, slots=True)
class Thing:
    """A line of an order as it is chosen from: without `take` it can't be, and `why` says so."""

    name: str
    price: str
    why: str
    take: BoundField | None = None
    count: BoundField | None = None


@require_manage
@require_http_methods(["GET", "HEAD", "POST"])
def begin(request: HttpRequest, link: AccessLink) -> HttpResponse:
    """Ask what goes back of what this delivery brought."""
    order, now = _order(request, link), clock.now()
    if order is None or not order.items.all():
        return _show_items(request, link, order, [], None, status=422 if request.POST else 200)
    draft = draft_of(link.delivery, order)
    lines = lines_of(order)
    ground = ground_of(order, link.delivery, today=today_for(order, link.delivery, now=now))
    left = {line.item.ref: line.left for line in lines if line.left and _may(line, ground)}
    if request.method != "POST":
        form = ChosenForm(initial=_chosen(draft), left=left)
        return _show_items(request, link, order, _things(lines, ground, form), form)
    form = ChosenForm(request.POST, left=left)
    if not form.is_valid():
        return _show_items(request, link, order, _things(lines, ground, form), form, status=422)
    try:
        draft = choose_items(
            delivery=link.delivery,
            order_id=order.pk,
            quantities=form.quantities,
            version=form.cleaned_data["version"],
            now=now,
        )
    except DomainError as error:
        return _chosen_meanwhile(request, link, order, left, ground, error)
    remove_files()
    return redirect_page(request, "customers:return-why", link.delivery.ref, draft.ref)


def _order(request: HttpRequest, link: AccessLink) -> Order | None:
    """Return the order that is meant: the one asked for, or the delivery's own."""
    found = orders_brought(link.delivery)
    asked = request.GET.get("order", "")
    if not asked:
        return next((each for each in found if each.items.all()), found[0] if found else None)
    named = next((each for each in found if each.number == asked), None)
    if named is None:
        raise Http404
    return named


def _may(line: Line, ground: Ground) -> bool:
    return verdict_on(line.item, ground).allowed


def _chosen(draft: Return | None) -> dict[str, Any]:
    known: dict[str, Any] = {"version": draft.version if draft else 0}
    for each in draft.items.all() if draft else ():
        known |= {f"take-{each.item.ref}": True, f"count-{each.item.ref}": each.quantity}
    return known


def _things(lines: list[Line], ground: Ground, form: ChosenForm) -> list[Thing]:
    return [_thing(line, ground, form) for line in lines]


def _thing(line: Line, ground: Ground, form: ChosenForm) -> Thing:
    item, verdict = line.item, verdict_on(line.item, ground)
    price = words.money(item.price_minor, ground.currency)
    name = name_of(item.quantity, item.name)
    if not line.left:
        return Thing(name, price, _("It is on its way back already."))
    if item.ref not in form.left:
        return Thing(name, price, verdict.sentence)
    take, count = f"take-{item.ref}", f"count-{item.ref}"
    return Thing(name, price, verdict.sentence, form[take], form[count] if count in form.fields else None)


def _chosen_meanwhile(
    request: HttpRequest,
    link: AccessLink,
    order: Order,
    left: dict[str, int],
    ground: Ground,
    error: DomainError,
) -> HttpResponse:
    """Show what is chosen now beside why nothing was changed: another tab was quicker."""
    lines = lines_of(order)
    left = {line.item.ref: line.left for line in lines if line.left and line.item.ref in left}
    form = ChosenForm(initial=_chosen(draft_of(link.delivery, order)), left=left)
    news = Notice(str(error), _("Below is how it is now. Look at it once more, then go on."))
    things = _things(lines, ground, form)
    return _show_items(request, link, order, things, form, notice=news, status=409)


def _show_items(
    request: HttpRequest,
    link: AccessLink,
    order: Order | None,
    things: list[Thing],
    form: ChosenForm | None,
    *,
    notice: Notice | None = None,
    status: int = 200,
) -> HttpResponse:
    others = [each.number for each in orders_brought(link.delivery) if order and each.pk != order.pk]
    context = around(link) | {
        "form": form,
        "things": things,
        "any": bool(form and form.left),
        "others": others,
        "withdraw_url": withdraw_url(link),
        "notice": notice,
    }
    return show(request, link.delivery.merchant, PAGE, context, status=status)


def withdraw_url(link: AccessLink) -> str:
    """Return where to withdraw by law, while the period for that runs. One query."""
    if not may_withdraw(booking_of(link.delivery), now=clock.now()):
        return ""
    return reverse("customers:withdraw", args=[link.delivery.ref])
