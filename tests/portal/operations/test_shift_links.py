"""A driver's link: derived, opened by a PIN on one phone, ending with the shift."""

from datetime import timedelta

import pytest
from django.test import Client

from portal import shift_links
from portal.models import ShiftLink
from portal.models.people import Role
from portal.services.shift_links import PinVerdict, free_phone, hand_out, try_pin
from portal.shift_links import pin_of, token_of
from scheduling import clock
from scheduling.models import Route
from tests.factories import make_membership
from tests.portal.driving import Day, Morning, Phone, make_day

pytestmark = pytest.mark.django_db


@pytest.fixture
def day() -> Day:
    return make_day(2)


@pytest.fixture(autouse=True)
def at(day):
    source = Morning(day.now)
    clock.set_source(source)
    yield source
    clock.set_source(None)


def wrong(link: ShiftLink) -> str:
    return f"{(int(pin_of(link)) + 1) % 10**6:06}"


def test_a_link_and_its_pin_are_derived_and_stand_in_no_row(day):
    link = hand_out(shift=day.shift, now=day.now)
    row = str(ShiftLink.objects.values().get())

    assert len(token_of(link)) == 64
    assert token_of(link) not in row
    assert pin_of(link) not in row
    assert hand_out(shift=day.shift, now=day.now).pk == link.pk


def test_the_pin_opens_the_sheet_on_the_first_phone_only(day):
    phone = day.phone()
    second = Phone(phone.link)

    assert day.outlet.depot.name not in phone.client.cookies.output()
    assert phone.client.get("/driver/").status_code == 200
    refused = second.opens()
    assert refused.status_code == 401
    assert "Open on another phone" in refused.content.decode()
    assert second.client.get("/driver/").status_code == 401
    assert phone.opens().status_code == 303
    assert phone.client.get("/driver/").status_code == 200


def test_without_the_pin_the_link_shows_nothing_of_anybody(day):
    phone = day.phone(opened=False)
    phone.client.get(f"/l/{token_of(phone.link)}/")

    for path in ("/driver/", "/driver/state/", f"/driver/photo/{day.stops[0].pk}/"):
        answer = phone.client.get(path)
        assert answer.status_code == 401
        assert "Testikatu" not in answer.content.decode()
    assert phone.says("arrive", day.stops[0]).status_code == 401


def test_five_wrong_pins_end_it_until_the_dispatcher_frees_it(day):
    phone = day.phone(opened=False)
    answers = [phone.opens(wrong(phone.link)) for _try in range(5)]

    assert [answer.status_code for answer in answers] == [422] * 5
    assert "4 more tries" in answers[0].content.decode()
    assert "Ask your dispatcher for a new link" in answers[-1].content.decode()
    assert phone.opens().status_code == 422
    free_phone(shift=day.shift)
    phone.link.refresh_from_db()
    assert phone.opens().status_code == 303


@pytest.mark.parametrize("pin", ["", "12345", "1234567", "12345a", "１２３４５６", "x" * 500])
def test_what_is_no_pin_costs_no_try(day, pin):
    phone = day.phone(opened=False)
    phone.client.get(f"/l/{token_of(phone.link)}/")

    assert phone.client.post("/driver/pin/", {"pin": pin}).status_code == 422
    assert ShiftLink.objects.get().tries == 0


def test_a_freed_link_gets_another_token_and_pin_and_the_old_phone_sees_nothing_more(day):
    phone = day.phone()
    before = token_of(phone.link), pin_of(phone.link)
    free_phone(shift=day.shift)
    phone.link.refresh_from_db()

    assert (token_of(phone.link), pin_of(phone.link)) != before
    assert "This link was ended" in phone.reads()
    assert phone.says("arrive", day.stops[0]).status_code == 401
    assert Client().get(f"/l/{before[0]}/").status_code == 404
    assert Phone(phone.link).opens().status_code == 303


def test_a_forged_or_altered_token_is_nobodys(day):
    token = token_of(hand_out(shift=day.shift, now=day.now))

    for forged in (token[:-1] + ("A" if token[-1] != "A" else "B"), "x" * 64, "é" * 64, token[:63]):
        assert Client().get(f"/l/{forged}/").status_code == 404


def test_a_token_of_the_key_before_still_opens(day, settings):
    link = hand_out(shift=day.shift, now=day.now)
    token, pin = token_of(link), pin_of(link)
    settings.SECRET_KEY_FALLBACKS, settings.SECRET_KEY = [settings.SECRET_KEY], "another" * 10
    client = Client()

    assert client.get(f"/l/{token}/").status_code == 302
    assert client.post("/driver/pin/", {"pin": pin}).status_code == 303


def test_the_sheet_ends_with_the_last_trip_or_hours_after_the_shift(day, at):
    phone = day.phone()
    at.now = day.shift.ends_at + timedelta(hours=3, minutes=59)
    assert phone.client.get("/driver/").status_code == 200
    at.now += timedelta(minutes=1)

    assert phone.client.get("/driver/").status_code == 401
    assert "Your shift is over" in phone.reads()
    assert phone.client.get("/driver/state/").json()["over"]
    at.now = day.now
    Route.objects.filter(pk=day.route.pk).update(state="finished", finished_at=day.now)
    assert phone.client.get("/driver/").status_code == 401


def test_a_pin_after_the_end_opens_nothing(day, at):
    link = hand_out(shift=day.shift, now=day.now)
    late = day.shift.ends_at + timedelta(hours=5)

    assert try_pin(link=link, typed=pin_of(link), now=late).verdict is PinVerdict.OVER


def test_a_phone_with_yesterdays_shift_too_sees_todays(day, at):
    phone = day.phone()
    tomorrow = make_day(1)
    other = Phone(tomorrow.phone(opened=False).link, phone.client)
    assert other.opens().status_code == 303
    Route.objects.filter(pk=day.route.pk).update(state="finished", finished_at=day.now)

    assert f'data-shift="{other.link.pk.hex}"' in phone.reads()
    assert phone.client.get(f"/driver/state/?shift={phone.link.pk.hex}").json()["over"]


def test_cookies_bear_the_host_prefix_behind_https(day, settings):
    settings.COOKIE_PREFIX, settings.HTTPS = "__Host-", True
    phone = day.phone(opened=False)
    phone.client.get(f"/l/{token_of(phone.link)}/")
    cookie = phone.client.cookies[f"__Host-shift-{phone.link.pk.hex}"]

    assert (cookie["secure"], cookie["httponly"], cookie["samesite"]) == (True, True, "Lax")
    assert shift_links.cookie_name(phone.link).startswith("__Host-")


# Handing out


def dispatcher(day: Day, role: str = Role.DISPATCHER) -> Client:
    client = Client()
    client.force_login(make_membership(depot=day.outlet.depot, role=role).user)
    return client


def test_a_dispatcher_makes_a_link_sees_its_pin_and_frees_it(day):
    client, path = dispatcher(day), f"/dispatch/{day.outlet.depot.slug}/links/"
    assert "Make a link" in client.get(path).content.decode()

    assert client.post(f"{path}hand-out/", {"shift": day.shift.pk}).status_code == 303
    link = ShiftLink.objects.get()
    page = client.get(path).content.decode()
    assert token_of(link) in page
    assert pin_of(link) in page
    assert "Not opened yet" in page
    Phone(link).opens()
    page = client.get(path).content.decode()
    assert "Open on a phone since" in page
    assert pin_of(link) not in page
    assert client.post(f"{path}free/", {"shift": day.shift.pk}).status_code == 303
    link.refresh_from_db()
    assert (link.generation, link.device_digest) == (2, "")


def test_looking_makes_no_link(day):
    dispatcher(day).get(f"/dispatch/{day.outlet.depot.slug}/links/")

    assert not ShiftLink.objects.exists()


@pytest.mark.parametrize("shift", ["", "0", "x", "9" * 40])
def test_no_other_shift_gets_a_link(day, shift):
    path = f"/dispatch/{day.outlet.depot.slug}/links/hand-out/"

    assert dispatcher(day).post(path, {"shift": shift}).status_code == 404


def test_who_may_only_look_sees_no_links(day):
    path = f"/dispatch/{day.outlet.depot.slug}/links/"

    assert dispatcher(day, Role.VIEWER).get(path).status_code == 403
    assert Client().get(path).status_code == 302
