"""The photo of a safe place, for the depot's staff: behind an address that ends after five minutes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from portal.http import redirect_page
from portal.services.photos import photo_response, seal, unseal
from portal.staff import actor_of, require_operations
from scheduling import clock
from scheduling.selectors.promises import delivery_at

if TYPE_CHECKING:
    from scheduling.models import Depot


@require_safe
@require_operations
def photo(request: HttpRequest, depot: Depot, ref: str) -> HttpResponse:
    """Go on to an address that shows it to whoever asks now, for five minutes."""
    sealed = seal(_path(depot, ref), whom=actor_of(request), now=clock.now())
    return redirect_page(request, "operations:shown-photo", depot.slug, ref, sealed)


@require_safe
@require_operations
def shown_photo(request: HttpRequest, depot: Depot, ref: str, sealed: str) -> HttpResponse:
    """Show it to whom the address was made for."""
    path = _path(depot, ref)
    unseal(sealed, path=path, whom=actor_of(request), now=clock.now())
    return photo_response(path)


def _path(depot: Depot, ref: str) -> str:
    """Return where the photo of one of the depot's deliveries lies. Raises Http404 where there is none."""
    delivery = delivery_at(depot=depot, ref=ref)
    if delivery is None or not delivery.safe_place_photo:
        raise Http404
    return delivery.safe_place_photo
