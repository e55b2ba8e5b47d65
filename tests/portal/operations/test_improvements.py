"""Asking for better routes on the board, and what staff read of them."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import include, path

from portal import urls
from portal.models.people import Role
from portal.operations import words
from scheduling import clock
from scheduling.models import DayPlan, Depot, Improvement
from scheduling.selectors.board import board_mark, board_of
from scheduling.selectors.plans import improvements_of
from scheduling.services.improvements import ask_for_improvement, begin_improvement, give_up
from tests.factories import (
    NOW,
    TOMORROW,
    make_booking,
    make_depot,
    make_membership,
    make_network,
    plan_on,
    some_facts,
)

pytestmark = [pytest.mark.django_db, pytest.mark.once]
PART = {"HX-Request": "true", "HX-Target": "plan"}
BUTTON = "Improve now"
LOOKING = "Looking for better routes…"
SOON = NOW + timedelta(minutes=1)
Outcome = Improvement.Outcome


@pytest.fixture(autouse=True)
def _at_now():
    clock.set_source(lambda: NOW)
    yield
    clock.set_source(None)


@pytest.fixture
def outlet():
    """A day with two stops."""
    outlet = make_network(vans=1, days=3)
    make_booking(outlet, facts=some_facts(north_m=500))
    make_booking(outlet, facts=some_facts(north_m=-500), hour=14)
    return outlet


@pytest.fixture
def dispatcher(client, outlet):
    client.force_login(make_membership(role=Role.DISPATCHER, depot=outlet.depot).user)
    return client


@pytest.fixture
def viewer(client, outlet):
    client.force_login(make_membership(role=Role.VIEWER, depot=outlet.depot).user)
    return client


def url(outlet, day=TOMORROW) -> str:
    return f"/depot/{outlet.depot.slug}/{day.isoformat()}/"


def read(client, address: str) -> str:
    response = client.get(address)
    assert response.status_code == 200
    return response.content.decode()


def asked_at(outlet):
    return plan_on(outlet).improvement_asked_at


def mark(outlet, now=NOW):
    return board_mark(depot=outlet.depot, day=TOMORROW, now=now)


def run(outlet, outcome=Outcome.NO_GAIN, *, now=NOW, **values) -> Improvement:
    """A run that has ended after eight seconds, with its kilometres."""
    metres = {"before_m": 15_600, "after_m": 15_600} | values
    return Improvement.objects.create(
        plan=plan_on(outlet),
        outcome=outcome,
        **({"version": 3, "visits": 2, "budget_ms": 350, "actor": "clock"} | metres),
        started_at=now,
        finished_at=None if outcome == Outcome.RUNNING else now + timedelta(seconds=8),
    )


# Who may, and when


def test_a_dispatcher_asks_and_is_sent_back_to_the_day(dispatcher, outlet):
    assert BUTTON in read(dispatcher, url(outlet))

    response = dispatcher.post(url(outlet) + "improve/")

    assert (response.status_code, response["Location"]) == (303, url(outlet))
    assert asked_at(outlet) == NOW
    page = read(dispatcher, url(outlet))
    assert LOOKING in page
    assert BUTTON not in page


def test_htmx_gets_the_part_with_the_news_in_it(dispatcher, outlet):
    part = dispatcher.post(url(outlet) + "improve/", headers=PART).content.decode()

    assert 'id="plan"' in part
    assert "<html" not in part
    assert LOOKING in part


def test_a_second_press_does_not_lose_the_place_in_the_queue(dispatcher, outlet):
    dispatcher.post(url(outlet) + "improve/")
    clock.set_source(lambda: SOON)

    assert dispatcher.post(url(outlet) + "improve/").status_code == 303
    assert asked_at(outlet) == NOW


def test_a_manager_of_the_operator_may_ask_too(client, outlet):
    client.force_login(make_membership(role=Role.MANAGER, operator=outlet.depot.operator).user)

    client.post(url(outlet) + "improve/")

    assert asked_at(outlet) == NOW


def test_who_may_only_look_sees_no_button_and_is_refused(viewer, outlet):
    assert BUTTON not in read(viewer, url(outlet))

    assert viewer.post(url(outlet) + "improve/").status_code == 403
    assert asked_at(outlet) is None


def test_who_may_only_look_sees_that_somebody_looks_for_better_routes(viewer, outlet):
    ask_for_improvement(plan=plan_on(outlet), actor="test", now=NOW)

    assert LOOKING in read(viewer, url(outlet))


def test_looking_changes_nothing(dispatcher, outlet):
    read(dispatcher, url(outlet))
    read(dispatcher, url(outlet) + "improvements/")

    assert dispatcher.get(url(outlet) + "improve/").status_code == 405
    assert asked_at(outlet) is None


def test_strangers_are_asked_to_sign_in_and_neighbours_find_nothing(client, outlet):
    for page in ("improve/", "improvements/"):
        send = client.post if page == "improve/" else client.get
        assert send(url(outlet) + page)["Location"].startswith("/staff/login/")
    client.force_login(make_membership(depot=make_depot()).user)

    assert client.post(url(outlet) + "improve/").status_code == 404
    assert client.get(url(outlet) + "improvements/").status_code == 404
    assert asked_at(outlet) is None


def test_a_day_without_a_plan_or_that_is_none_is_not_found(dispatcher, outlet):
    for day in (TOMORROW + timedelta(days=40)).isoformat(), "2026-02-30":
        assert dispatcher.post(f"/depot/{outlet.depot.slug}/{day}/improve/").status_code == 404


def test_a_day_with_one_stop_has_no_button_and_takes_no_asking(dispatcher):
    outlet = make_network(vans=1, days=3)
    make_booking(outlet)
    make_membership(dispatcher.get("/staff/").wsgi_request.user, Role.DISPATCHER, depot=outlet.depot)

    assert BUTTON not in read(dispatcher, url(outlet))
    assert dispatcher.post(url(outlet) + "improve/").status_code == 303
    assert asked_at(outlet) is None


@pytest.mark.parametrize(("state", "may"), [("closed", True), ("locked", False), ("started", False)])
def test_the_day_s_state_decides(dispatcher, outlet, state, may):
    DayPlan.objects.filter(pk=plan_on(outlet).pk).update(state=state)

    assert (BUTTON in read(dispatcher, url(outlet))) is may
    dispatcher.post(url(outlet) + "improve/")
    assert (asked_at(outlet) is not None) is may


def test_a_day_that_is_over_is_left_alone(dispatcher, outlet):
    clock.set_source(lambda: NOW + timedelta(days=3))

    dispatcher.post(url(outlet) + "improve/")

    assert asked_at(outlet) is None
    assert BUTTON not in read(dispatcher, url(outlet))


def test_where_no_solver_may_run_nobody_is_offered_one(dispatcher, outlet, settings):
    settings.SOLVERS_AT_ONCE = 0

    assert BUTTON not in read(dispatcher, url(outlet))
    dispatcher.post(url(outlet) + "improve/")
    assert asked_at(outlet) is None


# What the board says, and when it says something new


def test_the_mark_changes_when_a_run_is_asked_for_begins_and_ends(outlet):
    plan, marks = plan_on(outlet), [mark(outlet)]
    ask_for_improvement(plan=plan, actor="test", now=NOW)
    marks.append(mark(outlet))
    begun = begin_improvement(plan_id=plan.pk, actor="clock", now=NOW)
    marks.append(mark(outlet))
    give_up(begun=begun, outcome=Outcome.BUSY, now=SOON)
    marks.append(mark(outlet))

    assert len(set(marks)) == 4
    assert mark(outlet) == board_of(depot=outlet.depot, day=TOMORROW, now=NOW).mark


def test_a_mark_costs_three_queries(outlet, django_assert_num_queries):
    run(outlet)

    with django_assert_num_queries(3):
        mark(outlet)


def test_a_poll_is_told_when_a_run_begins(dispatcher, outlet):
    seen = mark(outlet)
    assert dispatcher.get(url(outlet), {"v": seen}, headers=PART).status_code == 204

    run(outlet, Outcome.RUNNING)

    assert LOOKING in dispatcher.get(url(outlet), {"v": seen}, headers=PART).content.decode()


def test_a_run_that_never_came_back_is_not_waited_for(dispatcher, outlet):
    run(outlet, Outcome.RUNNING, now=NOW - Improvement.LEASE)

    page = read(dispatcher, url(outlet))

    assert LOOKING not in page
    assert BUTTON in page
    assert "none taken: the run did not come back." in page
    assert "the run did not come back" in read(dispatcher, url(outlet) + "improvements/")
    assert mark(outlet) != mark(outlet, NOW - timedelta(seconds=1))


def sentence(outlet, *args, **values) -> str:
    run(outlet, *args, **values)
    return words.latest_run(improvements_of(plan_on(outlet))[0], NOW.date())


def test_routes_that_were_taken_are_told_with_what_they_save(outlet):
    assert sentence(outlet, Outcome.SWAPPED, after_m=12_400).endswith(
        ": better routes taken, 3.2 km less driving (12.4 instead of 15.6 km)."
    )
    assert sentence(outlet, Outcome.SWAPPED, now=SOON, after_m=15_200).endswith(
        ": better routes taken, 400 m less driving (15.2 instead of 15.6 km)."
    )


def test_routes_that_save_something_else_do_not_boast_of_metres(outlet):
    assert sentence(outlet, Outcome.SWAPPED, after_m=15_900).endswith(
        ": better routes taken: less time or fewer vans, not less driving (15.9 km)."
    )


def test_a_run_that_came_to_nothing_says_so_and_why(outlet):
    assert sentence(outlet).endswith(": looked for better routes; none worth a change.")
    assert sentence(outlet, Outcome.BUSY, now=SOON).endswith("; none taken: the day was busy.")


def test_a_time_says_its_day_unless_it_is_today(outlet):
    today = sentence(outlet)
    earlier = sentence(outlet, now=NOW - timedelta(days=2), before_m=None, after_m=None)

    (seen, before) = improvements_of(plan_on(outlet))
    assert today.startswith(f"{seen.started:%H:%M}: ")
    assert words.latest_run(before, NOW.date()).startswith(f"{before.started:%a %-d %b} · ")
    assert earlier == today


# All runs


def test_the_page_of_runs_lists_them_newest_first(viewer, outlet):
    run(outlet, Outcome.SWAPPED, after_m=12_400)
    run(outlet, Outcome.BUSY, now=SOON, before_m=None, after_m=None, actor="sanna")
    assert f'href="{url(outlet)}improvements/"' in read(viewer, url(outlet))

    page = read(viewer, url(outlet) + "improvements/")

    assert page.index("the day was busy") < page.index("better routes taken")
    for said in ("8.0 s", "15.6 km → 12.4 km", "by itself", "by hand", "Tuesday 24 November"):
        assert said in page


def test_the_page_of_runs_takes_few_queries(viewer, outlet, django_assert_max_num_queries):
    for minute in range(5):
        run(outlet, now=NOW + timedelta(minutes=minute))

    with django_assert_max_num_queries(7):
        read(viewer, url(outlet) + "improvements/")


def test_before_the_first_run_the_page_says_what_will_be_there(viewer, outlet):
    assert "improvements/" not in read(viewer, url(outlet))
    assert "No runs yet" in read(viewer, url(outlet) + "improvements/")


# The demo's split view, which anybody on this machine may use

urlpatterns = [path("demo/", include("portal.demo.urls")), *urls.urlpatterns]
BESIDE = "/demo/side-by-side/"


@pytest.fixture
def in_the_demo(settings, outlet):
    """The demo's addresses, and its depot with two stops."""
    settings.ROOT_URLCONF = __name__
    Depot.objects.filter(pk=outlet.depot.pk).update(slug="vantaa")
    return outlet


def test_beside_the_phone_anybody_may_ask(client, in_the_demo):
    ask = f"{BESIDE}improve/?day={TOMORROW}"
    assert f'action="{ask}"' in read(client, BESIDE)

    response = client.post(ask)

    assert (response.status_code, response["Location"]) == (303, f"{BESIDE}?day={TOMORROW}")
    assert asked_at(in_the_demo) == NOW
    page = read(client, response["Location"])
    assert LOOKING in page
    assert BUTTON not in page


def test_beside_the_phone_htmx_gets_the_part(client, in_the_demo):
    part = client.post(f"{BESIDE}improve/?day={TOMORROW}", headers=PART | {"HX-Target": "beside"})

    assert 'id="beside"' in part.content.decode()
    assert LOOKING in part.content.decode()


def test_beside_the_phone_only_a_form_for_a_day_asks(in_the_demo):
    client = Client()

    assert client.get(f"{BESIDE}improve/").status_code == 405
    assert client.post(f"{BESIDE}improve/").status_code == 400
    assert client.post(f"{BESIDE}improve/?day=2026-01-01").status_code == 404
    assert asked_at(in_the_demo) is None
