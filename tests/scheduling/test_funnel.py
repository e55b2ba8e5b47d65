"""The funnel counts baskets, not page views, and what it calls confirmed is what was booked."""

from collections import Counter
from contextlib import suppress
from datetime import date, time, timedelta
from random import Random

import pytest
from django.db import IntegrityError, transaction

from portal.customers.offers import day_to_open, drawn
from scheduling.errors import DomainError, SlotTaken
from scheduling.invariants import breaches
from scheduling.kinds import NONE, SlotKind, kind_of, kinds_of
from scheduling.models import Booking, Hold, Quote, SlotPattern
from scheduling.selectors.funnel import (
    MOST_DAYS,
    PAUSE,
    STEPS,
    Channel,
    Figures,
    channel_of,
    funnel_of,
)
from scheduling.selectors.slots import answers_of
from scheduling.services.bookings import (
    CONFIRMED_LATE,
    cancel_delivery,
    confirm_hold,
    reschedule_delivery,
)
from scheduling.services.holds import HOLD_FOR, MOST_EXTENSIONS, extend_hold, place_hold, release_hold
from scheduling.services.joining import join_delivery
from tests.factories import (
    NOW,
    TOMORROW,
    answer_at,
    ask_for,
    make_booking,
    make_merchant,
    make_network,
    make_outlet,
    some_contact,
    some_facts,
    token_at,
)

pytestmark = [pytest.mark.django_db, pytest.mark.both]

TODAY = date(2026, 11, 23)


@pytest.fixture
def outlet():
    """A shop that also sells a flexible time, and one that needs nobody."""
    made = make_network(vans=2)
    for hours, more in (((8, 20), {"narrowed_to_minutes": 120}), ((6, 8), {"unattended": True})):
        opens, closes = map(time, hours)
        SlotPattern.objects.create(outlet=made, opens=opens, closes=closes, base_price_minor=290, **more)
    return made


def shown(day=TOMORROW):
    return lambda view: drawn(view, day=day_to_open(view, day))


def funnel(outlet, first=TODAY, last=TODAY):
    return funnel_of(merchant=outlet.merchant, first=first, last=last, zone=outlet.depot.zone)


def keep(outlet, view, session, *, hour=10, day=TOMORROW, now=NOW) -> Hold:
    return place_hold(
        offer_token=token_at(view, hour, day),
        merchant=outlet.merchant,
        session_key=session,
        actor="x",
        now=now,
    )


def confirm(hold, *, number="1", now=NOW) -> Booking:
    return confirm_hold(hold=hold, contact=some_contact(), order_number=number, actor="x", now=now)


def test_each_step_counts_a_basket_once_however_often_its_page_is_loaded(outlet):
    facts = some_facts()
    for _reload in range(3):
        view = ask_for(outlet, facts, session_key="aino", draws=shown())
    first = keep(outlet, view, "aino")
    assert keep(outlet, view, "aino") == first  # a double click
    confirm(first)
    confirm(first)

    found = funnel(outlet)

    assert found.total == Figures(1, 1, 1, 1, 1)
    assert (found.asked, found.nothing, found.booked) == (1, 0, 1)


def test_who_only_looks_is_seen_and_who_gives_it_back_has_held(outlet):
    ask_for(outlet, session_key="asks")
    ask_for(outlet, session_key="looks", draws=shown())
    view = ask_for(outlet, session_key="holds", draws=shown())
    release_hold(hold=keep(outlet, view, "holds"), actor="x", now=NOW)

    assert funnel(outlet).total == Figures(seen=3, opened=2, chose=1, held=1, confirmed=0)


def test_a_time_that_went_before_it_was_kept_was_chosen_and_not_held(outlet):
    view = ask_for(outlet, session_key="late", draws=shown())
    SlotPattern.objects.update(active=False)
    with pytest.raises(SlotTaken):
        keep(outlet, view, "late")

    assert funnel(outlet).total == Figures(seen=1, opened=1, chose=1)
    assert kind_of(answer_at(view, 10)) == SlotKind(Quote.objects.get().kinds_refused)


def test_what_is_chosen_was_opened_whoever_showed_it(outlet):
    view = ask_for(outlet, session_key="api:q:1")
    keep(outlet, view, "api:q:1")

    assert funnel(outlet).channels[Channel.API] == Figures(1, 1, 1, 1)


def test_each_kind_is_counted_by_what_is_on_offer_on_the_page_and_taken(outlet):
    ask_for(outlet, some_facts(safe_place="porch"), session_key="looks", draws=shown(None))
    view = ask_for(outlet, some_facts(safe_place="porch"), session_key="flexible", draws=shown())
    flexible = next(o for d in view.days if d.date == TOMORROW for o in d.offers if o.answer.narrows_to_s)
    hold = place_hold(
        offer_token=flexible.token, merchant=outlet.merchant, session_key="flexible", actor="x", now=NOW
    )
    confirm(hold)

    found = funnel(outlet)

    assert found.of_kind(SlotKind.FLEXIBLE) == Figures(2, 2, 1, 1, 1)
    assert found.of_kind(SlotKind.UNATTENDED).seen == 2
    assert found.of_kind(SlotKind.UNATTENDED).held == 0
    assert sum(found.of_kind(kind).confirmed for kind in SlotKind) == found.booked == 1


def test_the_kind_of_a_time_is_what_it_is_sold_as_before_how_it_is_shown(outlet):
    view = ask_for(outlet, some_facts(safe_place="porch"))
    answer = answer_at(view, 10)

    assert kind_of(answer.but(pointed_out=False)) == SlotKind.USUAL
    assert kind_of(answer.but(pointed_out=True)) == SlotKind.POINTED_OUT
    assert kind_of(answer.but(pointed_out=True, narrows_to_s=7200)) == SlotKind.FLEXIBLE
    assert kind_of(answer.but(narrows_to_s=7200, unattended=True)) == SlotKind.UNATTENDED
    assert kinds_of([answer.but(status="taken")]) == NONE


def test_a_basket_counts_on_the_day_it_was_booked(outlet):
    before_midnight = NOW.replace(hour=21, minute=50)  # in Helsinki it is ten to twelve
    after = before_midnight + timedelta(minutes=15)
    view = ask_for(outlet, session_key="night", now=before_midnight, draws=shown())
    hold = keep(outlet, view, "night", now=before_midnight, day=TOMORROW + timedelta(days=2))
    confirm(hold, now=after - timedelta(minutes=1))

    assert funnel(outlet).total == Figures()
    assert funnel(outlet, TOMORROW, TOMORROW).total == Figures(1, 1, 1, 1, 1)


def test_a_pause_begins_another_basket_and_nothing_takes_as_long_as_one(outlet):
    ask_for(outlet, session_key="aino")
    ask_for(outlet, session_key="aino", now=NOW + PAUSE - timedelta(seconds=1))
    assert funnel(outlet).asked == 1
    ask_for(outlet, session_key="aino", now=NOW + 2 * PAUSE)

    assert funnel(outlet).asked == 2
    assert HOLD_FOR * (MOST_EXTENSIONS + 1) + CONFIRMED_LATE < PAUSE


def test_a_second_order_of_one_session_is_another_basket_even_from_the_same_page(outlet):
    view = ask_for(outlet, session_key="widget:s:aino", draws=shown())
    for number, hour in enumerate((10, 12)):
        confirm(keep(outlet, view, "widget:s:aino", hour=hour), number=str(number))

    found = funnel(outlet)

    assert found.channels[Channel.WIDGET] == Figures(2, 2, 2, 2, 2)
    assert found.total.confirmed == found.booked == 2


def test_moving_and_cancelling_change_no_step_and_joining_adds_an_order(outlet):
    booking = make_booking(outlet)
    view = ask_for(outlet, session_key="moves", moving=booking.delivery)
    reschedule_delivery(
        delivery=booking.delivery, offer_token=token_at(view, 16), session_key="moves", actor="x", now=NOW
    )
    joined = {"load_g": 1_000, "load_ml": 5_000, "parcels": 1, "order_number": "second"}
    join_delivery(delivery=booking.delivery, **joined, actor="x", now=NOW)
    cancel_delivery(delivery=booking.delivery, actor="x", now=NOW)

    found = funnel(outlet)

    assert (found.asked, found.total.confirmed) == (1, 1)
    assert (found.booked, found.cancelled, found.joined) == (1, 1, 1)


def test_who_found_no_time_at_all_is_told_apart(outlet):
    SlotPattern.objects.update(cap=0)
    ask_for(outlet, session_key="unlucky")

    found = funnel(outlet)

    assert (found.asked, found.nothing, found.total) == (1, 1, Figures())


def test_bookings_from_before_kinds_were_kept_are_counted_as_such(outlet):
    make_booking(outlet)
    Hold.objects.update(kind=0)
    Quote.objects.update(kinds_seen=0, kinds_opened=0)

    found = funnel(outlet)

    assert found.of_kind(NONE) == Figures(1, 1, 1, 1, 1) == found.total


def test_other_shops_baskets_are_not_counted(outlet):
    make_booking(make_outlet_beside(outlet))

    assert funnel(outlet).asked == funnel(outlet).booked == 0


def make_outlet_beside(outlet):
    return make_outlet(make_merchant(), outlet.depot)


@pytest.mark.parametrize("days", [-1, MOST_DAYS])
def test_a_span_has_its_days_in_order_and_not_too_many(outlet, days):
    with pytest.raises(ValueError, match="days"):
        funnel(outlet, TODAY, TODAY + timedelta(days=days))


def test_it_costs_four_queries_however_much_happened(outlet, django_assert_num_queries):
    for _each in range(3):
        make_booking(outlet)
    zone = outlet.depot.zone

    with django_assert_num_queries(4):
        funnel_of(merchant=outlet.merchant, first=TODAY, last=TODAY, zone=zone)


@pytest.mark.parametrize(
    ("session", "channel"),
    [
        ("api:q:1", "api"),
        ("api:7:s:x", "api"),
        ("widget:s:x", "widget"),
        ("widgetlike", "hosted"),
        ("api", "hosted"),
        ("", "hosted"),
    ],
)
def test_the_channel_is_how_a_session_begins(session, channel):
    assert channel_of(session) == channel


def test_the_database_keeps_steps_in_their_order(outlet):
    ask_for(outlet)
    for values in ({"kinds_opened": 8}, {"kinds_refused": 8}):
        with pytest.raises(IntegrityError), transaction.atomic():
            Quote.objects.update(kinds_seen=3, **values)


# Random histories, and a second way to count them


class Shoppers:
    """Some sessions at a shop do whatever they may, in any order, over three days."""

    def __init__(self, outlet, seed: int) -> None:
        self.outlet, self.chance, self.now = outlet, Random(seed), NOW
        self.sessions = ["aino", "widget:s:onni", "widget:3:q:1", "api:s:eino", "api:q:9", "helmi"]
        self.views: dict[str, list] = {name: [] for name in self.sessions}
        self.holds: list[Hold] = []
        self.bookings: list[Booking] = []

    def act(self) -> None:
        self.now += timedelta(minutes=self.chance.choice([0, 1, 1, 2, 2, 3, 4, 9, 9, 9, 30, 400]))
        what = self.chance.choice(["ask", "ask", "keep", "keep", "confirm", "confirm", "more"])
        with suppress(DomainError):
            getattr(self, what)()

    def ask(self) -> None:
        session = self.chance.choice(self.sessions)
        facts = some_facts(safe_place=self.chance.choice(["", "porch"]))
        draws = {} if session.startswith("api") else {"draws": shown(self.chance.choice([None, TOMORROW]))}
        self.views[session].append(ask_for(self.outlet, facts, session_key=session, now=self.now, **draws))

    def keep(self) -> None:
        recent = [name for name in self.sessions if self.views[name]]
        if not recent:
            return
        session = max(recent, key=lambda name: (self.chance.random() < 0.5, self.views[name][-1].asked_at))
        view = self.chance.choice(self.views[session][-2:])
        offers = [offer.token for day in view.days for offer in day.offers if offer.available]
        if self.chance.random() < 0.2:
            SlotPattern.objects.update(active=False)
        try:
            self.holds.append(
                place_hold(
                    offer_token=self.chance.choice(offers),
                    merchant=self.outlet.merchant,
                    session_key=session,
                    actor="x",
                    now=self.now,
                )
            )
        finally:
            SlotPattern.objects.update(active=True)

    def confirm(self) -> None:
        if self.holds:
            hold = self.chance.choice(self.holds[-4:])
            hold.refresh_from_db()
            self.bookings.append(confirm(hold, number=f"N{hold.pk}", now=self.now))

    def more(self) -> None:
        if not self.bookings:
            return
        delivery, what = self.chance.choice(self.bookings).delivery, self.chance.randrange(5)
        if what == 0:
            cancel_delivery(delivery=delivery, actor="x", now=self.now)
        elif what == 1:
            goods = {"load_g": 500, "load_ml": 2_000, "parcels": 1, "order_number": str(self.now)}
            join_delivery(delivery=delivery, **goods, actor="x", now=self.now)
        elif what == 2:
            extend_hold(hold=self.chance.choice(self.holds), actor="x", now=self.now)
        elif what == 3:
            release_hold(hold=self.chance.choice(self.holds), actor="x", now=self.now)
        else:
            view = ask_for(self.outlet, session_key="moves", moving=delivery, now=self.now)
            token = next(offer.token for d in view.days for offer in d.offers if offer.available)
            session = {"offer_token": token, "session_key": "moves"}
            reschedule_delivery(delivery=delivery, **session, actor="x", now=self.now)


def recounted(outlet, first: date, last: date) -> tuple[Counter, Counter]:
    """Count channels' and kinds' steps from whole rows, one session after the other, the plain way."""
    zone, totals, cells = outlet.depot.zone, Counter(), Counter()
    for session in set(Quote.objects.filter(delivery=None).values_list("session_key", flat=True)):
        moments = []
        for quote in Quote.objects.filter(session_key=session, merchant=outlet.merchant):
            answers = answers_of(quote)
            moments.append((quote.asked_at, 0, quote, None, kinds_of(answers)))
        for hold in Hold.objects.filter(session_key=session).select_related("quote"):
            (answer,) = (one for one in answers_of(hold.quote) if one.key == hold.offer_key)
            moments.append((hold.placed_at, 1, hold.quote, kind_of(answer), kinds_of(answers_of(hold.quote))))
            if hold.state == "confirmed":
                at = Booking.objects.get(delivery=hold.delivery_id).confirmed_at
                moments.append((at, 2, hold.quote, kind_of(answer), kinds_of(answers_of(hold.quote))))
        groups, open_group = [], []
        for moment in sorted(moments, key=lambda each: each[:2]):
            if open_group and moment[1] < 2 and moment[0] - open_group[-1][0] >= timedelta(hours=6):
                groups.append(open_group)
                open_group = []
            open_group.append(moment)
            if moment[1] == 2:
                groups.append(open_group)
                open_group = []
        for group in [*groups, *([open_group] if open_group else [])]:
            if not first <= group[-1][0].astimezone(zone).date() <= last:
                continue
            kinds = {step: set() for step in STEPS}
            for _at, order, quote, kind, seen in group:
                kinds["seen"] |= set(seen)
                kinds["opened"] |= set(SlotKind(quote.kinds_opened))
                kinds["chose"] |= set(SlotKind(quote.kinds_refused)) | ({kind} if order else set())
                kinds["held"] |= {kind} if order else set()
                kinds["confirmed"] |= {kind} if order == 2 else set()
            for later, step in zip(reversed(STEPS), list(reversed(STEPS))[1:], strict=False):
                kinds[step] |= kinds[later]
            channel = session.split(":")[0] if ":" in session else "hosted"
            totals.update((channel, step) for step in STEPS if kinds[step])
            cells.update((channel, kind, step) for step in STEPS for kind in kinds[step])
    return totals, cells


def told(found) -> tuple[Counter, Counter]:
    totals = {(c, step): getattr(each, step) for c, each in found.channels.items() for step in STEPS}
    cells = {(c, k, step): getattr(each, step) for (c, k), each in found.cells.items() for step in STEPS}
    return +Counter(totals), +Counter(cells)


@pytest.mark.parametrize("seed", range(2))
def test_whatever_shoppers_do_a_plain_recount_finds_the_same_and_confirmed_is_what_was_booked(outlet, seed):
    shoppers = Shoppers(outlet, seed)
    for _step in range(70):
        shoppers.act()
    days = [TODAY + timedelta(days=n) for n in range((shoppers.now - NOW).days + 2)]

    for first, last in [(day, day) for day in days] + [(days[0], days[-1]), (days[1], days[-1])]:
        found = funnel(outlet, first, last)
        assert told(found) == recounted(outlet, first, last), (first, last)
        assert found.total.confirmed == found.booked
        assert sum(found.of_kind(kind).confirmed for kind in SlotKind) == found.booked
    whole = funnel(outlet, days[0], days[-1])
    assert whole.booked == Booking.objects.count()
    assert whole.asked > 3
    by_day = [funnel(outlet, day, day).total for day in days]
    assert sum(by_day, Figures()) == whole.total  # no basket counts on two days
    assert list(breaches()) == []
