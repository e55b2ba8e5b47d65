"""A shop's account at Stripe: key and secret go in, and are never shown again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from portal.http import redirect_page, render_page
from portal.merchants.returns_desk_forms import StripeForm
from portal.models.people import Role
from portal.staff import actor_of, require_merchant, roles_for
from returns.errors import BadStripeKey
from returns.selectors.desk import faults_of, stripe_account_of
from returns.services.refunds import send_what_waited
from returns.services.stripe_accounts import forget_stripe_account, save_stripe_account
from scheduling import clock

if TYPE_CHECKING:
    from scheduling.models import Merchant

PAGE: Final = "merchants/stripe/page.html"


@require_merchant
@require_http_methods(["GET", "HEAD", "POST"])
def stripe(request: HttpRequest, shop: Merchant) -> HttpResponse:
    """Show what is known of the account, and take a new key or secret. For managers."""
    _require_manager(request, shop)
    if request.method != "POST":
        return _shown(request, shop, StripeForm())
    form, now, actor = StripeForm(request.POST), clock.now(), actor_of(request)
    if not form.is_valid():
        return _shown(request, shop, form, status=422)
    said = form.cleaned_data
    try:
        save_stripe_account(merchant=shop, key=said["key"], secret=said["secret"], actor=actor, now=now)
    except BadStripeKey as error:
        form.add_error("key", str(error))
        return _shown(request, shop, form, status=422)
    if said["key"]:
        send_what_waited(shop.pk, actor=actor, now=now)
    return redirect_page(request, "merchants:stripe", shop.slug)


@require_merchant
@require_POST
def forget(request: HttpRequest, shop: Merchant) -> HttpResponse:
    """Take the key away: refunds wait for staff from now on."""
    _require_manager(request, shop)
    forget_stripe_account(merchant=shop)
    return redirect_page(request, "merchants:stripe", shop.slug)


def _require_manager(request: HttpRequest, shop: Merchant) -> None:
    if Role.MANAGER not in roles_for(request.user, merchant=shop):
        raise PermissionDenied


def _shown(request: HttpRequest, shop: Merchant, form: StripeForm, *, status: int = 200) -> HttpResponse:
    context = {
        "merchant": shop,
        "form": form,
        "account": stripe_account_of(shop),
        "faults": faults_of(shop),
        "address": settings.PUBLIC_URL + reverse("merchants:stripe-events", args=[shop.slug]),
    }
    return render_page(request, PAGE, context=context, status=status)
