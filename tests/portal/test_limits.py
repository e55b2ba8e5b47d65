"""How often: every form has a limit, and no network takes all of us."""

import pytest
from django.test import Client
from django.urls import get_resolver

from portal import limits
from portal.access import FOLLOW, cookie_name, renew_link
from portal.throttle import Limit
from scheduling import clock
from scheduling.models import Booking
from tests.factories import NOW, make_booking, make_link, make_merchant, make_network
from tests.portal.test_hostile_requests import signed, within

pytestmark = pytest.mark.once

NOT_FORMS = {
    "customers:booking",
    "customers:calendar",
    "customers:follow",
    "customers:kept",
    "customers:photo",
    "customers:proof",
    "customers:return-dropoff",
    "customers:return-label-4x6",
    "customers:return-label-a4",
    "customers:return-photo",
    "customers:returned",
    "home",
}
"""They say 404 or send on before they look at the method."""


@pytest.fixture(autouse=True)
def at():
    clock.set_source(lambda: NOW)
    yield
    clock.set_source(None)


@pytest.fixture
def twice(monkeypatch):
    """Make the limits of one form narrow: two in five minutes, its keys as they are."""

    def narrow(name: str) -> None:
        rules = tuple((Limit(limit.name, times=2, per_s=300), key) for limit, key in limits.FORMS[name])
        monkeypatch.setitem(limits.FORMS, name, rules)

    return narrow


def test_every_form_that_a_stranger_can_send_has_a_limit(db):
    visitor, names = Client(raise_request_exception=False), set()
    for name, address in within(get_resolver().url_patterns):
        if visitor.post(address).status_code != 405:
            names.add(name)

    assert set(limits.FORMS) <= names
    for_programs = {name for name in names if name.startswith("api:")}  # there each key has a limit
    assert names - set(limits.FORMS) - NOT_FORMS - for_programs == {"sign-out"}


@pytest.mark.django_db
@pytest.mark.parametrize("form", ["address", "door", "hold", "check", "extend", "place"])
def test_a_form_sent_too_often_is_answered_with_when_to_come_back(client, twice, form):
    twice(f"customers:{form}")
    shop = make_merchant().slug
    path = {"address": "", "check": "check/", "hold": "hold/", "extend": "check/extend/", "place": "place/"}
    path["door"] = "door/"

    answers = [client.post(f"/s/{shop}/{path[form]}") for _ in range(4)]

    assert [answer.status_code == 429 for answer in answers] == [False, False, True, True]
    assert int(answers[-1]["Retry-After"]) > 0
    assert "That was a lot at once" in answers[-1].content.decode()
    assert client.get(f"/s/{shop}/").status_code == 200


@pytest.mark.django_db
def test_neighbours_behind_one_address_do_not_use_up_each_others_limit(monkeypatch):
    _browser, network = limits.FORMS["customers:address"]
    monkeypatch.setitem(limits.FORMS, "customers:address", (limits.by_browser("addresses", 1), network))
    path = f"/s/{make_merchant().slug}/"

    assert 429 not in {Client().post(path).status_code for _ in range(5)}


def somebody(network: int, booking: Booking, cookie: str) -> Client:
    """A browser in a network of its own, with a cookie for a delivery."""
    visitor = Client(REMOTE_ADDR=f"198.51.{network}.1")
    visitor.cookies[cookie_name(booking.delivery.ref)] = cookie
    return visitor


@pytest.mark.django_db
def test_changes_by_one_link_are_counted_together_whoever_sends_them(twice):
    twice("customers:cancel")
    booking = make_booking(make_network(days=2))
    cookie = signed(make_link(booking))

    answers = [
        somebody(n, booking, cookie).post(f"/d/{booking.delivery.ref}/cancel/").status_code for n in range(3)
    ]

    assert [answer == 429 for answer in answers] == [False, False, True]


@pytest.mark.django_db
@pytest.mark.parametrize("with_a_link", ["none", "forged", "to another delivery", "to follow", "renewed"])
def test_strangers_and_followers_cannot_keep_the_owner_from_changing_a_delivery(with_a_link):
    network = make_network(days=2)
    booking, another = make_booking(network), make_booking(network)
    cookie = {
        "none": "",
        "forged": signed(make_link(booking))[:-1],
        "to another delivery": signed(make_link(another)),
        "to follow": signed(make_link(booking, FOLLOW)),
        "renewed": signed(make_link(booking)),
    }[with_a_link]
    renew_link(make_link(booking))
    path = f"/d/{booking.delivery.ref}/cancel/"
    stranger, owner = somebody(1, booking, cookie), somebody(2, booking, signed(make_link(booking)))

    answers = {stranger.post(path).status_code for _ in range(60)}

    assert answers <= {403, 404, 429}
    assert owner.post(path).status_code == 303


@pytest.mark.django_db
def test_no_network_takes_all_of_us_and_a_new_minute_begins_afresh(client, settings):
    settings.REQUESTS_PER_MINUTE = 5
    limits.everything.__init__()

    codes = [client.get("/nowhere/").status_code for _ in range(7)]
    another = client.get("/nowhere/", REMOTE_ADDR="198.51.100.7").status_code
    clock.set_source(lambda: NOW.replace(minute=NOW.minute + 1))
    later = client.get("/nowhere/").status_code

    assert codes == [404] * 5 + [429] * 2
    assert another == later == 404


def test_probes_are_never_counted(client, settings):
    settings.REQUESTS_PER_MINUTE = 1
    limits.everything.__init__()

    assert [client.get("/healthz").status_code for _ in range(5)] == [200] * 5


@pytest.mark.django_db
def test_without_a_limit_anybody_may_ask_as_often_as_they_like(client, settings):
    settings.REQUESTS_PER_MINUTE = 0

    assert {client.get("/nowhere/").status_code for _ in range(10)} == {404}


@pytest.mark.django_db
@pytest.mark.parametrize("said", ["300000", "262145"])
def test_what_is_too_large_is_refused_before_it_is_read(client, said):
    answer = client.generic("POST", "/find/", b"", content_type="text/plain", CONTENT_LENGTH=said)

    assert answer.status_code == 413
    assert "larger than any of our forms" in answer.content.decode()
