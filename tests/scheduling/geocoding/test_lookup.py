"""Geocoders over HTTP, stood in for by a local server: same answers, cached, polite, and down at times."""

import threading
import time
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from scheduling.geocoding import find_address, find_postcode, lookup, nearest_address
from scheduling.models import GeocodedQuery

pytestmark = pytest.mark.once
NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
QUERY = "Fabianinkatu 21 B 14, Helsinki"
POINT = {"type": "Point", "coordinates": [24.948, 60.165]}

NOMINATIM = [
    {
        "lat": "60.165",
        "lon": "24.948",
        "display_name": "21, Fabianinkatu, Helsinki",
        "address": {
            "road": "Fabianinkatu",
            "house_number": "21",
            "postcode": "00130",
            "city": "Helsinki",
            "country_code": "fi",
        },
    },
    {"lat": "60.2", "lon": "24.9", "display_name": "A shop", "address": {"shop": "Fabian"}},
]
PHOTON = {
    "features": [
        {
            "geometry": POINT,
            "properties": {
                "street": "Fabianinkatu",
                "housenumber": "21",
                "postcode": "00130",
                "city": "Helsinki",
                "countrycode": "FI",
            },
        }
    ]
}
PELIAS = {
    "features": [
        {
            "geometry": POINT,
            "properties": {
                "name": "Fabianinkatu 21",
                "street": "Fabianinkatu",
                "housenumber": "21",
                "postalcode": "00130",
                "locality": "Helsinki",
                "country_code": "FI",
            },
        }
    ]
}
SERVICES = {
    "nominatim": ("/search", "/reverse", NOMINATIM),
    "photon": ("/api", "/reverse", PHOTON),
    "pelias": ("/v1/search", "/v1/reverse", PELIAS),
}


@pytest.fixture(params=sorted(SERVICES))
def service(request, fake, settings):
    """One of the three, set and answering."""
    settings.GEOCODER, settings.GEOCODER_URL = request.param, fake.url
    settings.GEOCODER_USER_AGENT = "doorstep-tests (tests@example.org)"
    search, reverse, reply = SERVICES[request.param]
    fake.replies = {search: reply, reverse: reply[0] if request.param == "nominatim" else reply}
    return request.param


@pytest.mark.django_db
def test_each_service_gives_the_same_answer(service, fake):
    answer = find_address(query=QUERY, now=NOW)

    found = answer.candidates[0]
    assert (answer.status, answer.unit, len(answer.candidates)) == ("exact", "B 14", 1)
    assert (found.line, found.postcode, found.city, found.country) == (
        "Fabianinkatu 21",
        "00130",
        "Helsinki",
        "FI",
    )
    assert (found.lat, found.lon, found.source) == (60.165, 24.948, service)
    assert fake.agents == ["doorstep-tests (tests@example.org)"]


@pytest.mark.django_db
def test_the_same_question_is_asked_once(service, fake):
    first = find_address(query=QUERY, now=NOW)
    second = find_address(query="  fabianinkatu 21 B 14,   Helsinki ", now=NOW + timedelta(days=59))

    assert first == second
    assert len(fake.asked) == 1
    assert "fabianinkatu" not in GeocodedQuery.objects.get().query_key


@pytest.mark.django_db
def test_after_sixty_days_it_is_asked_again(service, fake):
    for now in (NOW, NOW + timedelta(days=61)):
        find_address(query=QUERY, now=now)

    assert len(fake.asked) == 2
    assert GeocodedQuery.objects.get().looked_up_at == NOW + timedelta(days=61)


@pytest.mark.django_db
@pytest.mark.parametrize("status", [401, 403, 429, 500, 503])
def test_a_service_in_trouble_is_down_and_nothing_is_remembered(service, fake, status):
    fake.status = status

    assert find_address(query=QUERY, now=NOW).status == "down"
    assert not GeocodedQuery.objects.exists()


@pytest.mark.django_db
def test_an_old_answer_is_better_than_none(service, fake):
    first = find_address(query=QUERY, now=NOW)
    fake.status = 503

    assert find_address(query=QUERY, now=NOW + timedelta(days=90)) == first


@pytest.mark.django_db
@pytest.mark.parametrize("body", [b"<html>", b"", b"[1]", b'{"features": [{}]}', b'"x"', b"null"])
def test_a_garbled_reply_is_no_crash(service, fake, body):
    fake.replies = {SERVICES[service][0]: body}

    assert find_address(query=QUERY, now=NOW).status in {"down", "unknown"}


@pytest.mark.django_db
def test_a_slow_service_is_given_up(service, fake, monkeypatch):
    monkeypatch.setattr(lookup, "TIMEOUT_S", 0.2)
    fake.delay_s = 6
    started = time.monotonic()

    assert find_address(query=QUERY, now=NOW).status == "down"
    assert time.monotonic() - started < 5


@pytest.mark.django_db
def test_nobody_listening_is_down(settings):
    settings.GEOCODER, settings.GEOCODER_URL = "photon", "http://127.0.0.1:9"

    assert find_address(query=QUERY, now=NOW).status == "down"


@pytest.mark.django_db
def test_a_refused_question_is_unknown(service, fake):
    fake.status = 400

    assert find_address(query=QUERY, now=NOW).status == "unknown"


@pytest.mark.django_db
def test_what_is_no_address_is_never_asked(service, fake):
    assert find_address(query="12345", now=NOW).status == "unknown"
    assert fake.asked == []


def test_a_pin_is_named(service):
    nearest = nearest_address(lat=60.165, lon=24.948)

    assert nearest is not None
    assert nearest.line == "Fabianinkatu 21"


def test_a_pin_stays_nameless_when_nobody_answers(service, fake):
    fake.status = 500

    assert nearest_address(lat=60.165, lon=24.948) is None


def test_no_file_to_read_is_down_too(settings):
    settings.GEOCODER, settings.GAZETTEER_FILE = "gazetteer", ""

    assert find_address(query=QUERY, now=NOW).status == "down"


def test_public_nominatim_is_asked_at_most_once_a_second_across_threads(fake, settings, monkeypatch):
    monkeypatch.setattr(lookup, "PUBLIC_NOMINATIM", fake.url)
    settings.GEOCODER, settings.GEOCODER_URL, settings.GEOCODER_USER_AGENT = "nominatim", "", "tests"
    fake.replies = {"/reverse": NOMINATIM[0]}
    ended: list[float] = []

    def ask() -> None:
        nearest_address(lat=60.165, lon=24.948)
        ended.append(time.monotonic())

    threads = [threading.Thread(target=ask) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    ended.sort()
    assert len(fake.asked) == 3
    assert all(later - earlier >= 1 for earlier, later in pairwise(ended))


@pytest.mark.django_db
def test_who_waits_too_long_for_a_turn_is_told_so(fake, settings, monkeypatch):
    monkeypatch.setattr(lookup, "PUBLIC_NOMINATIM", fake.url)
    monkeypatch.setattr(lookup, "WAIT_FOR_TURN_S", 0.2)
    settings.GEOCODER, settings.GEOCODER_URL, settings.GEOCODER_USER_AGENT = "nominatim", "", "tests"
    fake.replies = {"/search": NOMINATIM}

    first, second = (find_address(query=f"Fabianinkatu {number}", now=NOW) for number in (21, 22))

    assert (first.status, second.status) == ("exact", "down")


POSTCODES = {
    "nominatim": [
        {
            "lat": "60.1651",
            "lon": "24.9482",
            "display_name": "00130, Helsinki",
            "address": {"postcode": "00130", "city": "Helsinki", "country_code": "fi"},
        }
    ],
    "photon": {
        "features": [
            {
                "geometry": {"type": "Point", "coordinates": [24.9482, 60.1651]},
                "properties": {"postcode": "00130", "city": "Helsinki", "countrycode": "FI"},
            }
        ]
    },
    "pelias": {
        "features": [
            {
                "geometry": {"type": "Point", "coordinates": [24.9482, 60.1651]},
                "properties": {
                    "name": "00130",
                    "postalcode": "00130",
                    "locality": "Helsinki",
                    "country_code": "FI",
                },
            }
        ]
    },
}


@pytest.mark.django_db
def test_each_service_knows_about_where_a_postcode_is_and_is_asked_once(service, fake):
    fake.replies = {SERVICES[service][0]: POSTCODES[service]}

    for _ in range(2):
        answer = find_postcode(postcode="00130", country="FI", now=NOW)

    middle = answer.candidates[0]
    assert (middle.postcode, middle.city, middle.source) == ("00130", "Helsinki", "postcode")
    assert (middle.lat, middle.lon) == (60.165, 24.948)
    assert middle.facts().is_postcode
    assert len(fake.asked) == 1


@pytest.mark.django_db
def test_what_is_in_another_country_is_left_out_and_asked_for_apart(service, fake):
    assert find_address(query=QUERY, now=NOW, country="FI").status == "exact"
    assert find_address(query=QUERY, now=NOW, country="SE").status == "unknown"

    fake.replies = {SERVICES[service][0]: POSTCODES[service]}
    assert find_postcode(postcode="00130", country="SE", now=NOW).status == "unknown"
    assert find_postcode(postcode="00130", country="FI", now=NOW).candidates


@pytest.mark.django_db
def test_the_services_that_know_countries_are_told_which(service, fake):
    find_address(query=QUERY, now=NOW, country="FI")

    asked = fake.asked[0][1]
    told = {"nominatim": asked.get("countrycodes"), "pelias": asked.get("boundary.country"), "photon": "fi"}
    assert told[service] == "fi"
