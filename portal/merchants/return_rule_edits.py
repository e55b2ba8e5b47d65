"""A draft of rules for returns is changed, one rule at a time. Pure: the draft travels with its page."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from returns.eligibility import Policy
from returns.rules import fits_everything, policies_from, written

NEW: Final = "new"
STEPS: Final = {"up": -1, "down": 1}


def place_of(at: str, draft: Sequence[Policy]) -> int | None:
    """Return where a rule stands, from 0; a new one before what takes everything. None: there is no such."""
    if at == NEW:
        return next((place for place, rule in enumerate(draft) if fits_everything(rule)), len(draft))
    known = at.isascii() and at.isdecimal() and len(at) < 4 and int(at) < len(draft)
    return int(at) if known else None


def changed(
    draft: Sequence[Policy], act: str, at: str, rule: Mapping[str, Any] | None = None, *, currency: str
) -> tuple[Policy, ...]:
    """Return the draft with one rule kept, moved up or down, or removed; as it was where there is no such.

    Raises BadRules where the rules would not go together then.
    """
    rules, place = written(draft), place_of(at, draft)
    if place is None:
        return tuple(draft)
    if act == "keep" and rule is not None:
        rules[place : place + (at != NEW)] = [dict(rule)]
    elif act == "remove":
        del rules[place]
    elif 0 <= (other := place + STEPS.get(act, 0)) < len(rules):
        rules[place], rules[other] = rules[other], rules[place]
    return policies_from(rules, currency=currency)
