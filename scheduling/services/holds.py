"""Keep an offered time for a while; keep it longer; give it back."""

from datetime import datetime, timedelta
from typing import Final

from scheduling import events
from scheduling.answers import SlotAnswer
from scheduling.editor import PlanEditor
from scheduling.errors import CutoffPassed, HoldEnded, HoldLimit, SlotTaken
from scheduling.facts import VisitFacts
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
from scheduling.services.quotes import note_choice, open_offer
from scheduling.slot_rules import capped
from scheduling.snapshots import visit_for

HOLD_FOR: Final = timedelta(minutes=15)
MOST_EXTENSIONS: Final = 12


@one_change
def place_hold(
    *, offer_token: str, session_key: str, now: datetime, actor: str, replaces: Hold | None = None
) -> Hold:
    """Keep the offered window while its customer decides, in place of their older hold.

    Asking twice for what is held already returns the hold there is. Raises OfferForged, OfferExpired,
    CutoffPassed, or SlotTaken if no route of that day can still serve the window.
    """
    quote, answer = open_offer(token=offer_token, session_key=session_key, now=now)
    # All day plans that this change touches are locked in one call, in (depot, date) order, the older
    # hold's day too, so that nobody wins twice and nobody deadlocks.
    target, source = answer.plan_id or 0, _plan_of(replaces) if replaces else 0
    editors = edit(DayPlan.objects.lock({target, source}).values(), now=now)
    older = (
        Hold.objects.select_related("stop", "delivery", "quote").filter(pk=replaces.pk).first()
        if replaces
        else None
    )
    if older is not None and older.state == Hold.State.LIVE:
        if _same(older, quote, answer):
            save_all(editors)
            return older
        _give_back(older, editors[source], actor=actor, now=now)
    hold = _place(quote, answer, editors[target], now=now)
    save_all(editors)
    note_choice(quote, answer, now=now)
    events.record("hold.placed", delivery=hold.delivery, actor=actor, now=now, data=_said(hold))
    return hold


def _plan_of(hold: Hold) -> int:
    return Stop.objects.values_list("route__shift__plan_id", flat=True).get(pk=hold.stop_id)


def _same(older: Hold, quote: Quote, answer: SlotAnswer) -> bool:
    """Whether the older hold keeps the same time for the same visit: a double click."""
    return older.offer_key == answer.key and older.quote.facts_digest == quote.facts_digest


def _place(quote: Quote, answer: SlotAnswer, editor: PlanEditor, *, now: datetime) -> Hold:
    require_choosable(answer, editor, quote.merchant, now=now)
    facts = VisitFacts.from_json(quote.facts)
    delivery = draft_delivery(quote.merchant, facts, now=now)
    stop, added_m = editor.put_in(
        visit_for(facts), delivery=delivery, window=answer.window, state=Stop.State.HELD, now=now
    )
    return Hold.objects.create(
        delivery=delivery,
        stop=stop,
        quote=quote,
        offer_key=answer.key,
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


def require_choosable(answer: SlotAnswer, editor: PlanEditor, merchant: Merchant, *, now: datetime) -> None:
    """Raise CutoffPassed or SlotTaken unless the rules still allow the slot, judged under the plan's lock."""
    if now >= answer.cutoff_at or not editor.row.allows("hold"):
        raise CutoffPassed
    outlet = MerchantDepot.objects.get(pk=answer.outlet_id)
    pattern = SlotPattern.objects.filter(pk=int(answer.key.split(".")[0]), active=True).first()
    if pattern is None or not outlet.active:
        raise SlotTaken
    if capped(outlet, pattern, answer.window, editor.counts()):
        raise SlotTaken


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
    plan_id = _plan_of(hold)
    editor = edit(DayPlan.objects.lock({plan_id}).values(), now=now)[plan_id]
    found = Hold.objects.select_related("stop", "delivery__merchant", "delivery__address", "quote__merchant")
    return found.get(pk=hold.pk), editor


@one_change
def extend_hold(*, hold: Hold, actor: str, now: datetime) -> Hold:
    """Keep a live hold for another while, counted from now. Raises HoldEnded or HoldLimit."""
    hold, editor = lock_hold(hold, now=now)
    editor.save()
    if hold.state != Hold.State.LIVE:
        raise HoldEnded
    if hold.extensions >= MOST_EXTENSIONS:
        raise HoldLimit
    hold.extensions += 1
    hold.expires_at = now + HOLD_FOR
    hold.save(update_fields=["extensions", "expires_at"])
    events.record("hold.extended", delivery=hold.delivery, actor=actor, now=now, data=_said(hold))
    return hold


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
