"""A shop's managers see what comes back and why, how soon it is on sale again, and what fetching it drove."""

import csv
from datetime import timedelta

import pytest
from django.test import Client

from portal.models.people import Role
from returns.models import ReturnItem
from returns.services.requests import Wish
from scheduling import clock
from scheduling.bought import ItemBought
from scheduling.models import Stop
from scheduling.services.accounts import close_account
from tests.factories import (
    NOW,
    make_booking,
    make_membership,
    make_network,
    make_order,
    make_return,
    plan_on,
    some_facts,
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


def ask(outlet, role=Role.MANAGER, page="", query=""):
    client = Client()
    client.force_login(make_membership(merchant=outlet.merchant, role=role).user)
    return client.get(f"/shop/{outlet.merchant.slug}/returns/figures{page or '/'}{query}")


def page_of(outlet, **values) -> str:
    answer = ask(outlet, **values)
    assert answer.status_code == 200
    return answer.content.decode()


def coming_back(outlet, *reasons: str, **values):
    order = make_order(outlet.merchant, items=[ItemBought("CUP", "Cup", 1290, 9)])
    line = order.items.get().ref
    return [make_return(order, wishes=[Wish(line, 1, reason, **values)]) for reason in reasons]


def test_reasons_are_counted_the_most_frequent_first(outlet):
    coming_back(outlet, "too_small", "damaged", "too_small")

    page = page_of(outlet)

    assert "3 things came back, or are about to, in 3 returns." in page
    assert page.index("It is too small") < page.index("It came damaged")
    assert "It is too small: 2 · It came damaged: 1" in page


def test_how_many_wanted_something_else_is_told(outlet):
    coming_back(outlet, "too_small", resolution="exchange", wanted_sku="CUP-L")
    coming_back(outlet, "changed_mind")

    assert "For 50% of them something else, or the same again, was wanted." in page_of(outlet)


def test_from_the_door_to_the_shelf_half_and_nine_of_ten_are_told(outlet):
    for hours, made in zip((10, 20, 100), coming_back(outlet, *["other"] * 3), strict=True):
        made.collected_at = NOW
        made.save()
        on_sale = NOW + timedelta(hours=hours)
        ReturnItem.objects.filter(of=made).update(disposition="stock", on_sale_at=on_sale)

    page = page_of(outlet)

    assert "Back to stock" in page
    assert "3 lines: half of them within 20 hours, nine of ten within 4 days" in page


def test_one_line_on_the_shelf_is_told_without_a_half_or_a_tenth(outlet):
    [made] = coming_back(outlet, "other")
    made.collected_at = NOW
    made.save()
    ReturnItem.objects.filter(of=made).update(disposition="stock", on_sale_at=NOW + timedelta(hours=20))

    assert "1 line: within 20 hours" in page_of(outlet)


def test_what_a_pickup_drove_comes_from_its_routes_account(outlet):
    [made] = coming_back(outlet, "other")
    booking = make_booking(outlet, facts=some_facts(direction="in"))
    made.pickup = booking.delivery
    made.save()
    make_booking(outlet, facts=some_facts(north_m=300))
    close_account(plan_id=plan_on(outlet).pk, now=NOW + timedelta(days=2))
    share = Stop.objects.get(booking=booking).carbon

    page = page_of(outlet)

    assert f"{share.grams:,} g CO₂e stand for it" in page
    metres = share.account.metres * share.grams // share.account.grams
    assert f"1 pickup has been driven: {metres / 1000:.2f} km" in page
    assert f"would have been at least {2 * share.distance_m / 1000:.2f} km" in page


def test_another_shops_and_earlier_ones_are_left_out(outlet):
    coming_back(make_network(), "damaged")
    [old] = coming_back(outlet, "damaged")
    old.requested_at = NOW - timedelta(days=40)
    old.save()

    assert "Nothing came back in these days" in page_of(outlet)
    assert "1 thing came back" in page_of(outlet, query="?first=2026-10-01&last=2026-10-31")


def test_the_file_shows_what_looks_like_a_formula_and_works_nothing_out(outlet):
    order = make_order(outlet.merchant, items=[ItemBought("=1+1", "@SUM(A1)", 1290)])
    make_return(order)

    _heads, row = csv.reader(ask(outlet, page=".csv").content.decode().splitlines())

    assert row[2:] == ["'=1+1", "'@SUM(A1)", "changed_mind", "1"]


@pytest.mark.parametrize(
    "query", ["?first=2026-11-30&last=2026-11-01", "?first=x&last=", "?first=2020-01-01&last=2026-01-01"]
)
def test_days_that_make_no_sense_are_refused_in_words(outlet, query):
    for page in ("", ".csv"):
        assert ask(outlet, page=page, query=query).status_code == 422


def test_only_managers_see_it(outlet):
    assert {ask(outlet, role=role).status_code for role in (Role.RETURNS_DESK, Role.VIEWER)} == {403}
    assert Client().get(f"/shop/{outlet.merchant.slug}/returns/figures/").status_code == 302
