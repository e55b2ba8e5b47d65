"""A shop brings its orders by a list: chosen, followed while it is taken in, and what was wrong with it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from django import forms
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from portal.forms import PlainForm, one_line
from portal.http import redirect_page, render_page
from portal.models.people import Role
from portal.sheets import sheet_response
from portal.staff import actor_of, require_merchant, roles_for
from scheduling import clock
from scheduling.errors import BadFile
from scheduling.order_files import COLUMNS, MOST_BYTES, NEEDED
from scheduling.selectors.imports import import_of, imports_of
from scheduling.services.order_imports import begin_import, said_of
from scheduling.tasks import wake_imports

if TYPE_CHECKING:
    from uuid import UUID

    from scheduling.models import Merchant, OrderImport

PAGE: Final = "merchants/orders/page.html"
ONE_PAGE: Final = "merchants/orders/one.html"
PART: Final = "merchants/orders/_progress.html"
MOST_LISTED: Final = 50
EXAMPLE: Final = """\
order,email,sku,item,price,quantity,category
10482,aino@example.com,CUP-2,Cup,12.90,2,kitchen
10482,,COAT-M,Coat,89.00,1,clothes"""


class ListForm(PlainForm):
    """The file."""

    file = forms.FileField(
        label=gettext_lazy("The list, as CSV"),
        help_text=gettext_lazy("One line for each thing bought; up to 200,000 lines and 32 MB."),
        error_messages={
            "required": gettext_lazy("Choose the file first."),
            "empty": gettext_lazy("The file is empty."),
            "invalid": gettext_lazy("Choose the file first."),
        },
        widget=forms.FileInput(attrs={"class": "field__input", "accept": ".csv,.txt,text/csv"}),
        max_length=255,
    )

    def clean_file(self) -> Any:
        file = self.cleaned_data["file"]
        if file.size > MOST_BYTES:
            raise forms.ValidationError(_("The file is larger than 32 MB. Part it."))
        return file


@require_merchant
@require_http_methods(["GET", "HEAD", "POST"])
def orders(request: HttpRequest, shop: Merchant) -> HttpResponse:
    """Show what was brought lately, and take another list. It names customers: that is for managers."""
    _require_manager(request, shop)
    if request.method != "POST":
        return _shown(request, shop, ListForm())
    form = ListForm(request.POST, request.FILES)
    if not form.is_valid():
        return _shown(request, shop, form, status=422)
    file = form.cleaned_data["file"]
    try:
        row = begin_import(
            merchant=shop,
            content=file.read(),
            name=one_line(file.name),
            actor=actor_of(request),
            now=clock.now(),
        )
    except BadFile as error:
        form.add_error("file", str(error))
        return _shown(request, shop, form, status=422)
    wake_imports()
    return redirect_page(request, "merchants:order-import", shop.slug, row.pk)


@require_safe
@require_merchant
def order_import(request: HttpRequest, shop: Merchant, pk: UUID) -> HttpResponse:
    """Show how far a list is, or what came of it. Asks for itself until it is over."""
    row = _found(request, shop, pk)
    context = {"merchant": shop, "list": _told(row), "bad": row.bad[:MOST_LISTED], "row": row}
    return render_page(request, ONE_PAGE, PART, context)


@require_safe
@require_merchant
def bad_lines(request: HttpRequest, shop: Merchant, pk: UUID) -> HttpResponse:
    """Hand out the bad lines for a spreadsheet."""
    row = _found(request, shop, pk)
    rows = [[_("line"), _("what is wrong")], *row.bad]
    return sheet_response(f"bad-lines-{shop.slug}.csv", rows)


def _require_manager(request: HttpRequest, shop: Merchant) -> None:
    if Role.MANAGER not in roles_for(request.user, merchant=shop):
        raise PermissionDenied


def _found(request: HttpRequest, shop: Merchant, pk: UUID) -> OrderImport:
    _require_manager(request, shop)
    row = import_of(shop, pk)
    if row is None:
        raise Http404
    return row


def _told(row: OrderImport) -> dict[str, Any]:
    """Return a list's state in words, and how much of it is done."""
    done, most = {
        "reading": (row.lines_read, max(row.lines, row.lines_read, 1)),
        "writing": (row.orders_done, max(row.orders, 1)),
    }.get(row.state, (1, 1))
    more = row.bad_count - min(len(row.bad), MOST_LISTED)
    return {
        "pk": row.pk,
        "name": row.name,
        "sentence": said_of(row),
        "over": row.over,
        "refused": bool(row.bad_count),
        "done": done,
        "most": most,
        "more": more,
        "at": f"{row.made_at:%Y-%m-%d %H:%M} UTC",
    }


def _shown(request: HttpRequest, shop: Merchant, form: ListForm, *, status: int = 200) -> HttpResponse:
    context = {
        "merchant": shop,
        "form": form,
        "lists": [_told(row) for row in imports_of(shop)],
        "example": EXAMPLE,
        "needed": NEEDED,
        "others": [name for name in COLUMNS if name not in NEEDED],
    }
    return render_page(request, PAGE, context=context, status=status)
