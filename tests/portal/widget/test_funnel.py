"""What each way in tells the funnel: our page, the widget, and a program."""

from datetime import date

import pytest

from scheduling.models import SlotPattern
from scheduling.selectors.funnel import Channel, Figures, funnel_of
from tests.factories import make_network
from tests.portal.api.conftest import Program, an_order, secret
from tests.portal.customers.conftest import ADDRESS, Shopper, offers_in

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.both]

TODAY = date(2026, 11, 23)


def channel(outlet, name: Channel) -> Figures:
    found = funnel_of(merchant=outlet.merchant, first=TODAY, last=TODAY, zone=outlet.depot.zone)
    assert found.total == found.channels[name]
    return found.channels[name]


def test_a_shopper_on_our_page_opens_what_is_drawn_once_however_often_they_reload(outlet):
    shopper = Shopper(outlet)
    shopper.types(ADDRESS)
    for _reload in range(3):
        page = shopper.sees_times()
    assert channel(outlet, Channel.HOSTED) == Figures(seen=1, opened=1)

    SlotPattern.objects.update(active=False)
    assert shopper.keeps(offers_in(page)[0]).status_code == 409
    assert channel(outlet, Channel.HOSTED) == Figures(seen=1, opened=1, chose=1)
    SlotPattern.objects.update(active=True)
    assert shopper.keeps(offers_in(page)[0]).status_code == 303

    assert channel(outlet, Channel.HOSTED) == Figures(seen=1, opened=1, chose=1, held=1)


def test_the_widget_opens_a_kind_when_the_day_is_opened_that_has_it(outlet, frame):
    SlotPattern.objects.filter(opens__hour=18).update(narrowed_to_minutes=60, base_price_minor=900)
    found = []
    for step, fields in (("open", {}), ("times", {"day": "2026-11-25"})):
        assert frame(step, **fields).status_code == 200
        whole = funnel_of(merchant=outlet.merchant, first=TODAY, last=TODAY, zone=outlet.depot.zone)
        found.append(whole.of_kind(4))

    assert found == [Figures(seen=1), Figures(seen=1, opened=1)]
    assert channel(outlet, Channel.WIDGET) == Figures(seen=1, opened=1)


def test_what_the_widget_kept_and_the_shop_s_server_confirmed_is_the_widget_s(outlet, frame, program):
    kept = frame.holds()["held"]["hold_token"]
    assert program("POST", "/deliveries", an_order(kept)).status_code == 201

    assert channel(outlet, Channel.WIDGET) == Figures(1, 1, 1, 1, 1)


def test_a_program_s_choice_is_counted_when_it_is_refused_and_once_when_it_is_repeated(outlet, program):
    offer = program.offer(shopper="aino")
    assert channel(outlet, Channel.API) == Figures(seen=1)

    SlotPattern.objects.update(active=False)
    for _again in range(2):
        assert program("POST", "/holds", {"offer": offer}).status_code == 409
    assert channel(outlet, Channel.API) == Figures(seen=1, opened=1, chose=1)
    SlotPattern.objects.update(active=True)
    kept = program("POST", "/holds", {"offer": offer}, Idempotency_Key="once").json()["hold"]
    program("POST", "/holds", {"offer": offer}, Idempotency_Key="once")
    for _again in range(2):
        assert program("POST", "/deliveries", an_order(kept), Idempotency_Key="b").status_code == 201

    assert channel(outlet, Channel.API) == Figures(1, 1, 1, 1, 1)


def test_another_shop_s_program_cannot_note_a_choice(outlet, program, frame):
    stranger = Program(secret(make_network(days=9).merchant))
    offer = program.offer()

    assert stranger("POST", "/holds", {"offer": offer}).status_code >= 400
    assert channel(outlet, Channel.API) == Figures(seen=1)


def test_times_for_a_postcode_and_then_for_the_address_are_one_basket(outlet, asking):
    assert asking.begins(postcode="00100")["view"] == "indicative"
    assert channel(outlet, Channel.WIDGET) == Figures(seen=1, opened=1)
    assert asking("address", address="Testikatu 1", size="bag").json()["view"] == "times"

    assert channel(outlet, Channel.WIDGET) == Figures(seen=1, opened=1)
