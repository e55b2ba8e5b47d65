"""The returns desk: what is expected, arrived and to be looked at; a scanner's field leads to each parcel."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from django.http import Http404, HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from portal.http import redirect_page, render_page
from portal.merchants.returns_desk_forms import ItemForm, PutRightForm, ReasonForm, ScanForm
from portal.merchants.returns_desk_words import ItemAtDesk, ReturnAtDesk, row_of
from portal.models.people import Role
from portal.photos import BadPhoto, plain_jpeg
from portal.services.photos import drop_photo, keep_picture, photo_response
from portal.staff import actor_of, require_merchant, roles_for
from returns.errors import NotExpected, NotYet
from returns.selectors.desk import Pile, desk_of, item_of, return_at_desk
from returns.selectors.withdrawable import waiting_for
from returns.services import inspections, putting_right, refunds
from scheduling import clock
from scheduling.errors import DomainError

if TYPE_CHECKING:
    from uuid import UUID

    from returns.models import Return, ReturnItem
    from scheduling.models import Merchant

DESK: Final = "merchants/returns/desk.html"
PAGE: Final = "merchants/returns/parcel.html"
PHOTOS: Final = "returns"


@require_safe
@require_merchant
def desk(request: HttpRequest, shop: Merchant) -> HttpResponse:
    """Show what waits, with the scanner's field first. `?done=` names what was just finished."""
    return _desk(request, shop, ScanForm())


def _desk(request: HttpRequest, shop: Merchant, form: ScanForm, *, status: int = 200) -> HttpResponse:
    now, done = clock.now(), request.GET.get("done", "")
    found = desk_of(shop, now=now)
    context: dict[str, Any] = {
        "merchant": shop,
        "form": form,
        "piles": [
            _pile("look", _("To look at"), _("Nothing has arrived that nobody looked at."), found.to_inspect),
            _pile("money", _("Money that waits for you"), _("No refund waits for anybody."), found.staff),
            _pile("asked", _("To decide"), _("Nobody waits to hear whether it may come back."), found.asked),
            _pile("expected", _("Expected"), _("Nothing is on its way."), found.expected),
            _pile("done", _("Done lately"), _("Nothing was finished in the last two days."), found.done),
        ],
        "done": return_at_desk(shop, done[:16]) if done else None,
        "unplaced": waiting_for(shop).count(),
        "manages": Role.MANAGER in roles_for(request.user, merchant=shop),
    }
    return render_page(request, DESK, context=context, status=status)


def _pile(name: str, title: str, empty: str, pile: Pile) -> dict[str, Any]:
    rows = [row_of(each) for each in pile.returns]
    return {"name": name, "title": title, "empty": empty, "rows": rows, "count": pile.count}


@require_POST
@require_merchant
def scan(request: HttpRequest, shop: Merchant) -> HttpResponse:
    """Note that a parcel arrived, and show it. What is unknown is said where it was scanned."""
    form = ScanForm(request.POST)
    if form.is_valid():
        code = form.cleaned_data["code"]
        try:
            found = inspections.receive(merchant=shop, code=code, actor=actor_of(request), now=clock.now())
        except NotExpected as error:
            form.add_error("code", str(error))
        else:
            return redirect_page(request, "merchants:desk-return", shop.slug, found.ref)
    return _desk(request, shop, form, status=422)


@require_safe
@require_merchant
def parcel(request: HttpRequest, shop: Merchant, ref: str) -> HttpResponse:
    """Show one return: what was announced, what is found, what becomes of the money."""
    return _parcel(request, shop, _found(shop, ref))


def _parcel(
    request: HttpRequest,
    shop: Merchant,
    found: Return,
    *,
    item_form: ItemForm | None = None,
    problem: str = "",
    form: ReasonForm | None = None,
    status: int = 200,
) -> HttpResponse:
    shown = ReturnAtDesk(found, [_at_desk(each, found, item_form) for each in found.items.all()])
    context = {
        "merchant": shop,
        "ret": found,
        "shown": shown,
        "owed": shown.owed(refunds.would_owe(found)) if shown.all_looked_at else "",
        "problem": problem,
        "form": item_form if item_form is not None and item_form.errors else form,
        "put_right": PutRightForm(states=shown.put_right, prefix="right"),
        "reason": ReasonForm(prefix="open"),
        "by_hand": ReasonForm(prefix="hand"),
    }
    return render_page(request, PAGE, context=context, status=status)


def _at_desk(item: ReturnItem, found: Return, form: ItemForm | None) -> ItemAtDesk:
    if form is None or form.prefix != f"i{item.pk}":
        form = _item_form(item, found)
    return ItemAtDesk(item, form, currency=found.currency)


def _item_form(item: ReturnItem, found: Return, *args: Any) -> ItemForm:
    expected = item.awaited if item.collected is None else min(item.collected, item.awaited)
    usual = {"received": expected, "accepted": expected, "grade": "as_new", "disposition": "stock"}
    exchanged = item.resolution in ("exchange", "replacement")
    return ItemForm(*args, prefix=f"i{item.pk}", initial=usual, currency=found.currency, exchanged=exchanged)


@require_POST
@require_merchant
def look(request: HttpRequest, shop: Merchant, ref: str, item: int) -> HttpResponse:
    """Note what was found of one item."""
    found, row = _item(shop, ref, item)
    form = _item_form(row, found, request.POST, request.FILES)
    if not form.is_valid():
        return _parcel(request, shop, found, item_form=form, status=422)
    now, photo = clock.now(), form.cleaned_data["photo"]
    try:
        path = keep_picture(plain_jpeg(photo, size=photo.size), folder=PHOTOS) if photo else ""
    except BadPhoto as error:
        form.add_error("photo", str(error))
        return _parcel(request, shop, found, item_form=form, status=422)
    try:
        inspections.inspect(row.pk, form.finding(), actor=actor_of(request), now=now)
        if path:
            inspections.add_desk_photo(row.pk, path, now=now)
    except DomainError as error:
        drop_photo(path)
        form.add_error(None, str(error))
        return _parcel(request, shop, found, item_form=form, status=409)
    return _back(request, shop, ref)


@require_POST
@require_merchant
def look_again(request: HttpRequest, shop: Merchant, ref: str, item: int) -> HttpResponse:
    """Take back what was noted of one item."""
    found, row = _item(shop, ref, item)
    return _done(
        request, shop, found, lambda: inspections.look_again(row.pk, actor=actor_of(request), now=clock.now())
    )


@require_POST
@require_merchant
def on_sale(request: HttpRequest, shop: Merchant, ref: str, item: int) -> HttpResponse:
    """Note that something is on sale again."""
    found, row = _item(shop, ref, item)
    return _done(
        request,
        shop,
        found,
        lambda: inspections.back_on_sale(row.pk, actor=actor_of(request), now=clock.now()),
    )


@require_POST
@require_merchant
def finish(request: HttpRequest, shop: Merchant, ref: str) -> HttpResponse:
    """End the inspection and settle what is owed; the next parcel's field comes first then."""
    found = _found(shop, ref)
    try:
        inspections.finish(found.pk, actor=actor_of(request), now=clock.now())
    except NotYet as error:
        return _parcel(request, shop, found, problem=str(error), status=409)
    response = redirect_page(request, "merchants:returns-desk", shop.slug)
    response["Location"] += f"?done={found.ref}"
    return response


@require_POST
@require_merchant
def put_right(request: HttpRequest, shop: Merchant, ref: str) -> HttpResponse:
    """Say by hand where a return is in truth, with a reason."""
    found = _found(shop, ref)
    form = PutRightForm(request.POST, states=ReturnAtDesk(found, []).put_right, prefix="right")
    if not form.is_valid():
        return _parcel(request, shop, found, form=form, status=422)
    said = form.cleaned_data
    return _done(
        request,
        shop,
        found,
        lambda: putting_right.put_right(
            found.pk, said["to"], reason=said["reason"], actor=actor_of(request), now=clock.now()
        ),
    )


@require_POST
@require_merchant
def open_again(request: HttpRequest, shop: Merchant, ref: str) -> HttpResponse:
    """Take back that an inspection was over, while nobody was asked to pay."""
    found = _found(shop, ref)
    form = ReasonForm(request.POST, prefix="open")
    if not form.is_valid():
        return _parcel(request, shop, found, form=form, status=422)
    reason = form.cleaned_data["reason"]
    return _done(
        request,
        shop,
        found,
        lambda: putting_right.open_again(found.pk, reason=reason, actor=actor_of(request), now=clock.now()),
    )


@require_POST
@require_merchant
def pay_by_hand(request: HttpRequest, shop: Merchant, ref: str, refund: UUID) -> HttpResponse:
    """Note how somebody of the shop paid a refund."""
    found = _with_refund(shop, ref, refund)
    form = ReasonForm(request.POST, prefix="hand")
    if not form.is_valid():
        return _parcel(request, shop, found, form=form, status=422)
    reason = form.cleaned_data["reason"]
    return _done(
        request,
        shop,
        found,
        lambda: refunds.pay_by_hand(refund, reason=reason, actor=actor_of(request), now=clock.now()),
    )


@require_POST
@require_merchant
def send_again(request: HttpRequest, shop: Merchant, ref: str, refund: UUID) -> HttpResponse:
    """Send a refund through Stripe once more: what was in its way is gone."""
    found = _with_refund(shop, ref, refund)
    return _done(
        request,
        shop,
        found,
        lambda: refunds.send_again(refund, actor=actor_of(request), now=clock.now()),
    )


@require_safe
@require_merchant
def photo(request: HttpRequest, shop: Merchant, ref: str, number: int) -> HttpResponse:
    """Show one photo of what comes back to who looks at it."""
    for item in _found(shop, ref).items.all():
        for each in item.photos.all():
            if each.pk == number:
                return photo_response(each.file, name="return.jpg")
    raise Http404


def _done(request: HttpRequest, shop: Merchant, found: Return, act: Any) -> HttpResponse:
    try:
        act()
    except DomainError as error:
        return _parcel(request, shop, _found(shop, found.ref), problem=str(error), status=409)
    return _back(request, shop, found.ref)


def _back(request: HttpRequest, shop: Merchant, ref: str) -> HttpResponse:
    return redirect_page(request, "merchants:desk-return", shop.slug, ref)


def _found(shop: Merchant, ref: str) -> Return:
    found = return_at_desk(shop, ref)
    if found is None:
        raise Http404
    return found


def _item(shop: Merchant, ref: str, pk: int) -> tuple[Return, ReturnItem]:
    found = _found(shop, ref)
    row = item_of(found, pk)
    if row is None:
        raise Http404
    return found, row


def _with_refund(shop: Merchant, ref: str, refund: UUID) -> Return:
    found = _found(shop, ref)
    if all(each.pk != refund for each in found.refunds.all()):
        raise Http404
    return found
