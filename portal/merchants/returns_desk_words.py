"""The returns desk in words."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from portal.money import money
from returns.reasons import CONDITIONS, DISPOSITIONS, EXCEPTIONS, GRADES, REASONS, RESOLUTIONS
from returns.states import PUT_RIGHT

if TYPE_CHECKING:
    from portal.merchants.returns_desk_forms import ItemForm
    from returns.amounts import Owed
    from returns.models import Refund, Return, ReturnItem, ReturnPhoto

WHY: Final[dict[str, str | Promise]] = {
    "no_key": gettext_lazy("Your shop has no key at Stripe yet."),
    "key_refused": gettext_lazy("Stripe does not take your shop’s key."),
    "payment_unknown": gettext_lazy("We know of no payment that it could go back to."),
    "expired_or_canceled_card": gettext_lazy("The card is closed or has run out."),
    "lost_or_stolen_card": gettext_lazy("The card was reported lost or stolen."),
    "insufficient_funds": gettext_lazy("Your balance at Stripe is too low."),
    "declined": gettext_lazy("The bank declined it."),
    "charge_already_refunded": gettext_lazy("That payment was given back already, elsewhere."),
    "resource_missing": gettext_lazy("Stripe does not know that payment."),
}
PARCEL: Final[dict[str, str | Promise]] = {
    "requested": gettext_lazy("asked for"),
    "approved": gettext_lazy("may come back"),
    "rejected": gettext_lazy("not accepted"),
    "booked": gettext_lazy("a pickup is booked"),
    "collected": gettext_lazy("collected"),
    "handed_in": gettext_lazy("handed in at a point"),
    "received": gettext_lazy("arrived"),
    "kept": gettext_lazy("kept by its customer"),
    "cancelled": gettext_lazy("called off"),
}


@dataclass(frozen=True, slots=True)
class Row:
    """One return in a pile."""

    ref: str
    order: str
    name: str
    what: str
    state: str


def row_of(found: Return) -> Row:
    """Return a return as one line."""
    pieces = getattr(found, "pieces", 0) or 0
    return Row(
        found.ref,
        found.order.number,
        found.contact_name,
        ngettext("%(n)s thing", "%(n)s things", pieces) % {"n": pieces},
        str(PARCEL.get(found.parcel, "")),
    )


@dataclass
class ItemAtDesk:
    """One item: what was announced, the form for what is found, and what was found."""

    item: ReturnItem
    form: ItemForm
    currency: str

    @property
    def looked_at(self) -> bool:
        """Whether somebody noted something of it."""
        return self.item.inspected_at is not None

    @property
    def announced(self) -> str:
        """Return what its customer said."""
        parts = [
            str(REASONS.get(self.item.reason, "")),
            str(CONDITIONS.get(self.item.condition, "")),
            str(RESOLUTIONS.get(self.item.resolution, "")),
        ]
        if self.item.wanted_sku:
            parts.append(_("wants %(sku)s") % {"sku": self.item.wanted_sku})
        return " · ".join(part for part in parts if part)

    @property
    def expected(self) -> str:
        """Return how many of it are to be looked for, where that is not all."""
        item, said = self.item, []
        if item.collected is not None and item.collected != item.quantity:
            said.append(_("collected: %(count)s") % {"count": item.collected})
        if item.elsewhere:
            said.append(_("in another return: %(count)s") % {"count": item.elsewhere})
        return " · ".join(said)

    @property
    def worth(self) -> str:
        """Return what was paid for it."""
        return money(self.item.value_minor, self.currency)

    @property
    def found(self) -> str:
        """Return what was noted of it, in a sentence."""
        item = self.item
        said = [
            _("%(accepted)s of %(arrived)s accepted") % {"accepted": item.accepted, "arrived": item.received}
        ]
        for words, value in ((EXCEPTIONS, item.exception), (GRADES, item.grade)):
            said += [str(words[value])] if value in words else []
        if item.disposition in DISPOSITIONS:
            said.append(str(DISPOSITIONS[item.disposition]))
        if item.deduction_minor:
            off = money(item.deduction_minor, self.currency)
            said.append(_("%(amount)s taken off: %(why)s") % {"amount": off, "why": item.deduction_reason})
        return " · ".join(said)

    @property
    def may_go_on_sale(self) -> bool:
        """Whether somebody may still say that it is on sale again."""
        return bool(self.looked_at and self.item.accepted and self.item.on_sale_at is None)

    @property
    def photos(self) -> list[ReturnPhoto]:
        """Return all photos of it."""
        return list(self.item.photos.all())


@dataclass(frozen=True, slots=True)
class RefundAtDesk:
    """One refund: how much, how it stands, and what may be done."""

    refund: Refund
    amount: str
    state: str
    why: str
    waits: bool
    may_send: bool


@dataclass
class ReturnAtDesk:
    """A return on its page."""

    ret: Return
    items: list[ItemAtDesk] = field(default_factory=list)

    @property
    def parcel(self) -> str:
        """Return where it is."""
        return str(PARCEL.get(self.ret.parcel, ""))

    @property
    def is_here(self) -> bool:
        """Whether it has arrived."""
        return self.ret.parcel == "received"

    @property
    def may_arrive(self) -> bool:
        """Whether it is waited for."""
        return self.ret.parcel in ("approved", "booked", "collected", "handed_in")

    @property
    def waiting(self) -> bool:
        """Whether it is to be looked at."""
        return self.is_here and self.ret.inspection == "waiting"

    @property
    def all_looked_at(self) -> bool:
        """Whether the inspection can end."""
        return self.waiting and all(item.looked_at for item in self.items)

    @property
    def exceptions(self) -> list[tuple[str, str]]:
        """Return what may be odd, each by one press."""
        return [(code, str(words)) for code, words in EXCEPTIONS.items()]

    @property
    def next_item(self) -> int | None:
        """Return the item whose button Enter presses: the first that nobody looked at."""
        return next((each.item.pk for each in self.items if not each.looked_at), None)

    @property
    def inspected(self) -> bool:
        """Whether the inspection has ended."""
        return self.ret.inspection == "done"

    @property
    def put_right(self) -> list[tuple[str, str]]:
        """Return where it may be said to be by hand."""
        return [
            (state, str(PARCEL[state])) for state in PARCEL if state in PUT_RIGHT.get(self.ret.parcel, ())
        ]

    @property
    def refunds(self) -> list[RefundAtDesk]:
        """Return what is paid back, part by part."""
        return [
            RefundAtDesk(
                refund=each,
                amount=money(each.amount_minor, each.currency),
                state=each.get_state_display(),
                why=str(WHY.get(each.why, each.why)),
                waits=each.state == "staff",
                may_send=each.state == "staff" and not each.stripe_id and each.payment_id is not None,
            )
            for each in self.ret.refunds.all()
        ]

    @property
    def credit(self) -> str:
        """Return the credit that was given, with its code."""
        if not hasattr(self.ret, "credit"):
            return ""
        amount = money(self.ret.credit.amount_minor, self.ret.credit.currency)
        return f"{amount} · {self.ret.credit.code}"

    def owed(self, owed: Owed) -> str:
        """Return what ends the inspection: how much is paid back, as money or credit."""
        if self.ret.money != "open":
            return _("Finish")
        amounts = [
            _("pay %(amount)s back") % {"amount": money(owed.money_minor, self.ret.currency)}
            if owed.money_minor
            else "",
            _("give %(amount)s as a credit") % {"amount": money(owed.credit_minor, self.ret.currency)}
            if owed.credit_minor
            else "",
        ]
        said = [amount for amount in amounts if amount]
        return (
            _("Finish and %(what)s") % {"what": _(" and ").join(said)}
            if said
            else _("Finish: nothing to pay")
        )
