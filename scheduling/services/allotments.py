"""What a depot's staff may say of its places: how many there are a day, and how many of them whose."""

from collections.abc import Iterable

from django.utils.translation import gettext as _

from scheduling.errors import BadSetUp
from scheduling.models import Depot, MerchantDepot


def require_places_fit(*, depot: Depot) -> None:
    """Raise BadSetUp, saying why, if a depot about to be saved has too few places for what its shops have.

    The caller is inside a transaction and saves in it: two who each change one row meet at the depot's lock.
    """
    _lock(depot.pk)
    _require_within(depot.places_a_day, _shares_at(depot.pk))


def require_share_fits(*, outlet: MerchantDepot) -> None:
    """Raise BadSetUp, saying why, if an outlet about to be saved has more than its depot can give it.

    The caller is inside a transaction and saves in it, as above.
    """
    places = _lock(outlet.depot_id)
    others = [share for share in _shares_at(outlet.depot_id) if share.pk != outlet.pk]
    _require_within_itself(outlet)
    _require_within(places, [*others, outlet] if outlet.active else others)


def _lock(depot_id: int) -> int | None:
    """Lock a depot's row; return how many places a day it has. Who books there is not held up."""
    depots = Depot.objects.select_for_update(no_key=True)
    return depots.values_list("places_a_day", flat=True).get(pk=depot_id)


def _shares_at(depot_id: int) -> list[MerchantDepot]:
    outlets = MerchantDepot.objects.filter(depot_id=depot_id, active=True)
    return list(outlets.select_related("merchant").order_by("pk"))


def _require_within_itself(outlet: MerchantDepot) -> None:
    if outlet.allotment is not None and outlet.reserved > outlet.allotment:
        raise BadSetUp(
            _("%(reserved)d places cannot be kept for a shop that may take %(most)d at most.")
            % {"reserved": outlet.reserved, "most": outlet.allotment}
        )


def _require_within(places: int | None, shares: Iterable[MerchantDepot]) -> None:
    """All that is kept is there, and nobody is allotted more than there is."""
    sharing = [share for share in shares if share.reserved or share.allotment is not None]
    if sharing and places is None:
        raise BadSetUp(
            _("First say how many places a day the depot has: %(shops)s cannot have a part of them before.")
            % {"shops": ", ".join(str(share.merchant) for share in sharing)}
        )
    for share in sharing:
        if share.allotment is not None and share.allotment > (places or 0):
            raise BadSetUp(
                _("%(shop)s cannot take up to %(most)d places: the depot has %(places)d a day.")
                % {"shop": share.merchant, "most": share.allotment, "places": places}
            )
    if sum(share.reserved for share in sharing) > (places or 0):
        raise BadSetUp(
            _("More is kept than there is: the depot has %(places)d places a day, kept are %(kept)s.")
            % {"places": places, "kept": _kept(sharing)}
        )


def _kept(shares: Iterable[MerchantDepot]) -> str:
    """Say 12 for Nordkaupa, 9 for Kotikolo."""
    return ", ".join(
        _("%(count)d for %(shop)s") % {"count": share.reserved, "shop": share.merchant}
        for share in shares
        if share.reserved
    )
