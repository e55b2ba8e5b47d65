"""What a shop's rules say of one item: pure, the same for the page, the text before purchase and the desk."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Final

from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from returns.reasons import REASONS, SHOPS_FAULT

LASTING: Final = SHOPS_FAULT - {"late"}
"""Reasons that lie in the goods themselves: for these a rule may give longer, whatever else it asks."""
DELIVERED_WITHIN: Final = timedelta(days=30)
"""Where nobody told of an order's delivery, it counts as come this long after it was ordered: as late as
directive 2011/83/EU, article 18, lets goods come, so that nobody's period ends too early."""
YES, MAYBE, NO = "yes", "maybe", "no"


@dataclass(frozen=True, slots=True)
class Case:
    """One item somebody may want to send back. Money in minor units of the order's `currency`, for one piece.

    `ordered` and `delivered` are local days, None where nobody told us; `on_its_way` says that a delivery of
    ours brings it and has not yet. `pieces` are how many of its order would come back with this one, those
    that lie in the goods themselves left out; `returns` how often its customer sent something back to this
    shop within a year. None there, and an empty `country`: not known.
    """

    sku: str
    price_minor: int
    today: date
    ordered: date | None = None
    delivered: date | None = None
    on_its_way: bool = False
    currency: str = "EUR"
    discount_minor: int = 0
    category: str = ""
    tags: tuple[str, ...] = ()
    country: str = ""
    final_sale: bool = False
    pieces: int = 1
    returns: int | None = 0
    reason: str = ""
    condition: str = ""


@dataclass(frozen=True, slots=True)
class Holiday:
    """What was ordered from `first` to `last`, days of every year, may come back until `until` after them."""

    first: tuple[int, int]
    last: tuple[int, int]
    until: tuple[int, int]

    def holds(self, day: date) -> bool:
        """Whether something ordered on a day is meant; `first` may lie before new year, `last` after it."""
        at = (day.month, day.day)
        if self.first <= self.last:
            return self.first <= at <= self.last
        return at >= self.first or at <= self.last

    def end_after(self, day: date) -> date:
        """Return the first `until` on or after a day."""
        this_year = date(day.year, *self.until)
        return this_year if this_year >= day else date(day.year + 1, *self.until)


@dataclass(frozen=True, slots=True)
class Policy:
    """One rule of a set. The first that fits a case decides; empty conditions fit every case.

    It fits by what is bought, to where, for how much, how far reduced, by whom. `days` count from `starts`;
    `fault_days`, where given, are for goods that are themselves at fault, which then come back whatever
    `accepts`, `conditions`, `per_order_most` and a final sale say. Money in minor units of `currency`: what a
    rule says of money says nothing of orders in another one.
    """

    name: str
    days: int = 30
    categories: tuple[str, ...] = ()
    skus: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    countries: tuple[str, ...] = ()
    value_from_minor: int | None = None
    value_below_minor: int | None = None
    discount_from_percent: int | None = None
    returns_from: int | None = None
    accepts: bool = True
    starts: str = "delivery"
    fault_days: int | None = None
    holidays: tuple[Holiday, ...] = ()
    conditions: tuple[str, ...] = ()
    reasons: tuple[str, ...] = ()
    per_order_most: int | None = None
    resolutions: tuple[str, ...] = ("refund", "exchange", "credit")
    methods: tuple[str, ...] = ("pickup", "dropoff")
    fees_minor: Mapping[str, int] = field(default_factory=dict)
    photo_for: tuple[str, ...] = ("damaged", "faulty", "wrong_item")
    currency: str = "EUR"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a rule decides: whether it may come back, until when, how, and for what, in a sentence.

    `reasons` are those for which it may; `conditions` those in which, empty for any. Where no reason was said
    yet, the rest is what holds for the first of `reasons`.
    """

    allowed: bool
    rule: str
    sentence: str
    until: date | None = None
    reasons: tuple[str, ...] = ()
    conditions: tuple[str, ...] = ()
    resolutions: tuple[str, ...] = ()
    methods: tuple[str, ...] = ()
    fees_minor: Mapping[str, int] = field(default_factory=dict)
    needs_photo: bool = False


USUAL: Final = Policy(name="usual", days=30)
"""What holds where a shop has said nothing."""


def judge(policies: Sequence[Policy], case: Case) -> Verdict:
    """Return what the first rule that fits says of a case; where none fits, that it may not come back."""
    policy = next((each for each in policies if fit(each, case) == YES), None)
    if policy is None:
        return Verdict(False, "", _("None of the shop’s rules lets this come back."))
    wanted = (case.reason,) if case.reason else tuple(REASONS)
    refusals = {reason: _refusal(policy, case, reason) for reason in wanted}
    reasons = tuple(reason for reason, refusal in refusals.items() if not refusal)
    if not reasons:
        general = "changed_mind" if "changed_mind" in refusals else wanted[0]
        sentence = _named(policy, refusals[general])
        return Verdict(False, policy.name, sentence, _until(policy, case, general))
    reason = case.reason or ("changed_mind" if "changed_mind" in reasons else reasons[0])
    return _allowed(policy, case, reason, reasons)


def fit(policy: Policy, case: Case) -> str:
    """Whether a rule is about a case: YES, NO, or MAYBE where what it asks for is not known of the case."""
    if not _is_about(policy, case):
        return NO
    unknown = (policy.countries and not case.country) or (
        policy.returns_from is not None and case.returns is None
    )
    if policy.countries and case.country and case.country not in policy.countries:
        return NO
    if policy.returns_from is not None and case.returns is not None and case.returns < policy.returns_from:
        return NO
    return MAYBE if unknown else YES


def could_decide(policies: Sequence[Policy], case: Case) -> list[Policy]:
    """Return the rules that may decide a case of which not all is known, in order, the certain one last."""
    found = []
    for policy in policies:
        fits = fit(policy, case)
        if fits != NO:
            found.append(policy)
        if fits == YES:
            break
    return found


def _is_about(policy: Policy, case: Case) -> bool:
    return (
        (not policy.skus or case.sku in policy.skus)
        and (not policy.categories or case.category in policy.categories)
        and (not policy.tags or bool(set(policy.tags) & set(case.tags)))
        and _is_worth(policy, case)
        and (policy.discount_from_percent is None or _percent_off(case) >= policy.discount_from_percent)
    )


def _is_worth(policy: Policy, case: Case) -> bool:
    least, below = policy.value_from_minor, policy.value_below_minor
    if least is None and below is None:
        return True
    return (
        case.currency == policy.currency
        and case.price_minor >= (least or 0)
        and (below is None or case.price_minor < below)
    )


def _percent_off(case: Case) -> int:
    """Return by how many percent of its usual price a piece was reduced, rounded down."""
    usual = case.price_minor + case.discount_minor
    return case.discount_minor * 100 // usual if usual else 0


def _lasts(policy: Policy, reason: str) -> bool:
    return policy.fault_days is not None and reason in LASTING


def _until(policy: Policy, case: Case, reason: str) -> date | None:
    """Return the last day on which an item may be announced; None while it has not begun."""
    began = _began(policy, case)
    if began is None:
        return None
    if policy.fault_days is not None and _lasts(policy, reason):
        return began + timedelta(days=policy.fault_days)
    ordered = case.ordered or began
    ends = [holiday.end_after(ordered) for holiday in policy.holidays if holiday.holds(ordered)]
    return max([began + timedelta(days=policy.days), *ends])


def _began(policy: Policy, case: Case) -> date | None:
    if policy.starts == "order" and case.ordered:
        return case.ordered
    if case.delivered or case.on_its_way:
        return case.delivered
    return case.ordered + DELIVERED_WITHIN if case.ordered else None


def _refusal(policy: Policy, case: Case, reason: str) -> str:
    """Say why an item may not come back for a reason; "" where it may."""
    until, lasts = _until(policy, case, reason), _lasts(policy, reason)
    if case.on_its_way:
        return _("it has not come to you yet.")
    if not lasts and not policy.accepts:
        return _("this cannot be sent back.")
    if not lasts and case.final_sale:
        return _("it was sold without a way back.")
    if until is not None and case.today > until:
        return _("the time for sending it back ended on %(day)s.") % {"day": spelt(until)}
    if not lasts and policy.reasons and reason not in policy.reasons:
        return _("it does not come back for this reason.")
    if not lasts and policy.conditions and case.condition and case.condition not in policy.conditions:
        return _("it does not come back in this condition.")
    # What is at fault never counts, whether or not it may come back for longer.
    most = None if reason in LASTING else policy.per_order_most
    if most is not None and case.pieces > most:
        return ngettext(
            "no more than %(most)d thing of an order comes back.",
            "no more than %(most)d things of an order come back.",
            most,
        ) % {"most": most}
    return ""


def _allowed(policy: Policy, case: Case, reason: str, reasons: tuple[str, ...]) -> Verdict:
    until = _until(policy, case, reason)
    free = reason in SHOPS_FAULT or case.currency != policy.currency
    return Verdict(
        allowed=True,
        rule=policy.name,
        sentence=_named(policy, _how_long(until, only_faults=set(reasons) <= LASTING and not case.reason)),
        until=until,
        reasons=reasons,
        conditions=() if _lasts(policy, reason) else policy.conditions,
        resolutions=policy.resolutions,
        methods=policy.methods,
        fees_minor={} if free else {way: fee for way, fee in policy.fees_minor.items() if fee},
        needs_photo=reason in policy.photo_for and bool(case.reason),
    )


def _how_long(until: date | None, *, only_faults: bool) -> str:
    if until is None:
        return _("you can send it back.")
    if only_faults:
        sentence = _("you can send it back until %(day)s if something is wrong with it.")
    else:
        sentence = _("you can send it back until %(day)s.")
    return sentence % {"day": spelt(until)}


def _named(policy: Policy, sentence: str) -> str:
    """Put the rule before what it says; the usual one has no name that anybody gave it."""
    if policy.name == USUAL.name:
        return sentence[:1].upper() + sentence[1:]
    return _("“%(rule)s”: %(sentence)s") % {"rule": policy.name, "sentence": sentence}


def spelt(day: date) -> str:
    """Return a day as people write it: 3 November 2026."""
    return date_format(day, "j F Y")
