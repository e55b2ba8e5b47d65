"""How we count: the method, its version, and every factor with its source."""

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from portal.customers.pages import merchant_or_404, show
from portal.customers.rows import Factor
from scheduling.selectors.shopper import (
    ACCOUNT_METHOD,
    DRIVEN_METHOD,
    METHOD,
    VISITED_METHOD,
    vehicle_classes_of,
)

PAGE = "customers/slots/counting.html"


@require_safe
def counting(request: HttpRequest, merchant: str) -> HttpResponse:
    """Explain bars, prices and grams to whoever asks."""
    shop = merchant_or_404(merchant)
    factors = [
        Factor(
            vehicle=kind.name,
            factor=_("%(grams)s g CO₂e per km") % {"grams": kind.grams_per_km},
            counted=kind.get_boundary_display(),
            source=f"{kind.factor_source} ({kind.factor_year})",
        )
        for kind in vehicle_classes_of(shop)
    ]
    context = {
        "factors": factors,
        "method": METHOD,
        "account_methods": (DRIVEN_METHOD, VISITED_METHOD, ACCOUNT_METHOD),
    }
    return show(request, shop, PAGE, context)
