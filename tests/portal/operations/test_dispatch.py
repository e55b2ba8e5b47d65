"""The day on the road, for the depot's own people: what needs them first, and what a change breaks."""

import json
import re
from datetime import timedelta

import pytest

from portal.models.people import Role
from scheduling import clock
from scheduling.models import DayException, DayPlan, LastSeen, Route, Shift, Stop
from scheduling.services.exceptions import look
from scheduling.services.handing_over import Handover, settle_stop
from tests.factories import (
    make_booking,
    make_driver,
    make_membership,
    make_network,
    make_user,
    make_vehicle,
    plan_on,
    some_facts,
    start_day,
)

pytestmark = [pytest.mark.django_db, pytest.mark.once]


class Road:
    """A depot's day with four stops on one route that is out, and a dispatcher who looks."""

    def __init__(self, client, hours=(10, 10, 14, 14)) -> None:
        self.client, self.outlet = client, make_network(vans=2)
        self.depot = self.outlet.depot
        for number, hour in enumerate(hours):
            make_booking(self.outlet, hour=hour, facts=some_facts(north_m=400 * number))
        self.plan = plan_on(self.outlet)
        self.route = Route.objects.get(stops__in=Stop.objects.booked(), stops__position=0)
        self.user = make_user(name="Sanna")
        self.member = make_membership(self.user, Role.DISPATCHER, depot=self.depot)
        client.force_login(self.user)
        self.at(8)

    def at(self, hour: float) -> None:
        self.now = self.plan.origin_at + timedelta(hours=hour)
        clock.set_source(lambda: self.now)

    def start(self) -> None:
        start_day(self.plan)

    def look(self) -> None:
        look(plan_id=self.plan.pk, now=self.now)

    def get(self, path: str = "", **headers):
        return self.client.get(f"/dispatch/{self.depot.slug}/{path}", headers=headers)

    def post(self, path: str, **data):
        return self.client.post(f"/dispatch/{self.depot.slug}/{path}", data)

    def keys(self) -> list[int]:
        return list(
            Stop.objects.booked().filter(route=self.route).order_by("position").values_list("pk", flat=True)
        )

    def other(self) -> Route:
        return Route.objects.filter(shift__plan=self.plan).exclude(pk=self.route.pk).get()


@pytest.fixture
def road(client):
    yield Road(client)
    clock.set_source(None)


def text(answer) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", answer.content.decode()).split())


def seen_of(answer) -> list[str]:
    return re.findall(r'name="seen" value="([^"]+)"', answer.content.decode())


def test_a_day_is_locked_and_its_vehicles_leave_from_the_board(road):
    DayPlan.objects.filter(pk=road.plan.pk).update(state="closed")
    assert "Lock the day" in text(road.get())

    assert road.post("2026-11-24/lock/").status_code == 303
    page = road.get(f"route/{road.route.pk}/")
    assert "The vehicle leaves" in text(page)
    assert "customers are told" in text(road.get(f"route/{road.route.pk}/do/start/"))
    assert road.post(f"route/{road.route.pk}/do/start/").status_code == 303

    road.route.refresh_from_db()
    assert road.route.state == "started"
    assert "Nothing needs you" in text(road.get())
    assert "Of 4 promises 0 are kept, 0 broken, 4 to come." in text(road.get())


def test_what_breaks_first_stands_first_with_its_ways_out(road):
    road.start()
    road.at(13)
    road.look()

    page = road.get()

    assert "2 things need you" in text(page)
    assert DayException.objects.filter(kind="late").count() == 2
    assert f"/route/{road.route.pk}/order/" in page.content.decode()
    first = DayException.objects.order_by("breaks_at", "pk").first()
    assert page.content.decode().index(f"exception-{first.pk}") < page.content.decode().index("routes-title")
    assert "late" in text(page)


def test_somebody_takes_an_exception(road):
    road.start()
    road.at(13)
    road.look()
    one, two = DayException.objects.order_by("pk")

    road.post(f"exception/{one.pk}/", act="acknowledge")
    road.post(f"exception/{two.pk}/", act="assign", to=road.user.actor)

    page = text(road.get())
    assert "Seen by Sanna" in page
    assert "Sanna has it" in page
    assert road.post(f"exception/{one.pk}/", act="assign", to="user:999").status_code == 403
    assert road.post(f"exception/{one.pk}/", act="forget").status_code == 404
    assert road.post(f"exception/{one.pk}/", act="settle").status_code == 409  # it is over by itself


def test_a_poll_that_has_seen_all_gets_nothing(road):
    road.start()
    page = road.get()
    mark = re.search(r"\?v=([^\"]+)\"", page.content.decode())[1]
    poll = {"HX-Request": "true", "HX-Target": "road"}

    assert road.get(f"2026-11-24/?v={mark}", **poll).status_code == 204
    road.at(13)
    road.look()
    answer = road.get(f"2026-11-24/?v={mark}", **poll)
    assert answer.status_code == 200
    assert answer.content.decode().startswith("<section")


def test_another_order_is_shown_before_it_is_done(road):
    road.start()
    before = road.keys()
    places = [("stop", key) for key in before], [("place", n) for n in (4, 3, 2, 1)]
    query = "&".join(f"{name}={value}" for pair in places for name, value in pair)

    page = road.get(f"route/{road.route.pk}/order/?{query}")

    assert "It breaks 2 things" in text(page)
    assert road.keys() == before
    refused = road.post(f"route/{road.route.pk}/order/", stop=before[::-1], by="hand")
    assert refused.status_code == 409
    assert "Look at it again before you do it" in text(refused)
    done = road.post(f"route/{road.route.pk}/order/", stop=before[::-1], by="hand", seen=seen_of(page))
    assert done.status_code == 303
    assert road.keys() == before[::-1]
    best = road.get(f"route/{road.route.pk}/order/")
    assert "The best order" in text(best)
    assert "0 too late instead of 2" in text(best)


def test_a_stop_goes_to_another_vehicle_by_two_presses(road):
    road.start()
    stop = road.keys()[-1]
    page = road.get(f"stop/{stop}/")
    assert "It breaks nothing" in text(page)

    done = road.post(f"stop/{stop}/", route=road.other().pk, seen=seen_of(page))

    assert done.status_code == 303
    assert Stop.objects.get(pk=stop).route_id == road.other().pk
    assert "put here by hand" in text(road.get(f"route/{road.other().pk}/"))


def test_a_vehicle_breaks_down_and_its_stops_need_somebody(road):
    road.start()
    done = road.keys()[0]
    settle_stop(stop_id=done, handover=Handover("handed_over", road.now), actor="s", now=road.now)
    assert "3 stops are left" in text(road.get(f"route/{road.route.pk}/do/break-down/"))
    assert road.post(f"route/{road.route.pk}/do/break-down/").status_code == 303
    road.look()

    page = text(road.get())
    assert "3 things need you" in page
    assert "On no route" in page
    stop = DayException.objects.filter(kind="unassigned").first().stop_id
    assert "broke down with it" in text(road.get(f"stop/{stop}/"))
    assert road.post(f"route/{road.route.pk}/do/finish/").status_code == 303
    road.look()
    assert set(Stop.objects.booked().values_list("delivery__state", flat=True)) == {"delivered", "at_depot"}


def test_a_driver_and_a_vehicle_are_given_by_hand(road):
    veikko, spare = make_driver(road.depot), make_vehicle(road.depot, road.route.shift.vehicle.vehicle_class)
    DayPlan.objects.filter(pk=road.plan.pk).update(state="closed")
    shift = road.route.shift_id

    assert road.post(f"shift/{shift}/", driver=veikko.pk).status_code == 303
    page = road.post(f"shift/{shift}/", vehicle=spare.pk)
    assert "It breaks nothing" in text(page)
    assert road.post(f"shift/{shift}/", vehicle=spare.pk, sure="1").status_code == 303

    row = Shift.objects.get(pk=shift)
    assert (row.driver, row.vehicle, row.assigned_by) == (veikko, spare, road.user.actor)
    assert "Set by hand" in text(road.get(f"route/{road.route.pk}/"))
    assert road.post(f"shift/{shift}/", driver=10**6).status_code == 409
    assert road.post(f"shift/{shift}/", vehicle=10**6).status_code == 409


def test_where_a_vehicle_is_shows_on_the_map(road):
    road.start()
    LastSeen.objects.create(shift=road.route.shift, at=road.now, lat=60.17, lon=24.94)
    settle_stop(stop_id=road.keys()[0], handover=Handover("handed_over", road.now), actor="s", now=road.now)

    page = road.get()

    [drawn] = json.loads(re.search(r'data-routes="([^"]+)"', page.content.decode())[1].replace("&quot;", '"'))
    assert drawn["van"] == {"lat": 60.17, "lon": 24.94, "label": road.route.shift.vehicle.name}
    assert [point["kind"] for point in drawn["points"]].count("over") == 1
    assert "seen just now" in text(page)


def test_an_empty_board_says_what_will_be_here(road):
    assert "Nothing is driven this day" in text(road.get("2026-11-23/"))
    assert "No day to drive" in text(road.get("2027-03-01/"))


def test_who_only_looks_sees_the_board_and_does_nothing(road):
    road.start()
    road.at(13)
    road.look()
    road.member.role = Role.VIEWER
    road.member.save()

    page = road.get()

    assert "2 things need you" in text(page)
    assert "Give it to" not in text(page)
    assert road.get(f"route/{road.route.pk}/").status_code == 403
    assert road.post(f"route/{road.route.pk}/do/break-down/").status_code == 403


def test_another_depots_day_is_not_there(road, client):
    road.start()
    other = make_membership(make_user(), Role.DISPATCHER, depot=make_network().depot)
    client.force_login(other.user)

    assert road.get().status_code == 404
    here = f"/dispatch/{other.depot.slug}"
    assert client.get(f"{here}/route/{road.route.pk}/").status_code == 404
    assert client.get(f"{here}/stop/{road.keys()[0]}/").status_code == 404
    assert client.post(f"{here}/shift/{road.route.shift_id}/", {"driver": ""}).status_code == 404
    assert client.post(f"{here}/route/{road.route.pk}/do/break-down/").status_code == 404


def test_the_board_asks_few_questions(road, django_assert_max_num_queries):
    road.start()
    road.at(13)
    road.look()
    road.get()

    with django_assert_max_num_queries(30):
        road.get()
