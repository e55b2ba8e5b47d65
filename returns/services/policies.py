"""A shop publishes its rules; what a customer asks for is judged by them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from django.utils.translation import gettext as _

from returns.eligibility import LASTING, Verdict
from returns.errors import MoreThanBought, NotAllowed, RulesChanged
from returns.models import PolicyVersion
from returns.reasons import CONDITIONS, GIVEN_FOR_IT, REASONS
from returns.rules import policies_from, written
from returns.selectors.policies import Ground, ground_of, policy_of, today_for, verdict_on
from scheduling.models import Merchant
from scheduling.services.changes import one_change

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from returns.services.requests import Wish
    from scheduling.models import Delivery, Order, OrderItem

STAYS: Final = "keep"
"""What its customer keeps does not travel, and costs no fee."""


@dataclass(frozen=True, slots=True)
class Judged:
    """What the rules say of a whole request: its fee, by which version, and each line's verdict."""

    fee_minor: int
    version: PolicyVersion | None
    verdicts: Mapping[str, Verdict]


@dataclass(frozen=True, slots=True)
class Told:
    """What the rules say of each line of a request, however it travels; `travelling` is what does."""

    version: PolicyVersion | None
    verdicts: Mapping[str, Verdict]
    travelling: Sequence[Wish]

    def fee_minor(self, method: str) -> int:
        """Return what it costs on one way. Raises NotAllowed where it does not travel so. No query."""
        verdicts = [self.verdicts[wish.line] for wish in self.travelling]
        _require_way(method, verdicts)
        if method == "swap" and not any(wish.resolution in GIVEN_FOR_IT for wish in self.travelling):
            raise NotAllowed(_("There is nothing to swap: you want nothing else for it. Choose another way."))
        # One trip, one fee: the highest that any of its items asks for.
        return max((verdict.fees_minor.get(method, 0) for verdict in verdicts), default=0)


@one_change
def publish(
    *, merchant: Merchant, rules: object, seen: int, actor: str, now: datetime, collects: bool = True
) -> PolicyVersion:
    """Put other rules in force, as the next version; earlier ones stay for what was asked for under them.

    `collects`: the shop offers to collect what comes back, and the law wants the money back sooner.
    `seen` is the number of the version they were made from, 0 for none. Raises BadRules, RulesChanged. The
    same rules once more are no new version.
    """
    policies = policies_from(rules, currency=merchant.currency)
    # Who publishes at the same moment takes turns at the shop's row.
    Merchant.objects.select_for_update(no_key=True).get(pk=merchant.pk)
    present, _policies = policy_of(merchant)
    number = present.number if present else 0
    if number != seen:
        raise RulesChanged
    kept = written(policies)
    if present is not None and (present.rules, present.collection_offered_by_trader) == (kept, collects):
        return present
    return PolicyVersion.objects.create(
        merchant=merchant,
        number=number + 1,
        rules=kept,
        collection_offered_by_trader=collects,
        made_at=now,
        made_by=actor,
    )


def check_wishes(
    order: Order, delivery: Delivery | None, wishes: Sequence[Wish], method: str, now: datetime
) -> int:
    """Return what a return costs its customer, in minor units.

    Raises NotAllowed with the sentence of the rule that does not let it come back so, MoreThanBought for a
    line that is none of the order's.
    """
    return judged(order, delivery, wishes, method, now).fee_minor


def judged(
    order: Order, delivery: Delivery | None, wishes: Sequence[Wish], method: str, now: datetime
) -> Judged:
    """Return what the rules say of a whole request. Raises as check_wishes. Nine queries at most."""
    told = told_of(order, delivery, wishes, now)
    return Judged(told.fee_minor(method), told.version, told.verdicts)


def told_of(order: Order, delivery: Delivery | None, wishes: Sequence[Wish], now: datetime) -> Told:
    """Return what the rules say of a request however it travels. Raises NotAllowed, MoreThanBought."""
    if delivery is not None and delivery.merchant_id != order.merchant_id:
        raise NotAllowed(_("That is another shop’s delivery."))
    if len({wish.line for wish in wishes}) < len(wishes):
        raise NotAllowed(_("Name each thing once."))
    ground = ground_of(order, delivery, today=today_for(order, delivery, now=now))
    items = {each.ref: each for each in order.items.all()}
    pieces = sum(wish.quantity for wish in wishes if wish.reason not in LASTING)
    verdicts = {wish.line: _verdict(items.get(wish.line), wish, ground, pieces) for wish in wishes}
    return Told(ground.version, verdicts, tuple(wish for wish in wishes if wish.resolution != STAYS))


def _verdict(item: OrderItem | None, wish: Wish, ground: Ground, pieces: int) -> Verdict:
    if item is None:
        raise MoreThanBought
    # Who says no reason changed their mind: nobody gets more by saying less.
    reason = wish.reason or "changed_mind"
    if reason not in REASONS or wish.condition not in ("", *CONDITIONS):
        raise NotAllowed(_of(item, _("we know no such reason or condition.")))
    verdict = verdict_on(item, ground, reason=reason, condition=wish.condition, pieces=pieces)
    if not verdict.allowed:
        raise NotAllowed(_of(item, verdict.sentence))
    if wish.resolution not in verdict.resolutions:
        raise NotAllowed(_of(item, _by(verdict, _("this is not what it gives back. Choose another way."))))
    if verdict.conditions and wish.condition not in verdict.conditions:
        raise NotAllowed(_of(item, _by(verdict, _("say in which condition it is."))))
    if verdict.needs_photo and not wish.photos:
        raise NotAllowed(_of(item, _by(verdict, _("it needs a photo of what is wrong."))))
    if wish.resolution == "exchange" and not wish.wanted_sku:
        raise NotAllowed(_of(item, _by(verdict, _("say which size or colour you want instead."))))
    return verdict


def _require_way(method: str, travelling: Sequence[Verdict]) -> None:
    """Refuse a way that a rule does not offer; what nobody keeps must travel, what is kept does not."""
    if not travelling:
        if method != "none":
            raise NotAllowed(_("You keep everything: nothing has to travel."))
        return
    for verdict in travelling:
        if method not in verdict.methods:
            raise NotAllowed(_by(verdict, _("it does not come back this way. Choose another.")))


def _of(item: OrderItem, sentence: str) -> str:
    return _("%(item)s: %(sentence)s") % {"item": item.name, "sentence": sentence}


def _by(verdict: Verdict, sentence: str) -> str:
    if verdict.rule in ("", "usual"):
        return sentence
    return _("“%(rule)s”: %(sentence)s") % {"rule": verdict.rule, "sentence": sentence}
