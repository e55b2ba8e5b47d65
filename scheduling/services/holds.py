"""Keep an offered time for a while; keep it longer; give it back."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from scheduling import events
from scheduling.access import Part
from scheduling.answers import OPEN, SlotAnswer
from scheduling.conversion import visit_for
from scheduling.editor import PlanEditor
from scheduling.errors import (
    CutoffPassed,
    HoldEnded,
    HoldLimit,
    NeedsSomebody,
    OfferExpired,
    SlotTaken,
    TooLateToChange,
)
from scheduling.facts import VisitFacts
from scheduling.kinds import kind_of
from scheduling.leaving import why_never_left, zones_of
from scheduling.models import (
    Address,
    DayPlan,
    Delivery,
    Hold,
    Merchant,
    MerchantDepot,
    Quote,
    SlotPattern,
    Stop,
)
from scheduling.services.changes import one_change
from scheduling.services.plans import edit, save_all
from scheduling.services.quotes import note_choice, note_refusal, open_offer
from scheduling.slot_rules import Rules
from scheduling.statements import NUMBER, Instances, Statement

HOLD_FOR: Final = timedelta(minutes=15)
MOST_EXTENSIONS: Final = 12
GONE: Final = (OfferExpired, CutoffPassed, SlotTaken)
"""Why a time that was offered and chosen is not kept."""

_SOLD: Final = Instances(
    lambda outlet, pattern: SlotPattern.objects.filter(
        active=True, outlet_id=outlet, outlet__active=True, pk=pattern
    ).select_related("outlet__depot", "outlet__merchant"),
    NUMBER,
    NUMBER + 1,
)
_KEPT: Final = Instances(
    lambda session_key, merchant: Hold.objects.filter(
        session_key=session_key, delivery__merchant=merchant, state=Hold.State.LIVE
    ).select_related("stop__route__shift", "delivery", "quote"),
    "a session's key",
    NUMBER,
)
_PLAN_OF: Final = Statement(
    lambda hold: Hold.objects.filter(pk=hold).values_list("stop__route__shift__plan_id"), NUMBER
)
_WHOLE: Final = Instances(
    lambda hold: Hold.objects.filter(pk=hold).select_related(
        "stop__route__shift__plan__depot", "delivery__merchant", "delivery__address", "quote__merchant"
    ),
    NUMBER,
)


@dataclass(frozen=True, slots=True)
class SlotSold:
    """A slot that was offered, with the rules that decide whether it still can be chosen."""

    answer: SlotAnswer
    pattern: SlotPattern
    rules: Rules

    @property
    def buffer_s(self) -> int:
        """How many seconds at the slot's end the routes are to keep free, by the rules as they are now."""
        return self.rules.buffer_s(self.answer.window)

    @property
    def parts(self) -> tuple[Part, ...]:
        """Which parts of the slot access rules leave to the routes, as they are now."""
        return self.rules.parts(self.answer.window)

    def require_choosable(self, editor: PlanEditor, *, write: str = "hold") -> None:
        """Raise CutoffPassed or SlotTaken unless the rules still allow the slot, on a locked plan."""
        answer = self.answer
        day = self.rules.on(answer.service_date, editor.row, editor.taken(), write=write)
        status = day.status(self.pattern.sold_as(answer.window, answer.service_date, day.zone))
        if status == "cutoff":
            raise CutoffPassed
        if status != OPEN:
            raise SlotTaken


def slot_sold(answer: SlotAnswer, *, facts: VisitFacts, now: datetime, ordered_at: datetime) -> SlotSold:
    """Return the slot behind an offer. Raises SlotTaken if it is not sold any more. Four or five queries.

    Whether the goods can be packed in time is judged from `ordered_at`: an offer stands while it lives.
    """
    pattern = _SOLD.first(answer.outlet_id, int(answer.key.split(".")[0]))
    if pattern is None:
        raise SlotTaken
    rules = Rules.of(pattern.outlet, facts=facts, now=now, ordered_at=ordered_at)
    return SlotSold(answer, pattern, rules)


def require_leavable_from(outlet: MerchantDepot, facts: VisitFacts) -> None:
    """Raise NeedsSomebody if it is to be left outside where that is never done, by the rows as they are.

    One query, or none if somebody is at home.
    """
    if not facts.safe_place:
        return
    why = why_never_left(
        merchant=outlet.merchant,
        requirements=facts.requirements,
        worth_minor=facts.worth_minor,
        zones=zones_of([outlet.depot_id]),
        at=facts.address,
    )
    if why:
        raise NeedsSomebody(why)


def place_hold(*, offer_token: str, merchant: Merchant, session_key: str, actor: str, now: datetime) -> Hold:
    """Keep the offered window while its customer decides, in place of what their session kept before.

    A session keeps one time at a shop: asking again for what is kept returns the hold there is, however
    often and fast it is asked. Raises OfferForged, OfferExpired, CutoffPassed, or SlotTaken if no route
    of that day can still serve the window; NeedsSomebody if it may not be left outside any more.
    """
    try:
        return _place_hold(
            offer_token=offer_token, merchant=merchant, session_key=session_key, actor=actor, now=now
        )
    except GONE:  # all of it was undone, and so the choice would be forgotten
        note_refusal(offer_token=offer_token, merchant=merchant)
        raise


@one_change
def _place_hold(*, offer_token: str, merchant: Merchant, session_key: str, actor: str, now: datetime) -> Hold:
    quote, answer = open_offer(token=offer_token, merchant=merchant, session_key=session_key, now=now)
    # Two tabs that hold different days lock different plans: only here do they meet.
    Quote.objects.lock_session(session_key=session_key, merchant=merchant)
    kept = _KEPT.all(session_key, merchant.pk)
    # Whatever needs no plan is read and written before its lock: 64 who want one day queue for it. Who is
    # refused leaves nothing behind, since all of it is one transaction.
    again = any(_same(older, quote, answer) for older in kept)
    made = None if again else _made_before(quote, answer, now=now)
    # All day plans that this change touches are locked in one call, in (depot, date) order, the older
    # hold's day too, so that nobody wins twice and nobody deadlocks.
    target = answer.plan_id or 0
    editors = edit(DayPlan.objects.lock({target, *map(_plan_of, kept)}).values(), now=now)
    kept = _KEPT.all(session_key, merchant.pk) if kept else []  # those there were, now under the locks
    for older in kept:
        if _same(older, quote, answer):
            save_all(editors)
            return older
        if _plan_of(older) in editors:
            _give_back(older, editors[_plan_of(older)], actor=actor, now=now)
    sold, draft = made or _made_before(quote, answer, now=now)
    sold.require_choosable(editors[target])
    hold = _place(quote, sold, editors[target], draft, now=now)
    save_all(editors)
    events.record("hold.placed", delivery=hold.delivery, actor=actor, now=now, data=_said(hold))
    return hold


def _plan_of(hold: Hold) -> int:
    return hold.stop.route.shift.plan_id


def _same(older: Hold, quote: Quote, answer: SlotAnswer) -> bool:
    """Whether the older hold keeps the same time for the same visit at the same price: a double click."""
    before = older.offer_key, older.price_minor, older.quote.facts_digest
    return before == (answer.key, answer.price_minor, quote.facts_digest)


def _made_before(quote: Quote, answer: SlotAnswer, *, now: datetime) -> tuple[SlotSold, Delivery]:
    """Note the choice; return the slot that it is of, and the delivery that its stop will be for."""
    facts = VisitFacts.from_json(quote.facts)
    sold = slot_sold(answer, facts=facts, now=now, ordered_at=quote.asked_at)
    require_leavable_from(sold.pattern.outlet, facts)
    note_choice(quote, answer, now=now)
    return sold, draft_delivery(quote.merchant, facts, now=now)


def _place(quote: Quote, sold: SlotSold, editor: PlanEditor, delivery: Delivery, *, now: datetime) -> Hold:
    answer = sold.answer
    stop, added_m = editor.put_in(
        visit_for(VisitFacts.from_json(quote.facts)),
        delivery=delivery,
        window=answer.window,
        buffer_s=sold.buffer_s,
        parts=sold.parts,
        state=Stop.State.HELD,
        expires_at=now + HOLD_FOR,
    )
    return Hold.objects.create(
        delivery=delivery,
        stop=stop,
        quote=quote,
        offer_key=answer.key,
        kind=kind_of(answer),
        session_key=quote.session_key,
        placed_at=now,
        expires_at=now + HOLD_FOR,
        cutoff_at=answer.cutoff_at,
        price_minor=answer.price_minor,
        currency=quote.merchant.currency,
        band_m=answer.band_m,
        added_m=added_m,
        grams=answer.grams,
    )


def draft_delivery(merchant: Merchant, facts: VisitFacts, *, now: datetime) -> Delivery:
    """Make the delivery that a hold's stop is for, out of the quote's facts; confirmation completes it."""
    at = facts.address
    address = Address.objects.create(
        line=at.line,
        unit=at.unit,
        postcode=at.postcode,
        city=at.city,
        country=at.country,
        lat=at.lat,
        lon=at.lon,
        confidence=at.confidence,
        source=at.source,
        pin_moved=at.pin_moved,
    )
    return Delivery.objects.create(
        merchant=merchant,
        address=address,
        direction=facts.direction,
        load_g=facts.load_g,
        load_ml=facts.load_ml,
        parcel_count=facts.parcels,
        service_s=facts.service_s,
        requirements=list(facts.requirements),
        extra_s=facts.extra_s,
        safe_place=facts.safe_place,
        safe_place_note=facts.safe_place_note,
        worth_minor=facts.worth_minor,
        takes_g=facts.takes_g,
        takes_ml=facts.takes_ml,
        takes_parcels=facts.takes_parcels,
        created_at=now,
    )


def _give_back(hold: Hold, editor: PlanEditor, *, actor: str, now: datetime) -> None:
    editor.take_out(hold.stop, Stop.State.RELEASED)
    hold.move_to(Hold.State.RELEASED)
    hold.save(update_fields=["state"])
    hold.delivery.move_to(Delivery.State.LAPSED)
    hold.delivery.save(update_fields=["state"])
    events.record("hold.released", delivery=hold.delivery, actor=actor, now=now)


def lock_hold(hold: Hold, *, now: datetime) -> tuple[Hold, PlanEditor]:
    """Lock a hold's day plan, lapse what is over; return the hold as it then is, and the plan's editor."""
    plan_id = _PLAN_OF.value(hold.pk)
    if plan_id is None:
        raise Hold.DoesNotExist
    editor = edit(DayPlan.objects.lock({plan_id}).values(), now=now)[plan_id]
    return _WHOLE.get(hold.pk), editor


@one_change
def extend_hold(*, hold: Hold, actor: str, now: datetime) -> Hold:
    """Keep a live hold for another while, counted from now, but not into its own window.

    Raises HoldEnded, HoldLimit, CutoffPassed once the window has begun, or TooLateToChange where the
    plan would not take the confirmation any more.
    """
    hold, editor = lock_hold(hold, now=now)
    if hold.state != Hold.State.LIVE:
        raise HoldEnded
    if hold.extensions >= MOST_EXTENSIONS:
        raise HoldLimit
    require_confirmable(hold, editor, now=now)
    hold.extensions += 1
    hold.expires_at = min(now + HOLD_FOR, hold.stop.opens_at)
    hold.save(update_fields=["extensions", "expires_at"])
    editor.extend(hold.stop, expires_at=hold.expires_at)
    editor.save()
    events.record("hold.extended", delivery=hold.delivery, actor=actor, now=now, data=_said(hold))
    return hold


def require_confirmable(hold: Hold, editor: PlanEditor, *, now: datetime) -> None:
    """Raise unless a live hold could become a booking now: its cut-off may have passed, not its window."""
    if now >= hold.stop.opens_at:
        raise CutoffPassed
    pickup = hold.delivery.direction == Delivery.Direction.IN
    if not editor.row.allows("confirm", pickup=pickup):
        raise TooLateToChange


@one_change
def release_hold(*, hold: Hold, actor: str, now: datetime) -> None:
    """Give a hold's place back. One that ended already stays as it is."""
    hold, editor = lock_hold(hold, now=now)
    if hold.state == Hold.State.LIVE:
        _give_back(hold, editor, actor=actor, now=now)
    editor.save()


def _said(hold: Hold) -> dict[str, object]:
    return {
        "hold": hold.pk,
        "opens_at": hold.stop.opens_at.isoformat(),
        "closes_at": hold.stop.closes_at.isoformat(),
        "expires_at": hold.expires_at.isoformat(),
        "price_minor": hold.price_minor,
        "currency": hold.currency,
    }
