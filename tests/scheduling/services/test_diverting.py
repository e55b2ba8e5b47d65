"""A delivery goes to a pickup point instead of its door, and home again: all of it, or nothing."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from scheduling.breaches import breaches_of
from scheduling.errors import (
    NotChangeable,
    PointCannot,
    PointFull,
    TooLateToChange,
)
from scheduling.facts import JOINED_PARCEL_S
from scheduling.invariants import breaches
from scheduling.models import Booking, DayPlan, Event, PickupPoint, Promise, Stop
from scheduling.never import POINTS
from scheduling.routing.schedule import schedule
from scheduling.services.bookings import cancel_delivery, reschedule_delivery
from scheduling.services.diverting import divert_delivery
from scheduling.services.doors import change_time_at_door
from scheduling.services.improvements import begin_improvement, finish_improvement, solve
from scheduling.services.joining import join_delivery
from scheduling.services.narrowing import narrow_promises
from scheduling.services.plans import close_plan
from scheduling.snapshots import read_snapshot
from tests.factories import (
    NOW,
    a_session,
    ask_for,
    make_booking,
    make_depot,
    make_network,
    make_point,
    plan_on,
    some_facts,
    token_at,
)

pytestmark = [pytest.mark.django_db, pytest.mark.both]

HELSINKI = ZoneInfo("Europe/Helsinki")


@pytest.fixture(autouse=True)
def _nothing_is_broken():
    """Whatever a test here does, the database stays true."""
    yield
    assert list(breaches()) == []


@pytest.fixture
def outlet():
    return make_network(vans=1, hours=(10, 12, 14))


def divert(booking: Booking, point: PickupPoint, **values) -> Booking:
    return divert_delivery(
        **{"delivery": booking.delivery, "point": point, "actor": "link", "now": NOW} | values
    )


def used(point: PickupPoint) -> int:
    return PickupPoint.objects.get(pk=point.pk).used


def local(at: datetime) -> str:
    return f"{at.astimezone(HELSINKI):%a %H:%M}"


def visit_of(booking: Booking):
    """The booking's visit and when it is begun, read from the rows."""
    stop = Booking.objects.get(pk=booking.pk).stop
    plan = DayPlan.objects.select_related("depot").get(shifts__routes__stops=stop)
    for shift in read_snapshot(plan, version=plan.version, now=NOW).plan.shifts:
        for trip, times in zip(shift.trips, schedule(shift), strict=True):
            for visit, starts_s in zip(trip.visits, times.starts_s, strict=True):
                if visit.key == stop.pk:
                    return visit, starts_s
    raise AssertionError("it is on no route")


def test_the_home_stop_goes_and_one_at_the_point_comes(outlet):
    point = make_point(outlet.depot, hours="Mo-Fr 11:00-18:00")
    booking = make_booking(outlet, facts=some_facts(parcels=2))
    home = booking.stop

    sent = divert(booking, point)

    home.refresh_from_db()
    assert home.state == Stop.State.REPLACED
    assert (sent.stop.pickup_point, sent.stop.state) == (point, Stop.State.BOOKED)
    assert (local(sent.stop.opens_at), local(sent.stop.closes_at)) == ("Tue 11:00", "Tue 18:00")
    assert used(point) == 2
    visit, _starts = visit_of(sent)
    assert (visit.place.lat, visit.place.lon) == (point.lat, point.lon)
    assert visit.service_s == 120 + JOINED_PARCEL_S


def test_the_price_stays_and_the_promise_is_the_points_hours(outlet):
    booking = make_booking(outlet)

    sent = divert(booking, make_point(outlet.depot, hours="Mo-Fr 11:00-18:00"))

    promise = Promise.objects.get(delivery=booking.delivery, number=2)
    assert (promise.cause, promise.actor) == (Promise.Cause.MOVED, "link")
    assert (promise.opens_at, promise.closes_at) == (sent.stop.opens_at, sent.stop.closes_at)
    assert sent.price_minor == booking.price_minor
    event = Event.objects.get(kind="delivery.diverted")
    assert event.data["price_difference_minor"] == 0
    assert event.data["pickup_point"]["name"] == sent.stop.pickup_point.name


def test_sending_it_where_it_goes_already_changes_nothing(outlet):
    point = make_point(outlet.depot)
    booking = make_booking(outlet)
    first = divert(booking, point)

    again = divert(booking, point)

    assert again.stop == first.stop
    assert used(point) == 1
    assert Event.objects.filter(kind="delivery.diverted").count() == 1


def test_from_one_point_to_another_the_first_ones_places_are_free_again(outlet):
    first, second = make_point(outlet.depot), make_point(outlet.depot, east_m=-300)
    booking = make_booking(outlet)
    for point in (second, first, second):
        divert(booking, point)

    assert (used(first), used(second)) == (0, 1)


def test_coming_home_again_frees_the_places(outlet):
    point = make_point(outlet.depot)
    booking = make_booking(outlet, facts=some_facts(parcels=3))
    divert(booking, point)

    home = come_home(outlet, booking, hour=12)

    assert used(point) == 0
    assert (home.stop.pickup_point, home.stop.service_s) == (None, None)
    visit, _starts = visit_of(home)
    assert visit.place.lat == booking.delivery.address.lat
    assert Event.objects.filter(kind="booking.moved").count() == 1


def come_home(outlet, booking: Booking, *, hour: int) -> Booking:
    session = a_session()
    view = ask_for(outlet, facts_of(booking), session_key=session, moving=booking.delivery)
    return reschedule_delivery(
        delivery=booking.delivery,
        offer_token=token_at(view, hour),
        session_key=session,
        actor="link",
        now=NOW,
    )


def facts_of(booking: Booking):
    from scheduling.facts import VisitFacts

    return VisitFacts.from_json(booking.quote.facts)


def test_it_can_come_home_to_the_very_hours_of_its_point(outlet):
    point = make_point(outlet.depot, hours="Mo-Fr 12:00-14:00")
    booking = make_booking(outlet, hour=10)
    divert(booking, point)

    home = come_home(outlet, booking, hour=12)

    assert home.stop.pickup_point is None
    assert used(point) == 0


def test_cancelling_frees_the_places(outlet):
    point = make_point(outlet.depot)
    booking = make_booking(outlet)
    divert(booking, point)

    cancel_delivery(delivery=booking.delivery, actor="link", now=NOW)

    assert used(point) == 0


def test_the_last_place_is_given_once_and_the_other_stays_at_home(outlet):
    point = make_point(outlet.depot, capacity=1)
    first, second = make_booking(outlet), make_booking(outlet)
    divert(first, point)

    with pytest.raises(PointFull):
        divert(second, point)

    second.refresh_from_db()
    assert second.stop.state == Stop.State.BOOKED
    assert second.stop.pickup_point is None


@pytest.mark.parametrize(
    ("limits", "facts"),
    [
        ({"parcel_most_g": 2_000}, {"load_g": 5_000}),
        ({"parcel_most_g": 2_000}, {"load_g": 5_000, "parcels": 2}),
        ({"parcel_most_ml": 10_000}, {"load_ml": 20_000}),
        ({"most_g": 4_000}, {"load_g": 5_000, "parcels": 5}),
        ({"most_ml": 4_000}, {"load_ml": 5_000, "parcels": 5}),
        ({"capacity": 2}, {"parcels": 3}),
    ],
)
def test_what_is_too_large_for_a_point_does_not_go_there(outlet, limits, facts):
    booking = make_booking(outlet, facts=some_facts(**facts))

    with pytest.raises(PointCannot) as refused:
        divert(booking, make_point(outlet.depot, **limits))

    assert "too large or too heavy" in str(refused.value)


@pytest.mark.parametrize("requirement", ["signature"])
def test_goods_that_are_handed_over_never_wait_at_a_point(outlet, requirement):
    booking = make_booking(outlet, facts=some_facts(requirements=(requirement,)))

    with pytest.raises(PointCannot) as refused:
        divert(booking, make_point(outlet.depot))

    assert "signature" in str(refused.value)


@pytest.mark.parametrize(
    "values",
    [
        {"hours": "Mo off; Tu off; We-Su 08:00-20:00"},
        {"hours": "Mo-Fr 08:00-20:00; 2026-11-24 off"},
        {"hours": "Mo-Su 22:00-02:00"},
        {"active": False},
        {"north_m": 400_000},
    ],
)
def test_a_point_that_is_closed_or_out_of_reach_that_day_is_refused(outlet, values):
    booking = make_booking(outlet)

    with pytest.raises(PointCannot):
        divert(booking, make_point(outlet.depot, **values))

    booking.refresh_from_db()
    assert booking.stop.pickup_point is None


def test_another_depots_point_is_refused(outlet):
    booking = make_booking(outlet)

    with pytest.raises(PointCannot):
        divert(booking, make_point(make_depot()))


def test_of_several_spans_the_one_that_the_routes_can_keep_is_promised(outlet):
    point = make_point(outlet.depot, hours="Mo-Fr 05:00-07:10,16:00-18:00")  # shifts begin at 7

    sent = divert(make_booking(outlet), point)

    assert (local(sent.stop.opens_at), local(sent.stop.closes_at)) == ("Tue 16:00", "Tue 18:00")


def test_a_span_past_midnight_is_cut_with_the_shift(outlet):
    sent = divert(make_booking(outlet), make_point(outlet.depot, hours="Mo-Su 18:00-02:00"))

    assert (local(sent.stop.opens_at), local(sent.stop.closes_at)) == ("Tue 18:00", "Tue 21:00")


def test_a_closed_day_still_takes_it_after_the_cut_off_and_a_locked_one_does_not(outlet):
    booking, plan = make_booking(outlet), plan_on(outlet)
    evening = booking.change_until_at + timedelta(hours=1)
    close_plan(plan_id=plan.pk, now=evening)

    sent = divert(booking, make_point(outlet.depot), now=evening)
    assert sent.stop.pickup_point is not None
    DayPlan.objects.filter(pk=plan.pk).update(state=DayPlan.State.LOCKED)
    with pytest.raises(TooLateToChange):
        divert(booking, make_point(outlet.depot), now=evening)


def test_nothing_is_diverted_once_the_first_van_is_out(outlet):
    booking = make_booking(outlet)
    out = datetime(2026, 11, 24, 7, 0, tzinfo=HELSINKI)

    divert(booking, make_point(outlet.depot), now=out - timedelta(seconds=1))
    with pytest.raises(TooLateToChange):
        divert(booking, make_point(outlet.depot), now=out)


def test_what_is_cancelled_or_comes_from_its_customer_goes_to_no_point(outlet):
    gone, pickup = make_booking(outlet), make_booking(outlet, facts=some_facts(direction="in"))
    cancel_delivery(delivery=gone.delivery, actor="link", now=NOW)

    for booking in (gone, pickup):
        with pytest.raises(NotChangeable):
            divert(booking, make_point(outlet.depot))


def test_a_route_without_time_refuses_and_leaves_all_as_it_was():
    outlet = make_network(vans=1, hours=(10,))
    for _i in range(4):
        make_booking(outlet, facts=some_facts(service_s=1_500))
    booking = make_booking(outlet, facts=some_facts(service_s=10))
    before = list(Stop.objects.order_by("pk").values_list("pk", "state", "position"))

    with pytest.raises(PointCannot):
        divert(booking, make_point(outlet.depot, hours="Mo-Su 10:00-11:30", service_s=7_200))

    assert list(Stop.objects.order_by("pk").values_list("pk", "state", "position")) == before


def test_extra_minutes_at_the_door_do_not_count_at_the_point_and_come_back(outlet):
    booking = make_booking(outlet, facts=some_facts(service_s=900, extra_s=600))

    sent = divert(booking, make_point(outlet.depot, service_s=60))
    assert visit_of(sent)[0].service_s == 60
    home = come_home(outlet, booking, hour=12)

    assert visit_of(home)[0].service_s == 900


def test_at_a_point_nothing_more_can_be_said_of_the_door(outlet):
    booking = make_booking(outlet)
    sent = divert(booking, make_point(outlet.depot, service_s=60))

    with pytest.raises(NotChangeable):
        change_time_at_door(delivery=booking.delivery, extra_s=300, actor="link", now=NOW)

    assert visit_of(sent)[0].service_s == 60


def test_a_joined_order_takes_its_places_at_the_point_too(outlet):
    point = make_point(outlet.depot, capacity=5, most_g=20_000)
    divert(make_booking(outlet), point)
    booking = make_booking(outlet, facts=some_facts(parcels=1))
    divert(booking, point)

    def join(number: str, parcels: int, load_g: int = 1_000, **more) -> Booking:
        return join_delivery(
            delivery=booking.delivery,
            load_g=load_g,
            load_ml=1_000,
            parcels=parcels,
            order_number=number,
            actor="link",
            now=NOW,
            **more,
        )

    join("B-2", 2)
    assert used(point) == 4
    assert visit_of(booking)[0].service_s == 120 + 2 * JOINED_PARCEL_S
    for refused, how in (
        (PointFull, {"parcels": 2}),
        (PointCannot, {"parcels": 1, "load_g": 19_000}),
        (PointCannot, {"parcels": 1, "requirements": ("signature",)}),
    ):
        with pytest.raises(refused):
            join("B-3", **how)
    assert used(point) == 4


def test_better_routes_keep_it_at_its_point(outlet):
    point = make_point(outlet.depot)
    bookings = [make_booking(outlet, facts=some_facts(east_m=900 * n)) for n in range(-3, 3)]
    for booking in bookings[::2]:
        divert(booking, point)
    plan = plan_on(outlet)

    begun = begin_improvement(plan_id=plan.pk, actor="x", now=NOW)
    finish_improvement(begun=begun, found=solve(begun), now=NOW)

    assert used(point) == 3
    for booking in bookings[::2]:
        assert visit_of(booking)[0].place.lon == point.lon


def test_a_flexible_promise_is_not_narrowed_at_a_point():
    outlet = make_network(vans=1, hours=())
    outlet.slot_patterns.create(opens="08:00", closes="18:00", base_price_minor=300, narrowed_to_minutes=120)
    booking = make_booking(outlet, hour=8)
    sent = divert(booking, make_point(outlet.depot))
    close_plan(plan_id=plan_on(outlet).pk, now=NOW)

    assert narrow_promises(plan_id=plan_on(outlet).pk, actor="clock", now=NOW) == 0
    sent.stop.refresh_from_db()
    assert sent.stop.closes_at - sent.stop.opens_at > timedelta(hours=10)


def test_all_that_goes_to_one_point_is_one_neighbour(outlet):
    point = make_point(outlet.depot)
    first, second = make_booking(outlet), make_booking(outlet)
    divert(first, point)
    divert(second, point)

    assert visit_of(first)[0].household == visit_of(second)[0].household


def test_a_counter_that_is_off_is_found(outlet):
    point = make_point(outlet.depot)
    divert(make_booking(outlet), point)
    PickupPoint.objects.update(used=2)

    assert [breach.what for breach in breaches_of(POINTS)] == ["has 2 places used for 1 parcels"]
    PickupPoint.objects.update(used=1)


def test_two_deliveries_at_one_point_drive_there_once(outlet):
    point = make_point(outlet.depot)
    first, second = make_booking(outlet), make_booking(outlet, facts=some_facts(east_m=4_000))
    divert(first, point)

    sent = divert(second, point)

    assert sent.added_m == 0
