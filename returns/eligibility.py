"""What a shop's rules say of one item: pure, the same for the page, the text before purchase and the desk."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

from django.utils.functional import Promise as LazyText
from django.utils.translation import gettext_lazy as _


@dataclass(frozen=True, slots=True)
class Case:
    """One item somebody may want to send back. Money in minor units of the order's currency.

    `began` is the day from which the period counts (see the policy), None while it has not come. `before` is
    how many of this line were sent back already.
    """

    sku: str
    price_minor: int
    quantity: int
    today: date
    began: date | None
    category: str = ""
    tags: tuple[str, ...] = ()
    country: str = "FI"
    final_sale: bool = False
    before: int = 0
    reason: str = ""
    condition: str = ""


@dataclass(frozen=True, slots=True)
class Policy:
    """One rule of a set. The first that fits a case decides; empty conditions fit every case."""

    name: str
    days: int = 30
    categories: tuple[str, ...] = ()
    skus: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    countries: tuple[str, ...] = ()
    resolutions: tuple[str, ...] = ("refund", "exchange", "credit")
    methods: tuple[str, ...] = ("pickup", "dropoff")
    fees_minor: dict[str, int] = field(default_factory=dict)
    photo_for: tuple[str, ...] = ("damaged", "faulty", "wrong_item")
    accepts: bool = True


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a rule decides: whether it may come back, until when, how, and for what, in a sentence."""

    allowed: bool
    rule: str
    sentence: str | LazyText
    until: date | None = None
    resolutions: tuple[str, ...] = ()
    methods: tuple[str, ...] = ()
    fees_minor: dict[str, int] = field(default_factory=dict)
    needs_photo: bool = False


USUAL = Policy(name="usual", days=30)
"""What holds where a shop has said nothing."""


def judge(policies: Sequence[Policy], case: Case) -> Verdict:
    """Return what the first rule that fits says of a case; where none fits, that it may not come back."""
    policy = next((each for each in policies if _fits(each, case)), None)
    if policy is None or not policy.accepts:
        return Verdict(False, policy.name if policy else "", _("This cannot be sent back."))
    if case.final_sale:
        return Verdict(False, policy.name, _("It was sold without a way back."))
    until = case.began + timedelta(days=policy.days) if case.began else None
    if until is not None and case.today > until:
        return Verdict(False, policy.name, _("The time for sending it back is over."), until)
    return Verdict(
        True,
        policy.name,
        _("You can send it back."),
        until,
        policy.resolutions,
        policy.methods,
        policy.fees_minor,
        case.reason in policy.photo_for,
    )


def _fits(policy: Policy, case: Case) -> bool:
    return (
        (not policy.skus or case.sku in policy.skus)
        and (not policy.categories or case.category in policy.categories)
        and (not policy.tags or bool(set(policy.tags) & set(case.tags)))
        and (not policy.countries or case.country in policy.countries)
    )
