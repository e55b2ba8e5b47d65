"""Shoppers, customers, shops, dispatch and the clock do whatever they may, in any order."""

from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from datetime import date, datetime, time, timedelta
from typing import Any

from django.db import connection, transaction
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)

from scheduling import events, snapshots
from scheduling.errors import DomainError
from scheduling.facts import VisitFacts
from scheduling.invariants import breaches
from scheduling.models import (
    AccessRule,
    Blackout,
    Booking,
    Buffer,
    DayPlan,
    Delivery,
    Depot,
    Event,
    Hold,
    Merchant,
    MerchantDepot,
    PickupPoint,
    Quote,
    Stop,
    VehicleClass,
)
from scheduling.selectors.plans import plans_with_lapsed_holds
from scheduling.selectors.slots import QuoteView
from scheduling.services.bookings import cancel_delivery, confirm_hold, reschedule_delivery
from scheduling.services.diverting import divert_delivery
from scheduling.services.holds import extend_hold, place_hold, release_hold
from scheduling.services.joining import join_delivery
from scheduling.services.plans import close_plan, extend_horizon, plans_to_close, sweep_plan
from tests.factories import (
    CANTEEN,
    NOW,
    a_break,
    a_session,
    ask_for,
    make_merchant,
    make_network,
    make_outlet,
    make_point,
    some_contact,
    some_facts,
)

any_row = st.integers(0, 30)
loads = st.sampled_from([2_000, 200_000, 500_000])
directions = st.sampled_from(["out", "out", "in"])
places = st.integers(-500, 500)
minutes = st.sampled_from([1, 1, 7, 7, 16, 16, 180, 600])
meanwhiles = st.sampled_from(["nothing", "nothing", "called off", "full", "closed"])
caps = st.sampled_from([None, None, 1, 2, 3])
buffers = st.sampled_from([None, 10, 60])
depot_places = st.sampled_from([None, 2, 4])
kept_places = st.sampled_from([(0, 0), (1, 0), (2, 0), (1, 1), (0, 2)])
kept_until = st.sampled_from([0, 6, 24])
bans = st.sampled_from([None, (8, 9), (9, 10), (8, 10), (11, 14)])
CHANGES = ("INSERT", "UPDATE", "DELETE")


held_before = precondition(lambda machine: machine.holds)
booked_before = precondition(lambda machine: machine.bookings)


def pick(rows: list, number: int) -> Any:
    return rows[number % len(rows)] if rows else None


class Shopping(RuleBasedStateMachine):
    """Two shops at one depot with one van that rests twice a day; each example's rows are rolled back."""

    steps = 0
    """Taken in all examples."""
    looks_every = 1
    """After so many steps all invariants are looked at, if rows changed; and at the end of each example."""
    happened: Counter[str] = Counter()
    """What was recorded in all examples, by its kind."""

    def __init__(self):
        super().__init__()
        self.changed, self.holds, self.bookings = True, False, False
        self.closing = ExitStack()
        self.closing.enter_context(transaction.atomic())
        self.closing.enter_context(connection.execute_wrapper(self._notice))
        self.closing.callback(snapshots.forget_all)
        snapshots.forget_all()

    def _notice(self, execute, sql, params, many, context):
        """Remember whether rows changed. A question kept is none: nothing that is counted looks at it."""
        self.changed |= sql.startswith(CHANGES) and '"scheduling_quote"' not in sql[:40]
        return execute(sql, params, many, context)

    def teardown(self):
        self.happened.update(Event.objects.values_list("kind", flat=True))
        try:
            self.look()
        finally:
            transaction.set_rollback(True)
            self.closing.close()

    @initialize()
    def open_shops(self):
        self.now = NOW
        rests = [a_break(11, **CANTEEN), a_break(15, kind="charge")]
        first = make_network(vans=1, days=4, hours=(8, 10, 12), rests=rests)
        VehicleClass.objects.update(range_m=40_000, reserve_percent=25)
        hours = "Mo-Su 09:00-12:00,13:00-16:00"
        self.points = [make_point(first.depot, capacity=size, hours=hours) for size in (1, 3, 50)]
        self.outlets = [first, make_outlet(make_merchant(), first.depot, hours=(9, 15))]

    def attempt(self, change: Callable[..., Any], **values: Any) -> Any:
        """Make a change or be refused; a refusal leaves nothing behind."""
        try:
            return change(**values, actor="x", now=self.now)
        except DomainError:
            return None

    def tokens(self, view: QuoteView, day: date | None = None) -> list[str]:
        """The times that can be chosen, of one day or of all."""
        days = [found for found in view.days if day in (None, found.date)]
        return [offer.token for found in days for offer in found.offers if offer.available]

    def place(self, outlet: MerchantDepot, token: str | None, session: str) -> Hold | None:
        """Hold a time; whoever gets it was allowed to have it."""
        if token is None:
            return None
        last = Hold.objects.order_by("pk").values_list("pk", flat=True).last() or 0
        hold = self.attempt(place_hold, offer_token=token, merchant=outlet.merchant, session_key=session)
        if hold is not None:
            self.holds = True
            if hold.pk > last:  # who asks for what is kept already gets that, whatever has changed since
                self.require_allowed(hold.stop)
            live = Hold.objects.filter(session_key=session, state=Hold.State.LIVE)
            assert live.count() == 1, "a session keeps more than one time"
        return hold

    def outlet_of(self, delivery: Delivery) -> MerchantDepot:
        return next(outlet for outlet in self.outlets if outlet.merchant_id == delivery.merchant_id)

    def require_allowed(self, stop: Stop, *, write: str = "hold") -> None:
        """What came in just now came into a day that takes it, on no blackout and within the caps.

        A shop may lower its caps below what it has sold: then nothing more comes in, and nothing goes.
        """
        merchant_id, plan = stop.delivery.merchant_id, DayPlan.objects.get(shifts__routes=stop.route_id)
        assert plan.allows(write), f"came into a day that is {plan.state}"
        dark = Blackout.objects.filter(first_date__lte=plan.service_date, last_date__gte=plan.service_date)
        assert not [one for one in dark if one.merchant_id in (None, merchant_id)], "came on a blackout"
        outlet = MerchantDepot.objects.get(merchant_id=merchant_id)
        own = Stop.objects.of_plan(plan).filter(
            state__in=("held", "booked"), delivery__merchant_id=merchant_id
        )
        beside = own.filter(opens_at=stop.opens_at, closes_at=stop.closes_at)
        slot_cap = outlet.slot_patterns.values_list("cap", flat=True).first()
        for stops, cap in ((own, outlet.daily_cap), (beside, slot_cap)):
            assert cap is None or stops.count() <= cap, f"{stops.count()} with a cap of {cap}"
        if write != "move_within":
            self.require_place(stop, outlet, plan)
        opens, closes = (at.astimezone(outlet.depot.zone).time() for at in (stop.opens_at, stop.closes_at))
        kept = [60 * one.minutes for one in Buffer.objects.all() if opens < one.ends and one.starts < closes]
        assert stop.buffer_s == max(kept, default=0), f"keeps {stop.buffer_s}, not one of {kept}"
        for street in AccessRule.objects.all():
            hours, zone = (street.starts, street.ends), outlet.depot.zone
            begun, ended = (datetime.combine(plan.service_date, at, zone) for at in hours)
            before = stop.done_by_at is not None and stop.done_by_at <= begun
            after = ended <= max(stop.opens_at, stop.not_before_at or stop.opens_at)
            far = stop.closes_at + timedelta(hours=2) <= begun
            assert before or after or far, f"keeps {stop.part} where {street} bars the only kind of van"

    def require_place(self, stop: Stop, outlet: MerchantDepot, plan: DayPlan) -> None:
        """The day had a place for it that was not kept for the other shop, unless it was kept for this one.

        What a session kept before on the same day was given back for it, so that day may be over its number.
        """
        places = outlet.depot.places_a_day
        gave_back = Hold.objects.filter(
            session_key__in=Hold.objects.filter(stop=stop).values("session_key"),
            stop__route__shift__plan=plan,
            stop__state=Stop.State.RELEASED,
        )
        if places is None or gave_back.exists():
            return
        active = Stop.objects.of_plan(plan).filter(state__in=("held", "booked"))
        assert active.count() <= places, f"{active.count()} on a depot's {places} places"
        pattern = outlet.slot_patterns.filter(opens=stop.opens_at.astimezone(outlet.depot.zone).time()).get()
        cutoff_at = pattern.cutoff_at(plan.service_date, outlet.depot.zone)
        day, unused = plan.service_date, {False: 0, True: 0}
        for one in MerchantDepot.objects.all():
            dark = Blackout.objects.filter(first_date__lte=day, last_date__gte=day)
            called_off = any(each.merchant_id in (None, one.merchant_id) for each in dark)
            if self.now < cutoff_at - timedelta(hours=one.reserved_until_h) and not called_off:
                others = active.filter(delivery__merchant_id=one.merchant_id).exclude(pk=stop.pk).count()
                unused[one.pk == outlet.pk] = max(0, one.reserved - others)
        free = places - active.count() + 1
        assert unused[True] or free > unused[False], f"took a kept place: {free} free, {unused} kept"

    @rule(load=loads, direction=directions, east=places, shop=any_row, number=any_row)
    def hold(self, load, direction, east, shop, number):
        self.hold_one(load, direction, east, shop, number)

    @rule(load=loads, direction=directions, east=places, shop=any_row, number=any_row)
    def hold_and_confirm(self, load, direction, east, shop, number):
        if hold := self.hold_one(load, direction, east, shop, number):
            self.confirm_one(hold)

    def hold_one(self, load: int, direction: str, east: int, shop: int, number: int) -> Hold | None:
        outlet, session = pick(self.outlets, shop), a_session()
        facts = some_facts(load_g=load, direction=direction, east_m=east)
        view = ask_for(outlet, facts, session_key=session, now=self.now)
        return self.place(outlet, pick(self.tokens(view), number), session)

    @held_before
    @rule(which=any_row, number=any_row)
    def choose_another_time(self, which, number):
        older = pick(list(Hold.objects.select_related("quote", "delivery").order_by("pk")), which)
        if older:
            outlet = self.outlet_of(older.delivery)
            facts = VisitFacts.from_json(older.quote.facts)
            view = ask_for(outlet, facts, session_key=older.session_key, now=self.now, held=older.delivery)
            self.place(outlet, pick(self.tokens(view), number), older.session_key)

    def some_hold(self, which: int, **state: Any) -> Hold | None:
        return pick(list(Hold.objects.filter(**state).order_by("-pk")), which)

    @held_before
    @rule(which=any_row)
    def keep_longer(self, which):
        if hold := self.some_hold(which):
            self.attempt(extend_hold, hold=hold)

    @held_before
    @rule(which=any_row)
    def give_back(self, which):
        if hold := self.some_hold(which):
            self.attempt(release_hold, hold=hold)

    @held_before
    @rule(which=any_row)
    def confirm(self, which):
        if hold := self.some_hold(which):
            self.confirm_one(hold)

    @held_before
    @rule(which=any_row, after=st.sampled_from([1, 20, 130]), meanwhile=meanwhiles)
    def confirm_late(self, which, after, meanwhile):
        hold = self.some_hold(which, state__in=("live", "lapsed"))
        if hold is None:
            return
        self.now = max(self.now, hold.expires_at + timedelta(minutes=after))
        plan, merchant = hold.stop.route.shift.plan, hold.delivery.merchant
        if meanwhile == "called off":
            self.call_off(plan.service_date, merchant)
        elif meanwhile == "full":
            MerchantDepot.objects.filter(merchant=merchant).update(daily_cap=0)
        elif meanwhile == "closed":
            close_plan(plan_id=plan.pk, now=self.now)
        self.confirm_one(hold)

    def confirm_one(self, hold: Hold) -> None:
        number, over = f"O{hold.pk}", self.now >= hold.expires_at and hold.state != Hold.State.CONFIRMED
        booking = self.attempt(confirm_hold, hold=hold, contact=some_contact(), order_number=number)
        if booking is not None:
            self.bookings = True
            if over:
                self.happened["confirmed late"] += 1
                self.require_allowed(booking.stop)

    def some_booking(self, which: int) -> Booking | None:
        found = Booking.objects.select_related("delivery__merchant", "quote", "stop__route__shift__plan")
        return pick(list(found.order_by("pk")), which)

    @booked_before
    @rule(which=any_row, number=any_row)
    def move(self, which, number):
        if booking := self.some_booking(which):
            self.move_one(booking, number)

    @booked_before
    @rule(which=any_row, number=any_row)
    def move_within_its_day(self, which, number):
        if booking := self.some_booking(which):
            self.move_one(booking, number, day=booking.stop.route.shift.plan.service_date)

    def move_one(self, booking: Booking, number: int, day: date | None = None) -> None:
        facts, session, delivery = VisitFacts.from_json(booking.quote.facts), a_session(), booking.delivery
        view = ask_for(self.outlet_of(delivery), facts, session_key=session, now=self.now, moving=delivery)
        if token := pick(self.tokens(view, day), number):
            values = {"delivery": delivery, "offer_token": token, "session_key": session}
            moved = self.attempt(reschedule_delivery, **values)
            if moved and moved.stop != booking.stop:
                within = moved.stop.route.shift.plan_id == booking.stop.route.shift.plan_id
                self.happened["moved within a day"] += within
                self.require_allowed(moved.stop, write="move_within" if within else "move_in")

    @booked_before
    @rule(which=any_row, load=loads, parcels=st.integers(1, 40))
    def add_an_order(self, which, load, parcels):
        if booking := self.some_booking(which):
            goods = {"load_g": load, "load_ml": 5_000 * parcels, "parcels": parcels}
            self.attempt(join_delivery, delivery=booking.delivery, order_number=f"J{load}", **goods)

    @booked_before
    @rule(which=any_row, number=any_row)
    def send_to_a_point(self, which, number):
        if booking := self.some_booking(which):
            point = pick(self.points, number)
            if sent := self.attempt(divert_delivery, delivery=booking.delivery, point=point):
                self.require_at(point, sent)

    def require_at(self, point: PickupPoint, sent: Booking) -> None:
        """What goes to a point comes while it is open, for the price there was, and has its places."""
        stop, zone = sent.stop, point.depot.zone
        opens, closes = (at.astimezone(zone).time() for at in (stop.opens_at, stop.closes_at))
        assert (stop.pickup_point_id, stop.state) == (point.pk, Stop.State.BOOKED)
        assert time(9) <= opens < closes <= time(16), f"comes to a point {opens}-{closes}"

    @booked_before
    @rule(which=any_row)
    def cancel(self, which):
        if booking := self.some_booking(which):
            self.attempt(cancel_delivery, delivery=booking.delivery)

    @rule(shop=any_row, cap=caps, slot_cap=caps)
    def the_shop_sets_its_caps(self, shop, cap, slot_cap):
        outlet = pick(self.outlets, shop)
        MerchantDepot.objects.filter(pk=outlet.pk).update(daily_cap=cap)
        outlet.slot_patterns.update(cap=slot_cap)

    @rule(places=depot_places, kept=kept_places, until_h=kept_until)
    def the_depot_shares_its_places(self, places, kept, until_h):
        Depot.objects.update(places_a_day=places)
        for outlet, reserved in zip(self.outlets, kept, strict=True):
            outlet.reserved = reserved if places else 0
            MerchantDepot.objects.filter(pk=outlet.pk).update(
                reserved=outlet.reserved, reserved_until_h=until_h
            )

    @rule(hours=bans)
    def close_a_street(self, hours):
        """From now on vans may not stop at some hours, or may again: what was promised stays as it was."""
        AccessRule.objects.all().delete()
        if hours:
            starts, ends = map(time, hours)
            made = AccessRule.objects.create(
                depot=self.outlets[0].depot, name="School", area="depot", starts=starts, ends=ends
            )
            made.barred.set(VehicleClass.objects.all())

    @rule(minutes=buffers)
    def the_depot_sets_its_buffer(self, minutes):
        """For most of the times sold; what is promised keeps what it has."""
        Buffer.objects.all().delete()
        if minutes:
            hours = {"starts": time(9), "ends": time(12)}
            Buffer.objects.create(depot=self.outlets[0].depot, name="Traffic", minutes=minutes, **hours)

    @rule(on=st.booleans(), ahead=st.integers(0, 3), shop=st.sampled_from([None, 0, 1]))
    def days_are_called_off_or_on_again(self, on, ahead, shop):
        if on:
            Blackout.objects.all().delete()
            return
        outlet = self.outlets[shop or 0]
        day = self.now.date() + timedelta(days=ahead)
        self.call_off(day, None if shop is None else outlet.merchant)

    def call_off(self, day: date, merchant: Merchant | None) -> None:
        depot = self.outlets[0].depot
        Blackout.objects.create(depot=depot, merchant=merchant, first_date=day, last_date=day)

    @rule(early=st.booleans())
    def dispatch_goes_on(self, early):
        """A day is closed early; a closed one is locked, a locked one starts.

        No service locks or starts days yet, but their states forbid things already.
        """
        following = {"closed": "locked", "locked": "started"} | ({"open": "closed"} if early else {})
        plan = next((plan for plan in self.plans() if plan.state in following), None)
        if plan is not None and plan.state == DayPlan.State.OPEN:
            close_plan(plan_id=plan.pk, now=self.now)
        elif plan is not None:
            plan.move_to(following[plan.state])
            plan.save(update_fields=["state"])

    def plans(self) -> list[DayPlan]:
        return list(DayPlan.objects.order_by("service_date"))

    @rule(by=minutes)
    def time_passes(self, by):
        self.now += timedelta(minutes=by)

    @rule()
    def the_worker_runs(self):
        events.relay(now=self.now)
        for pk in plans_with_lapsed_holds(now=self.now):
            sweep_plan(plan_id=pk, now=self.now)
        for pk in plans_to_close(now=self.now):
            close_plan(plan_id=pk, now=self.now)
        extend_horizon(depot=self.outlets[0].depot, now=self.now, days=4)

    @invariant()
    def nothing_is_broken(self):
        type(self).steps += 1
        if self.steps % self.looks_every == 0:
            self.look()

    def look(self):
        if self.changed:
            found = list(breaches())
            assert not found, found
            assert not Quote.objects.filter(holds__isnull=False, chosen_key="").exists(), "a choice unnoted"
        self.changed = False
