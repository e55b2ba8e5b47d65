"""What all pages of one merchant share: its look, and how news is told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _

from portal.customers.theme import Shop, theme_url
from portal.http import render_page
from portal.models import Brand
from scheduling import clock
from scheduling.kept import Kept
from scheduling.selectors.shopper import merchant_named

if TYPE_CHECKING:
    from scheduling.models import Merchant

REFUSED_PAGE = "customers/slots/gone.html"

_merchants: Final = Kept[str, "Merchant"]()


@dataclass(frozen=True, slots=True)
class Notice:
    """What happened, what was kept, what to do: told before anything else on a page."""

    title: str
    sentence: str
    tone: str = "warn"


def merchant_or_404(slug: str) -> Merchant:
    """Return the merchant whose page was asked for, its brand loaded with it.

    One query if it has one, or none: it may be SET_UP_KEPT_S old.
    """
    return _merchants.get(slug, lambda: _read_merchant(slug), now=clock.now())


def _read_merchant(slug: str) -> Merchant:
    brand = Brand.objects.select_related("merchant").filter(merchant__slug=slug).first()
    merchant = brand.merchant if brand else merchant_named(slug)
    if merchant is None:
        raise Http404
    return merchant


def shop_of(merchant: Merchant) -> Shop:
    """Return how a merchant shows itself; one without a brand wears our own colours.

    One query, unless its brand is loaded.
    """
    brand: Brand | None = getattr(merchant, "brand", None)
    return Shop(
        name=merchant.name,
        initial=brand.letter if brand else merchant.name[:1].upper(),
        home_url=reverse("customers:address", args=[merchant.slug]),
        counting_url=reverse("customers:counting", args=[merchant.slug]),
        terms_url=reverse("customers:return-terms", args=[merchant.slug]),
        theme_url=theme_url(brand) if brand else "",
    )


def show(
    request: HttpRequest,
    merchant: Merchant,
    page: str,
    context: Mapping[str, Any],
    *,
    part: str | None = None,
    status: int = 200,
) -> HttpResponse:
    """Return a merchant's page, or the part that htmx asked for."""
    return render_page(request, page, part, {"shop": shop_of(merchant), **context}, status=status)


def refuse(
    request: HttpRequest, merchant: Merchant, *, wait_s: int, title: str, sentence: str
) -> HttpResponse:
    """429: say what happened and what is kept, with the time to come back at and the way back."""
    context = {
        "title": title,
        "sentence": sentence,
        "next_url": reverse("customers:address", args=[merchant.slug]),
        "next_label": _("Back to the address"),
    }
    response = show(request, merchant, REFUSED_PAGE, context, status=429)
    response["Retry-After"] = str(wait_s)
    return response
