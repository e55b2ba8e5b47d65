"""Which pages may show a shop's widget, and the line of HTML that shows it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from portal.http import redirect_page, render_page
from portal.merchants.forms import PagesForm
from portal.models.people import Role
from portal.services.sessions import list_origins, listed_origins
from portal.staff import require_merchant, roles_for
from scheduling.errors import DomainError

if TYPE_CHECKING:
    from scheduling.models import Merchant

PAGE: Final = "merchants/widget/page.html"
LINE: Final = """\
<script src="{host}/embed/v1/slots.js" async crossorigin></script>
<doorstep-slots name="delivery_hold" merchant="{shop}" session="st_…" required>
  <a slot="fallback" href="{host}/s/{shop}/">{link}</a>
</doorstep-slots>"""


@require_merchant
@require_http_methods(["GET", "HEAD", "POST"])
def widget(request: HttpRequest, shop: Merchant) -> HttpResponse:
    """List the pages that may show the widget. Whoever lists a page lets it keep times: for managers."""
    if Role.MANAGER not in roles_for(request.user, merchant=shop):
        raise PermissionDenied
    if request.method != "POST":
        return _shown(request, shop, PagesForm(initial={"pages": "\n".join(listed_origins(shop))}))
    form = PagesForm(request.POST)
    if not form.is_valid():
        return _shown(request, shop, form, status=422)
    try:
        list_origins(merchant=shop, origins=form.cleaned_data["pages"].split())
    except DomainError as error:
        form.add_error("pages", str(error))
        return _shown(request, shop, form, status=422)
    return redirect_page(request, "merchants:widget", shop.slug)


def _shown(request: HttpRequest, shop: Merchant, form: PagesForm, *, status: int = 200) -> HttpResponse:
    line = LINE.format(host=settings.PUBLIC_URL, shop=shop.slug, link=_("Choose a delivery time"))
    context = {"merchant": shop, "form": form, "line": line}
    return render_page(request, PAGE, context=context, status=status)
