"""The frame: who may show it, what it shows, and that it needs no cookies."""

import gzip
import re
from datetime import timedelta

import pytest
from django.conf import settings
from django.test import Client

from portal.customers.probing import PLACES_PER_SESSION
from portal.services import sessions
from portal.services.sessions import list_origins
from scheduling.errors import AddressNeeded
from scheduling.models import Hold, Quote
from scheduling.selectors.slots import answers_of, view_of
from scheduling.services.holds import place_hold
from tests.factories import NOW, make_booking, make_merchant, make_network, some_facts
from tests.portal.customers.conftest import Shopper
from tests.portal.widget.conftest import PAGE, TESTIKATU, Frame, a_basket, publishable

pytestmark = [pytest.mark.django_db, pytest.mark.once]
MOST_BYTES = 30_000


def policy(response) -> dict[str, str]:
    parts = response["Content-Security-Policy"].split(";")
    return dict(part.strip().split(" ", 1) for part in parts if part.strip())


def test_only_listed_pages_may_show_it(client, outlet):
    publishable(outlet.merchant, "https://key.example")

    response = client.get(f"/embed/v1/frame/{outlet.merchant.slug}/")

    assert policy(response)["frame-ancestors"] == f"{PAGE} https://key.example"
    assert "X-Frame-Options" not in response
    assert response["Referrer-Policy"] == "no-referrer"
    assert policy(response)["default-src"] == policy(response)["form-action"] == "'none'"
    assert "unsafe" not in response["Content-Security-Policy"]


def test_nobody_may_show_the_frame_of_a_merchant_that_listed_no_page(client):
    response = client.get(f"/embed/v1/frame/{make_merchant().slug}/")

    assert policy(response)["frame-ancestors"] == "'none'"


def test_a_merchant_that_is_none_has_no_frame(client, db):
    response = client.get("/embed/v1/frame/nobody/")

    assert response.status_code == 404
    assert policy(response)["frame-ancestors"] == "'none'"
    assert response["X-Frame-Options"] == "DENY"


def test_no_cookie_is_ever_set_and_one_that_comes_is_not_read(frame):
    frame.client.cookies["session"] = "a-stale-session-of-some-browser"

    answers = [frame.client.get(frame.base), frame("open"), frame("times"), frame("release")]

    for answer in answers:
        assert not answer.cookies
        assert "Cookie" not in answer["Vary"]


def test_the_steps_are_asked_by_post_and_with_a_session(frame, client):
    for step in ("open", "where", "address", "place", "times", "hold", "extend", "release"):
        assert client.get(f"{frame.base}{step}/").status_code == 405
        assert client.post(f"{frame.base}{step}/").status_code == 401


def test_a_known_address_begins_with_times(frame):
    answer = frame.begins()

    assert answer["view"] == "times"
    assert "Testikatu 1, 00100 Helsinki" in answer["html"]
    assert "Good times for you" in answer["html"]
    assert answer["held"] is None


def offered(html: str) -> list[tuple[str, str, str]]:
    """Each time that can be chosen: its key, price and reason."""
    rows = re.findall(
        r'data-key="([^"]+)" data-choice="[^"]*" data-price="([^"]*)".*?time__why"[^>]*>([^<]*)<',
        html,
        re.DOTALL,
    )
    assert rows
    return rows


def test_the_hosted_page_the_widget_and_the_api_offer_the_same(outlet, program):
    for hour, metres in ((10, 50), (10, 120), (10, 200), (16, 900)):
        make_booking(outlet, hour=hour, facts=some_facts(north_m=metres))
    load = {"grams": 3_000, "millilitres": 15_000}
    opened = program("POST", "/slot-sessions", a_basket(address=TESTIKATU, load=load)).json()
    before = Quote.objects.count()
    shopper = Shopper(outlet)
    shopper.types(size="bag")

    hosted = shopper.sees_times("2026-11-25").content.decode()
    embedded = Frame(outlet.merchant, opened["session"])("times", day="2026-11-25").json()["html"]
    answered = program.times(load=load)

    assert offered(hosted) == offered(embedded)
    one, two, three = Quote.objects.order_by("pk")[before:]
    assert one.offers == two.offers == three.offers
    assert len(answered["offers"]) == len(one.offers)


def test_a_time_is_kept_extended_and_given_back(frame, at):
    kept = frame.holds()
    at.now = NOW + timedelta(minutes=10)
    longer = frame("extend").json()
    back = frame("release").json()

    assert (kept["view"], kept["held"]["state"]) == ("kept", "live")
    assert kept["held"]["seconds_left"] == 900
    assert kept["held"]["window"]["time_zone"] == "Europe/Helsinki"
    assert longer["held"]["expires_at"] == "2026-11-23T09:25:00+00:00"
    assert back["view"] == "times"
    assert Hold.objects.get().state == "released"


def test_opened_again_it_shows_what_is_kept(frame):
    kept = frame.holds()

    again = frame.begins()

    assert again["view"] == "kept"
    assert again["held"]["hold_token"] == kept["held"]["hold_token"]


def test_a_time_that_ran_out_is_said_with_fresh_times(frame, at):
    frame.holds()
    at.now = NOW + timedelta(minutes=16)

    answer = frame("extend")

    assert answer.status_code == 409
    assert answer.json()["view"] == "times"
    assert answer.json()["error"]["code"] == "hold_ended"
    assert "That time is not kept any more" in answer.json()["html"]


def test_an_offer_of_another_session_is_refused(frame, program, outlet):
    other = Frame(
        outlet.merchant, program("POST", "/slot-sessions", a_basket(address=TESTIKATU)).json()["session"]
    )

    answer = frame("hold", offer=other.offers()[0])

    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "offer_forged")
    assert not Hold.objects.exists()


def test_nothing_chosen_is_said_and_loses_nothing(frame):
    answer = frame("hold")

    assert answer.status_code == 422
    assert "Choose a time first" in answer.json()["html"]


def test_without_an_address_it_asks_for_it_but_not_for_the_size(asking):
    answer = asking.begins()

    assert answer["view"] == "where"
    assert "Street, number and town" in answer["html"]
    assert "How big is it?" not in answer["html"]
    assert asking("address", address="Testikatu 1, 00100 Helsinki", unit="B 2").json()["view"] == "times"
    assert asking.holds()["view"] == "kept"
    assert Hold.objects.get().delivery.address.unit == "B 2"


def test_a_postcode_that_the_page_knows_helps_to_find_a_street(asking):
    assert "We look in 00200 unless you write another." in asking.begins(postcode="00200")["html"]
    asking("address", address="Rantatie 4")

    assert Quote.objects.last().facts["address"]["line"] == "Rantatie 4"
    assert Quote.objects.last().facts["address"]["postcode"] == "00200"


def test_an_address_that_is_not_sure_is_asked_about(asking):
    asked = asking("address", address="Testikatu 99, 00100 Helsinki").json()
    assert asked["view"] == "place"
    assert asking.begins()["view"] == "place"

    assert asking("place", choice="0").json()["view"] == "times"


def test_an_address_that_is_not_found_is_still_there_to_be_put_right(asking):
    answer = asking("address", address="Neverstreet 12")

    assert answer.status_code == 422
    assert 'value="Neverstreet 12"' in answer.json()["html"]
    assert "We can’t find this address" in answer.json()["html"]


def test_where_no_van_comes_it_says_so(asking):
    answer = asking("address", address="Kaukotie 9, 99999 Utsjoki")

    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "outside_area")
    assert "We don’t come there yet" in answer.json()["html"]


def test_a_session_asks_about_three_places_at_most(asking):
    numbers = range(1, 2 * PLACES_PER_SESSION.times + 2, 2)

    answers = [asking("address", address=f"Testikatu {n}, 00100 Helsinki") for n in numbers]

    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    assert answers[-1].json()["error"]["code"] == "too_many_places"
    assert int(answers[-1]["Retry-After"]) > 0
    assert asking("address", address="Testikatu 1, 00100 Helsinki").status_code == 200


def test_a_publishable_key_opens_a_session_of_its_own_and_asks_for_the_size(public, outlet):
    answer = public.begins()

    assert answer["session"].startswith("st_")
    assert "How big is it?" in answer["html"]
    assert public("address", address="Testikatu 1, 00100 Helsinki", size="bag").json()["view"] == "times"
    assert public.holds()["view"] == "kept"


def test_a_publishable_key_works_in_its_own_pages_only(outlet):
    key = publishable(outlet.merchant, "https://key.example")

    answer = Frame(outlet.merchant, key)("open")

    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "origin_not_listed")


def test_a_key_of_another_merchant_or_an_ended_one_opens_nothing(outlet, public):
    stranger = make_network(days=9).merchant

    assert Frame(stranger, public.token)("open").status_code == 401
    assert Frame(outlet.merchant, "pk_nothing")("open").status_code == 401


def test_the_sessions_of_an_ended_key_end_with_it(public, outlet):
    from portal.models.keys import ApiKey
    from portal.services.keys import end_key

    public.begins()
    end_key(key=ApiKey.objects.of(outlet.merchant).get(), at=NOW)

    assert public("where").status_code == 401


def test_the_widgets_of_a_publishable_key_keep_so_many_times_at_once(outlet, monkeypatch):
    monkeypatch.setattr(sessions, "MOST_PUBLIC_HOLDS", 1)
    key, answers = publishable(outlet.merchant), []
    for _ in range(2):
        frame = Frame(outlet.merchant, key)
        frame.begins()
        frame("address", address="Testikatu 1, 00100 Helsinki", size="bag")
        answers.append(frame.holds())

    assert [answer["view"] for answer in answers] == ["kept", "times"]
    assert answers[1]["error"]["code"] == "too_many_holds"


def test_a_network_opens_so_many_sessions_by_key(outlet, monkeypatch):
    from portal.throttle import Limit
    from portal.widget import steps

    monkeypatch.setattr(steps, "OPENED_PER_NETWORK", Limit("narrow", times=2, per_s=60))
    key = publishable(outlet.merchant)

    answers = [Frame(outlet.merchant, key)("open").status_code for _ in range(3)]

    assert answers == [200, 200, 429]


def test_an_hour_that_is_full_stays_with_its_reason(frame, outlet):
    outlet.slot_patterns.filter(opens__hour=10).update(cap=0)

    html = frame("times", day="2026-11-25").json()["html"]

    assert "time--gone" in html


def test_the_frame_comes_from_caches_for_a_minute_and_its_styles_for_a_year(client, outlet):
    page = client.get(f"/embed/v1/frame/{outlet.merchant.slug}/")
    style = re.search(r'href="([^"]+\.css)"', page.content.decode())[1]

    assert page["Cache-Control"] == "public, max-age=60"
    assert "immutable" in client.get(style)["Cache-Control"]
    assert client.get(re.sub(r"/\w+\.css$", "/0123456789ab.css", style))["Cache-Control"] == "no-cache"


def test_styles_can_be_light_or_dark_whatever_the_browser_prefers(client, outlet):
    page = client.get(f"/embed/v1/frame/{outlet.merchant.slug}/").content.decode()
    sheet = client.get(re.search(r'href="([^"]+\.css)"', page)[1]).content.decode()

    dark = re.search(r':root\[data-theme="dark"\]\{(.*?)\}', sheet, re.DOTALL)[1]
    assert "--paper: #14181a" in dark
    assert "color-scheme:dark" in dark
    assert "--paper: #f7f5f0" in re.search(r':root\[data-theme="light"\]\{(.*?)\}', sheet, re.DOTALL)[1]


def test_all_that_the_frame_needs_is_less_than_30_kb(frame, outlet):
    for hour in (10, 16):
        make_booking(outlet, hour=hour, facts=some_facts(north_m=50))
    client = Client(headers={"Accept-Encoding": "gzip"})
    page = client.get(frame.base)
    style = re.search(r'href="([^"]+\.css)"', gzip.decompress(page.content).decode())[1]
    scripts = [settings.BASE_DIR / "static" / "embed" / name for name in ("frame.js", "theme.js")]
    parts = {
        "document": len(page.content),
        "styles": len(client.get(style).content),
        "scripts": sum(len(gzip.compress(script.read_bytes())) for script in scripts),
        "times": len(gzip.compress(frame("times", day="2026-11-25").content)),
    }

    assert sum(parts.values()) <= MOST_BYTES, parts
    print(parts, sum(parts.values()))


def test_pages_listed_later_are_let_in_and_others_not_any_more(client, outlet):
    list_origins(merchant=outlet.merchant, origins=["https://new.example"])

    response = client.get(f"/embed/v1/frame/{outlet.merchant.slug}/")

    assert policy(response)["frame-ancestors"] == "https://new.example"


def shown_and_not_kept(answer) -> None:
    assert answer["view"] == "indicative"
    assert "Reckoned for the middle of 00100" in answer["html"]
    assert "€" in answer["html"]
    assert 'name="offer"' not in answer["html"]
    assert "Street, number and town" in answer["html"]


def test_a_postcode_that_the_page_knows_gives_times_that_are_about_right_and_cannot_be_kept(asking):
    shown_and_not_kept(asking.begins(postcode="00100", country="FI"))
    shown_and_not_kept(asking.begins())

    quote = Quote.objects.order_by("pk").last()
    assert quote.facts["address"]["source"] == "postcode"
    token = view_of_quote(quote)
    assert asking("hold", offer=token).json()["view"] == "where"
    with pytest.raises(AddressNeeded):
        place_hold(
            offer_token=token,
            merchant=quote.merchant,
            session_key=quote.session_key,
            actor="test",
            now=NOW,
        )
    assert not Hold.objects.exists()


def view_of_quote(quote: Quote) -> str:
    """The token of its first open offer, which no page was given."""
    view = view_of(quote, answers_of(quote), next_day_with_room=None)
    return next(offer.token for day in view.days for offer in day.offers if offer.token)


def test_a_postcode_that_a_shopper_types_does_too_and_the_street_then_is_looked_for_there(public):
    public.begins()

    shown_and_not_kept(public("address", address="00100", size="bag").json())
    assert public("address", address="Testikatu 1", size="bag").json()["view"] == "times"
    assert public.holds()["view"] == "kept"


def test_a_postcode_that_nobody_knows_or_of_another_country_only_asks_for_the_address(asking):
    assert asking.begins(postcode="77777")["view"] == "where"
    assert not Quote.objects.exists()


def test_a_postcode_in_another_country_is_not_taken_for_ours(asking):
    assert asking.begins(postcode="00100", country="EE")["view"] == "where"
    assert asking("address", address="Testikatu 1").status_code == 422
    assert not Quote.objects.exists()


def test_a_postcode_is_one_of_the_three_places_of_a_session(asking):
    asking.begins(postcode="00100")
    answers = [asking("address", address=f"Testikatu {n}, 00100 Helsinki") for n in (1, 3, 7)]

    assert [answer.status_code for answer in answers] == [200, 200, 429]


def test_where_no_van_comes_a_postcode_says_so(asking):
    assert asking.begins(postcode="99999")["error"]["code"] == "outside_area"
