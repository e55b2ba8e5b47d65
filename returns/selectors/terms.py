"""How a return that was asked for may travel, by the rules it was asked for under."""

from dataclasses import replace
from typing import Final

from returns.models import Return
from returns.reasons import GIVEN_FOR_IT, TRAVELS
from returns.rules import policies_from
from returns.selectors.policies import ground_of, today_for, verdict_on

ALWAYS: Final = {"pickup": 0, "dropoff": 0}
"""The law's own ways: a withdrawal is nobody's to refuse, nor to charge for."""
STAYS: Final = "keep"


def ways_for(of: Return) -> dict[str, int]:
    """Return the ways a return may travel, with what each costs its customer. Nine queries at most.

    It was judged once: neither rules made since, nor the days gone by, take a way from it.
    """
    if of.kind != Return.Kind.POLICY or of.requested_at is None:
        return dict(ALWAYS)
    day = today_for(of.order, of.delivery, now=of.requested_at)
    ground = replace(ground_of(of.order, of.delivery, today=day), back=0, returns=0)
    if of.policy is not None:
        ground = replace(ground, policies=policies_from(of.policy.rules, currency=of.currency))
    travelling = [each for each in of.items.select_related("item") if each.resolution != STAYS]
    found = [
        verdict_on(each.item, ground, reason=each.reason, condition=each.condition) for each in travelling
    ]
    ways = [way for way in TRAVELS if found and all(way in verdict.methods for verdict in found)]
    if not any(each.resolution in GIVEN_FOR_IT for each in travelling):
        ways = [way for way in ways if way != "swap"]
    return {way: max(verdict.fees_minor.get(way, 0) for verdict in found) for way in ways}
