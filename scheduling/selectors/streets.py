"""Neighbours' delivery days: that a van comes, never to whom, and only where enough of them let it be."""

from collections import defaultdict
from collections.abc import Collection
from datetime import date
from typing import Final

from scheduling.facts import AddressFacts
from scheduling.models import Delivery
from scheduling.models.orders import household_key, street_of
from scheduling.statements import NUMBER, Statement

_PLAN: Final = "booking__stop__route__shift__plan"
_TOLD: Final = Statement(
    lambda postcode, first, last: Delivery.objects.filter(
        tells_street=True,
        state=Delivery.State.CONFIRMED,
        address__postcode=postcode,
        booking__stop__route__shift__plan__id__range=(first, last),
        booking__stop__pickup_point=None,  # what goes to a pickup point brings no van to the street
    ).values_list(_PLAN, f"{_PLAN}__service_date", "address__line", "address__unit"),
    "a postcode",
    NUMBER,
    NUMBER + 1,
)
PLAN, LINE = 0, 2
"""Where a row has what its database gives as it is."""

ENOUGH_HOUSEHOLDS: Final = 3
"""So many others must have said that their street may hear of it: fewer could be guessed."""


def street_days(*, address: AddressFacts, plans: Collection[int]) -> list[date]:
    """Return on which days of these plans a van is due in a street, as enough other households let it know.

    A street is one of its postcode. Whoever lives where is asked about doesn't count. One query.
    """
    street = street_of(address.line)
    if not plans or not street or not address.postcode or address.is_postcode:
        return []
    own = household_key(line=address.line, unit=address.unit, postcode=address.postcode)
    households: dict[date, set[str]] = defaultdict(set)
    # Values and no rows: a quote's page asks this of every neighbour in the postcode.
    for raw in _TOLD.rows(address.postcode, min(plans), max(plans)):
        if raw[PLAN] not in plans or street_of(raw[LINE]) != street:  # most are of other streets
            continue
        _plan, day, line, unit = _TOLD.values_of(raw)
        households[day].add(household_key(line=line, unit=unit, postcode=address.postcode))
    return sorted(day for day, homes in households.items() if len(homes - {own}) >= ENOUGH_HOUSEHOLDS)
