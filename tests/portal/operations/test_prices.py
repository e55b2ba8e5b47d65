"""The price preview: a shopper's answers with exact figures, for the depot's people only."""

import re
from datetime import timedelta
from html import unescape

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from portal.models.people import Role
from portal.money import money
from portal.operations import prices
from portal.throttle import Limit
from scheduling import clock
from scheduling.facts import AddressFacts, VisitFacts
from scheduling.models import Blackout, MerchantDepot, Quote
from scheduling.services.plans import extend_horizon
from scheduling.services.quotes import ask
from tests.factories import (
    NOW,
    TOMORROW,
    a_session,
    make_booking,
    make_depot,
    make_membership,
    make_merchant,
    make_network,
    make_operator,
    make_outlet,
    make_vehicle,
    some_facts,
)
from tests.layouts import laid_out_once
from tests.portal.customers.conftest import ADDRESS

pytestmark = [pytest.mark.django_db, pytest.mark.once]


@pytest.fixture(autouse=True)
def _at_now():
    clock.set_source(lambda: NOW)
    yield
    clock.set_source(None)


@pytest.fixture(autouse=True)
def _few_addresses(settings, few_addresses):
    settings.GEOCODER, settings.GAZETTEER_FILE = "gazetteer", str(few_addresses)


@pytest.fixture
def outlet():
    return two_near_by()


@laid_out_once
def two_near_by() -> MerchantDepot:
    """Two stops near by, and a shop that takes up to 3.00 off."""
    outlet = make_network(days=8)
    outlet.merchant.discount_cap_minor = 300
    outlet.merchant.save()
    for east_m in (200, 2_000):
        make_booking(outlet, hour=10, facts=some_facts(east_m=east_m))
    return outlet


@pytest.fixture
def planner(client, outlet):
    client.force_login(make_membership(role=Role.VIEWER, depot=outlet.depot).user)
    return client


def url(outlet) -> str:
    return f"/depot/{outlet.depot.slug}/prices/"


def question(outlet, **values) -> dict[str, str]:
    return {"merchant": outlet.merchant.slug, "address": ADDRESS, "size": "boxes"} | values


def read(client, outlet, status=200, **values) -> str:
    """The page that answers a question, as text."""
    response = client.get(url(outlet), question(outlet, **values))
    assert response.status_code == status
    return unescape(response.content.decode())


def rows(page: str) -> list[list[str]]:
    """The texts of each time's cells, parted by spaces."""
    found = re.findall(r"<tr[^>]*>(<td.*?)</tr>", page, re.DOTALL)
    return [
        [
            " ".join(re.sub(r"<[^>]*>", " ", cell).split())
            for cell in re.findall(r"<td.*?</td>", row, re.DOTALL)
        ]
        for row in found
    ]


def asked(outlet):
    """What a shopper is answered about the same visit."""
    address = AddressFacts(line="Testikatu 1", postcode="00100", city="Helsinki", lat=60.17, lon=24.94)
    facts = VisitFacts(address=address, load_g=9_000, load_ml=60_000, parcels=2)
    view = ask(merchant=outlet.merchant, facts=facts, session_key=a_session(), now=NOW)
    return [offer for day in view.days for offer in day.offers]


# What is shown


def test_before_a_question_the_page_has_only_the_form(planner, outlet):
    page = planner.get(url(outlet)).content.decode()

    assert "Price preview" in page
    assert outlet.merchant.name in page
    assert 'role="alert"' not in page
    assert "<table" not in page


def test_the_numbers_are_a_shopper_s_to_the_cent_and_metre(planner, outlet):
    seen = rows(read(planner, outlet))

    offers = asked(outlet)

    assert len(seen) == len(offers) == 42
    for row, offer in zip(seen, offers, strict=True):
        answer = offer.answer
        assert row[0] == f"{offer.opens:%H:%M}–{offer.closes:%H:%M}"
        less = money(answer.price_minor - answer.base_price_minor, "EUR")
        assert row[1] == f"{offer.cutoff:%a %-d %b} 18:00, still ahead"
        assert row[3] == f"{money(answer.base_price_minor, 'EUR')} {less}"
        assert row[4] == money(answer.price_minor, "EUR")
        assert row[5] == f"{answer.added_m:,} m {answer.added_s:,} s"
        assert ("pointed out" in row[6]) is answer.pointed_out
        assert row[7] == f"{answer.exact_grams:,} g as {answer.grams:,} g"
        assert row[8] == "Battery van"


def test_neighbours_are_exact(planner, outlet):
    seen = rows(read(planner, outlet))

    assert [row[2] for row in seen[:6]] == ["0", "1", "0", "0", "0", "0"]


def test_sentences_say_what_comes_first_and_what_times_cost(planner, outlet):
    page = re.sub(r"<[^>]*>", "", read(planner, outlet))
    prices = [offer.answer.price_minor for offer in asked(outlet)]

    assert f"{outlet.merchant.name} · {ADDRESS} · 2 parcels, 9 kg" in page
    assert re.search(r"A shopper sees first: .*10:00–12:00 for €1\.90 \(least driving, .*cheapest\)", page)
    mean = money(round(sum(prices) / len(prices)), "EUR")
    assert f"42 times are open: {mean} on average with the shop’s cap of €3.00." in page


def test_another_cap_is_shown_beside_the_shop_s_own(planner, outlet):
    page = read(planner, outlet, cap="4,50")

    assert "With a cap of €4.50" in page
    assert re.search(r"with the shop’s cap of €3\.00, €\d\.\d\d with one of €4\.50\.", page)
    tried = [float(row[5].removeprefix("€")) for row in rows(page)]
    assert min(tried) == 0.4
    assert max(tried) == 4.9
    assert 'value="4,50"' in page


def test_what_can_t_be_chosen_says_why(planner, outlet):
    in_ten_days = TOMORROW + timedelta(days=10)
    Blackout.objects.create(depot=outlet.depot, first_date=TOMORROW, last_date=in_ten_days)

    page = read(planner, outlet)

    assert "No time can be chosen in these days" in page
    assert {row[-1] for row in rows(page)} == {"No deliveries on this day."}


def test_an_address_that_only_another_depot_serves_says_so(planner, outlet):
    other = make_depot(lat=69.9, lon=27.0)
    make_vehicle(other)
    make_outlet(outlet.merchant, other)
    extend_horizon(depot=other, now=NOW, days=8)

    page = read(planner, outlet, address="Kaukotie 9, 99999 Utsjoki")

    assert "No times from this depot" in page
    assert "42 more times come from other depots" in page
    assert "<table" not in page


def test_a_depot_that_no_shop_sells_from_says_so(client):
    depot = make_depot()
    client.force_login(make_membership(depot=depot).user)

    assert "No shop sells from here yet" in client.get(f"/depot/{depot.slug}/prices/").content.decode()


def test_the_board_leads_here(planner, outlet):
    board = planner.get(f"/depot/{outlet.depot.slug}/2026-11-24/").content.decode()

    assert f'href="{url(outlet)}"' in board


# What can't be answered


def complaint(page: str) -> str:
    return re.search(r'<section class="notice notice--bad".*?</section>', page, re.DOTALL)[0]


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"address": ""}, "Write the street and the number to look at."),
        ({"address": "Olematonkatu 5, 00100 Helsinki"}, "We can’t find this address."),
        ({"address": "Testikatu 99, 00100 Helsinki"}, "We know the street, but not this number."),
        ({"address": "Rantatie 4, Helsinki"}, "We can’t find the address just as you typed it."),
        ({"address": "Kaukotie 9, 99999 Utsjoki"}, "does not deliver there."),
        ({"address": "a\x00b"}, "Null characters are not allowed."),
        ({"merchant": ""}, "Choose the shop that sells the goods."),
        ({"size": ""}, "Choose how big it is"),
        ({"size": "exact"}, "How many parcels?"),
        ({"size": "exact", "parcels": "2", "weight": "900"}, "No van could carry that, even empty."),
        ({"size": "exact", "parcels": "999", "weight": "9"}, "We take up to 200 parcels"),
        ({"cap": "much"}, "Write the cap in digits"),
        ({"cap": "nan"}, "Write the cap in digits"),
        ({"cap": "-1"}, "A cap is zero or more."),
        ({"cap": "2.505"}, "two decimals at most"),
        ({"cap": "1e999999999"}, "Try a cap of up to 1000."),
        ({"cap": "9" * 2_000}, "Try a cap of up to 1000."),
    ],
)
def test_what_is_wrong_is_said_beside_its_field_and_what_was_typed_is_kept(planner, outlet, values, sentence):
    page = read(planner, outlet, status=422, **values)

    assert sentence in complaint(page)
    assert page.count(sentence) == 2
    assert "<table" not in page
    typed = (question(outlet) | values)["address"]
    assert f'value="{typed}"' in page or not typed


def test_an_address_that_may_be_meant_is_one_press_away(planner, outlet):
    page = read(planner, outlet, status=422, address="Rantatie 4, Helsinki", cap="2")
    links = re.findall(r'href="(\?[^"]*)">(Rantatie[^<]*)<', page)

    assert [line for _url, line in links] == ["Rantatie 4, 00100 Helsinki", "Rantatie 4, 00200 Helsinki"]
    answer = planner.get(url(outlet) + links[1][0])
    assert answer.status_code == 200
    assert "Rantatie 4, 00200 Helsinki" in answer.content.decode()
    assert "With a cap of €2.00" in answer.content.decode()


def test_while_the_address_finder_is_away_the_page_says_so(planner, outlet, settings):
    settings.GAZETTEER_FILE = "nowhere.csv"

    page = read(planner, outlet, status=503)

    assert "The address finder does not answer right now." in page
    assert f'value="{ADDRESS}"' in page


def test_who_asks_without_end_is_asked_to_wait(planner, outlet, monkeypatch):
    monkeypatch.setattr(prices, "PREVIEWS", Limit("price-previews", times=2, per_s=60))

    codes = [planner.get(url(outlet), question(outlet)).status_code for _ in range(3)]

    assert codes == [200, 200, 429]
    assert planner.get(url(outlet)).status_code == 200


# Who may, and what it costs


def test_a_stranger_is_asked_to_sign_in(client, outlet):
    assert client.get(url(outlet))["Location"].startswith("/staff/login/")


def test_another_depot_does_not_exist_for_its_neighbour(planner):
    assert planner.get(url(make_network(days=2))).status_code == 404


def test_who_works_for_the_shop_or_another_operator_finds_nothing(client, outlet):
    for scope in ({"merchant": outlet.merchant}, {"operator": make_operator()}):
        client.force_login(make_membership(**scope).user)
        assert client.get(url(outlet), question(outlet)).status_code == 404


def test_who_works_for_the_operator_may_look(client, outlet):
    client.force_login(make_membership(role=Role.VIEWER, operator=outlet.depot.operator).user)

    assert rows(read(client, outlet))


@pytest.mark.parametrize("of", ["another depot", "nobody"])
def test_shops_of_other_depots_are_not_found(planner, outlet, of):
    shop = make_network(days=2).merchant if of == "another depot" else make_merchant()

    assert planner.get(url(outlet), question(outlet, merchant=shop.slug)).status_code == 404
    assert planner.get(url(outlet), question(outlet, merchant="\x00")).status_code == 404


def test_it_can_only_be_looked_at_and_is_in_no_cache(planner, outlet):
    assert planner.post(url(outlet), question(outlet)).status_code == 405
    assert planner.head(url(outlet)).status_code == 200
    assert planner.get(url(outlet), question(outlet))["Cache-Control"] == "no-store, private"


def test_nothing_is_written(planner, outlet):
    before = Quote.objects.count()

    with CaptureQueriesContext(
        connection,
    ) as queries:
        read(planner, outlet, cap="5")

    assert Quote.objects.count() == before
    assert [q["sql"] for q in queries if not q["sql"].startswith("SELECT")] == []


@pytest.mark.django_db(transaction=True)
def test_a_question_takes_few_queries_however_many_stops_there_are(
    planner, outlet, django_assert_max_num_queries
):
    for number in range(4):
        make_booking(outlet, hour=14, facts=some_facts(east_m=40 * number))
    read(planner, outlet)

    with django_assert_max_num_queries(14):
        read(planner, outlet, cap="5")
