"""A shop's managers see how many who saw times booked one."""

import csv
from datetime import timedelta

import pytest
from django.test import Client

from portal.models.people import Role
from scheduling import clock
from scheduling.models import SlotPattern
from scheduling.services.bookings import cancel_delivery
from scheduling.services.joining import join_delivery
from tests.factories import (
    NOW,
    ask_for,
    make_booking,
    make_hold,
    make_membership,
    make_merchant,
    make_network,
    make_outlet,
)

pytestmark = [pytest.mark.django_db, pytest.mark.once]


@pytest.fixture(autouse=True)
def at():
    clock.set_source(lambda: NOW)
    yield
    clock.set_source(None)


@pytest.fixture
def outlet():
    return make_network()


def somebody(shop, role) -> Client:
    client = Client()
    client.force_login(make_membership(merchant=shop, role=role).user)
    return client


def path(outlet, query: str = "", page: str = "") -> str:
    return f"/shop/{outlet.merchant.slug}/funnel/{page}{query}"


def page_of(outlet, query: str = "") -> str:
    answer = somebody(outlet.merchant, Role.MANAGER).get(path(outlet, query))
    assert answer.status_code == 200
    return answer.content.decode()


def rows_of(outlet, query: str = "") -> dict[tuple[str, str], list[str]]:
    answer = somebody(outlet.merchant, Role.MANAGER).get(path(outlet, query, "figures.csv"))
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    _heads, *rows = csv.reader(answer.content.decode().splitlines())
    return {(row[2], row[3]): row[4:] for row in rows}


def test_a_manager_reads_how_many_booked_and_that_it_adds_up(outlet):
    first, *_others = [make_booking(outlet) for _each in range(2)]
    make_hold(outlet)
    ask_for(outlet)
    goods = {"load_g": 1_000, "load_ml": 5_000, "parcels": 1, "order_number": "second"}
    join_delivery(delivery=first.delivery, **goods, actor="x", now=NOW)
    cancel_delivery(delivery=first.delivery, actor="x", now=NOW)

    page = page_of(outlet)

    assert "2 of 4 shoppers who saw times booked one." in page
    assert "1 looked and chose none. 1 kept one and did not book." in page
    assert "Your customers made 2 bookings in these days, and 2 are booked above." in page
    assert "1 of them has been cancelled since." in page
    assert "1 more order came with a delivery booked before" in page


def test_the_file_has_a_row_for_each_channel_and_kind_and_adds_up(outlet):
    for _each in range(3):
        make_booking(outlet)
    ask_for(outlet, session_key="widget:q:1")

    rows = rows_of(outlet)

    assert rows["hosted", "any"] == ["3", "3", "3", "3", "3"]
    assert rows["widget", "any"] == ["1", "0", "0", "0", "0"]
    kinds = [int(row[4]) for (channel, kind), row in rows.items() if channel == "hosted" and kind != "any"]
    assert sum(kinds) == 3
    assert rows["any", "joined"] == ["", "", "", "", "0"]


def test_days_are_chosen_and_empty_ones_say_what_will_be_here(outlet):
    make_booking(outlet)

    empty = page_of(outlet, "?first=2026-11-01&last=2026-11-22")

    assert "Nobody asked for times in these days" in empty
    assert 'value="2026-11-22"' in empty
    assert "1 of 1 shopper who saw times booked one." in page_of(outlet, "?first=2026-11-23&last=2026-11-23")


def test_who_found_nothing_is_told_of(outlet):
    SlotPattern.objects.update(cap=0)
    ask_for(outlet)

    assert "Nobody who asked found a time." in page_of(outlet)


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("?first=2026-11-20", "Choose a day."),
        ("?first=soon&last=2026-11-20", "Write the day as in 2026-11-30."),
        ("?first=2026-11-21&last=2026-11-20", "Choose the same day or a later one"),
        ("?first=2026-07-01&last=2026-11-20", "Choose up to 92 days at once."),
        ("?first=0001-01-01&last=0001-01-01", "Choose a day from 2020 on."),
        ("?first=2026-11-20&last=9999-12-31", "Choose a day that has begun"),
    ],
)
def test_days_that_make_no_sense_are_said(outlet, query, said):
    manager = somebody(outlet.merchant, Role.MANAGER)

    for page in ("", "figures.csv"):
        answer = manager.get(path(outlet, query, page))
        assert answer.status_code == 422
        assert said in answer.content.decode()


def test_days_are_those_of_the_shop_s_first_depot(outlet):
    clock.set_source(lambda: NOW + timedelta(hours=13, minutes=30))  # half past midnight in Helsinki

    assert 'value="2026-11-24"' in page_of(outlet)
    assert "Europe/Helsinki" in make_booked_page(outlet)


def make_booked_page(outlet) -> str:
    make_booking(outlet)
    return page_of(outlet)


def test_who_is_no_manager_there_reads_nothing_and_no_other_shop_is_counted(outlet):
    other = make_outlet(make_merchant(), outlet.depot)
    make_booking(other)

    assert "Nobody asked for times in these days" in page_of(outlet)
    for page in ("", "figures.csv"):
        for client, status in (
            (somebody(other.merchant, Role.VIEWER), 403),
            (somebody(other.merchant, Role.RETURNS_DESK), 403),
            (somebody(outlet.merchant, Role.MANAGER), 404),
            (Client(), 302),
        ):
            assert client.get(path(other, page=page)).status_code == status
        assert somebody(other.merchant, Role.MANAGER).post(path(other, page=page)).status_code == 405


def test_a_page_costs_the_same_however_much_happened(outlet, django_assert_num_queries):
    manager = somebody(outlet.merchant, Role.MANAGER)
    for _each in range(3):
        make_booking(outlet)

    with django_assert_num_queries(9):
        manager.get(path(outlet))
