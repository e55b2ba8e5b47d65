"""What may come back, told before anybody buys: by the rules that decide, for a shop and for one thing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from django import forms
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_safe

from portal.customers.pages import merchant_or_404, show
from portal.forms import one_line
from portal.return_words import as_schema, told
from returns.eligibility import Case, could_decide
from returns.rules import MOST_MINOR
from returns.selectors.policies import policy_of
from scheduling import clock, windows
from scheduling.selectors.funnel import zone_of_shop

if TYPE_CHECKING:
    from scheduling.models import Merchant

PAGE: Final = "customers/returns/terms.html"
ASKS: Final = ("sku", "category", "tag", "price_minor", "discount_minor", "country", "final_sale")


class ThingForm(forms.Form):
    """A thing as a shop's page of it names it in the address; anything that makes no sense is left out."""

    sku = forms.CharField(max_length=120, required=False)
    category = forms.CharField(max_length=120, required=False)
    price_minor = forms.IntegerField(min_value=0, max_value=MOST_MINOR, required=False)
    discount_minor = forms.IntegerField(min_value=0, max_value=MOST_MINOR, required=False)
    country = forms.RegexField("^[A-Z]{2}$", required=False)
    final_sale = forms.BooleanField(required=False)


@require_safe
def terms(request: HttpRequest, merchant: str) -> HttpResponse:
    """Tell the rules: all of a shop, or with a thing in the query those that may decide on it."""
    shop = merchant_or_404(merchant)
    _version, policies = policy_of(shop)
    case = _case(request, shop)
    if case is not None:
        policies = tuple(could_decide(policies, case))
    final = case is not None and case.final_sale
    url = request.build_absolute_uri(reverse("customers:return-terms", args=[shop.slug]))
    context = {
        "rules": told(policies, final_sale=final),
        "thing": case,
        "schema": as_schema(policies, shop=shop.name, url=url, final_sale=final),
    }
    return show(request, shop, PAGE, context)


def _case(request: HttpRequest, shop: Merchant) -> Case | None:
    """Return the thing that was asked about: nobody knows yet who buys it, and maybe not whereto."""
    if not any(name in request.GET for name in ASKS):
        return None
    form = ThingForm(request.GET)
    form.is_valid()
    said: dict[str, Any] = form.cleaned_data
    return Case(
        sku=said.get("sku") or "",
        price_minor=said.get("price_minor") or 0,
        discount_minor=said.get("discount_minor") or 0,
        today=windows.local_date(clock.now(), zone_of_shop(shop)),
        currency=shop.currency,
        category=said.get("category") or "",
        tags=tuple(one_line(tag)[:120] for tag in request.GET.getlist("tag")[:20]),
        country=said.get("country") or "",
        final_sale=bool(said.get("final_sale")),
        returns=None,
    )
