"""How many statements each page costs, so that none grows unseen: one table, the same on both databases."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.http import HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext

from portal.access import FOLLOW, MANAGE, issue_link, token_of
from portal.accounts import urls as accounts
from portal.customers import urls as customers
from portal.customers.pages import shop_of
from portal.messaging.unsubscribing import unsubscribe_url
from portal.models import Brand
from portal.models.messages import Channel
from portal.not_me import not_me_token
from portal.services.contacts import mark_of
from portal.services.messages import queue_message
from portal.short_links import short_url
from returns.models import Return
from scheduling import clock, snapshots
from scheduling.models import Delivery, Event, MerchantDepot
from tests.factories import (
    NOW,
    PASSWORD,
    make_booking,
    make_membership,
    make_network,
    make_point,
    some_contact,
    some_facts,
)
from tests.portal.customers.codes import asks_for_code, passes_code, sent_digits, types_code, wrong_digits
from tests.portal.customers.conftest import ADDRESS, Clock, Shopper, offers_in
from tests.portal.customers.returns import delivered
from tests.returns.pickups import took
from tests.scheduling.services.test_late import make_late

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.once]

STATEMENTS: dict[str, int] = {
    "address": 1,
    "theme": 1,
    "counting": 2,
    "address: typed": 3,
    "address: typed wrong": 3,
    "address: typed almost": 3,
    "place": 2,
    "place: chosen": 3,
    "times, tapes of 9 days cold": 49,
    "times, tapes warm": 13,
    "times, one day for htmx": 12,
    "door: said": 3,
    "door: said wrong": 13,
    "hold: kept": 20,
    "hold: the same again": 8,
    "hold: another instead": 24,
    "hold: nothing chosen": 14,
    "times, one kept": 14,
    "extend": 10,
    "check": 3,
    "check: typed wrong": 4,
    "check: confirmed": 23,
    "booking, just booked": 9,
    "booking": 8,
    "calendar": 3,
    "join": 3,
    "join: typed wrong": 3,
    "join: joined": 19,
    "join: joined again": 9,
    "move": 15,
    "move: moved": 26,
    "safe-place": 8,
    "safe-place: said": 13,
    "photo": 1,
    "proof": 2,
    "home-times": 15,
    "longer": 4,
    "longer: said": 12,
    "longer-times": 15,
    "longer-times: moved": 20,
    "point": 11,
    "point: asked": 11,
    "point: sent": 30,
    "street": 3,
    "street: said": 6,
    "code": 3,
    "code: sent": 9,
    "code: typed wrong": 8,
    "code: right": 8,
    "notes": 3,
    "notes: typed wrong": 3,
    "notes: saved": 11,
    "notes: saved again": 6,
    "access-codes": 5,
    "access-codes: kept": 11,
    "preferences": 2,
    "preferences: said": 7,
    "preferences: said wrong": 2,
    "contact": 4,
    "contact: changed": 9,
    "kept": 29,
    "erase": 8,
    "erase: erased": 75,
    "erased": 1,
    "cancel": 3,
    "cancel: cancelled": 14,
    "open-link: follow": 2,
    "open-link: manage": 2,
    "follow": 4,
    "open-link: not me": 1,
    "open-link-to": 2,
    "open-short-link": 4,
    "tomorrow": 5,
    "tomorrow: it suits": 9,
    "unsubscribe": 2,
    "unsubscribe: pressed": 4,
    "late": 18,
    "late: waits": 14,
    "late: another day": 37,
    "not-me": 3,
    "not-me: ended": 4,
    "not-me, done": 3,
    "home": 0,
    "find": 0,
    "find: found": 2,
    "find: unknown": 2,
    "asked": 0,
    "styleguide": 0,
    "sign-in": 0,
    "sign-in: signed in": 5,
    "staff": 6,
    "sign-out": 4,
    "booking: delivered": 10,
    "return": 16,
    "return: chosen": 29,
    "return-why": 15,
    "return-why: said": 23,
    "return-how": 18,
    "return-how: said": 33,
    "return-check": 18,
    "return-check: sent off": 35,
    "returned": 9,
    "return-times": 25,
    "return-times: booked": 51,
    "return-times: again": 22,
    "return-times: moved": 36,
    "return-way": 17,
    "return-photo": 7,
    "return-dropoff": 9,
    "return-label-a4": 6,
    "return-label-4x6": 6,
    "return-terms": 4,
    "returned: in part": 11,
    "return-rest": 30,
    "return-cancel": 8,
    "return-cancel: called off": 31,
    "withdraw": 8,
    "withdraw: said": 6,
    "withdraw: confirmed": 41,
    "state-withdrawal": 3,
    "state-withdrawal: said": 3,
    "state-withdrawal: found": 4,
    "state-withdrawal: unknown": 4,
    "withdrawal-stated": 3,
}
"""By what is asked for, in the order of a shopper's way. Beginning and ending transactions is free."""

TRANSACTIONS = ("BEGIN", "COMMIT", "SAVEPOINT", "RELEASE", "PRAGMA wal_checkpoint")


class Counter:
    """Counts the statements of each request."""

    def __init__(self) -> None:
        self.counted: dict[str, int] = {}

    def __call__(
        self, name: str, ask: Callable[..., Any], *args: Any, status: int = 200, **values: Any
    ) -> Any:
        with CaptureQueriesContext(connection) as asked:
            response = ask(*args, **values)
        assert response.status_code == status, (name, response.status_code)
        self.counted[name] = sum(not query["sql"].startswith(TRANSACTIONS) for query in asked)
        return response


@pytest.fixture
def count() -> Counter:
    return Counter()


@pytest.fixture
def outlet(db) -> MerchantDepot:
    """A shop with more days laid out than are shown."""
    return make_network(days=9)


@pytest.fixture
def shopper(outlet) -> Shopper:
    """Somebody at a shop with a brand, whose vans have some stops already."""
    Brand.objects.create(merchant=outlet.merchant, letter="N")
    for number in range(6):
        make_booking(outlet, facts=some_facts(east_m=30 * number))
    return Shopper(outlet)


def test_no_page_asks_more_than_it_did(shopper, count):
    browse(shopper, count)
    keep_and_confirm(shopper, count)
    look_after(shopper, count)
    come_back(shopper, count)
    is_asked(shopper.outlet, count)
    send_back(count)

    assert count.counted == STATEMENTS


def browse(shopper: Shopper, count: Counter) -> None:
    get, base = shopper.client.get, shopper.base
    count("address", get, base)
    count("theme", get, shop_of(shopper.outlet.merchant).theme_url)
    count("counting", get, base + "how-we-count/")
    count("address: typed", shopper.types, ADDRESS, status=303)
    count("address: typed wrong", shopper.types, "Nowhere 1", status=422)
    count("address: typed almost", shopper.types, "Rantatie 4", status=303)
    count("place", get, base + "place/")
    count("place: chosen", shopper.client.post, base + "place/", {"choice": "0"}, status=303)
    snapshots.forget_all()
    count("times, tapes of 9 days cold", shopper.sees_times)
    count("times, tapes warm", shopper.sees_times)
    said = {"outside": "on", "safe_place": "porch", "longer": "3"}
    count("door: said", shopper.client.post, base + "door/", said, status=303)
    count("door: said wrong", shopper.client.post, base + "door/", said | {"safe_place": ""}, status=422)
    count("times, one day for htmx", shopper.sees_times, "2026-11-25", HX_Request="true", HX_Target="days")


def keep_and_confirm(shopper: Shopper, count: Counter) -> None:
    post, base = shopper.client.post, shopper.base
    first, second = offers_in(shopper.sees_times("2026-11-25"))[-2:]
    count("hold: kept", shopper.keeps, first, status=303)
    count("hold: the same again", shopper.keeps, first, status=303)
    count("hold: another instead", shopper.keeps, second, status=303)
    count("hold: nothing chosen", post, base + "hold/", status=422)
    count("times, one kept", shopper.sees_times)
    count("extend", post, base + "check/extend/", status=303)
    page = count("check", shopper.checks).content.decode()
    keeping = page.partition('name="keeping" value="')[2].partition('"')[0]
    typed = {"email": "aino@example.com", "order_number": "10482", "keeping": keeping}
    count("check: typed wrong", post, base + "check/", typed | {"email": "aino"}, status=422)
    count("check: confirmed", post, base + "check/", typed, status=303)


def look_after(shopper: Shopper, count: Counter) -> None:
    get, post = shopper.client.get, shopper.client.post
    delivery = Delivery.objects.get(contact_email="aino@example.com", order__number="10482")
    page = f"/d/{delivery.ref}/"
    count("booking, just booked", get, page)
    count("booking", get, page)
    count("calendar", get, page + "calendar.ics")
    count("join", get, page + "join/")
    typed = {"order_number": "10484", "size": "bag"}
    count("join: typed wrong", post, page + "join/", typed | {"size": ""}, status=422)
    for again in ("", " again"):
        count(f"join: joined{again}", post, page + "join/", typed, status=303)
    times = count("move", get, page + "move/")
    count("move: moved", post, page + "move/", {"offer": offers_in(times)[-1]}, status=303)
    count("safe-place", get, page + "place/")
    count("safe-place: said", post, page + "place/", {"place": "porch", "keep": "on"}, status=303)
    count("photo", get, page + "place/photo/none/", status=404)
    count("proof", get, page + "proof/1/none/", status=403)
    count("home-times", get, page + "place/times/")
    count("longer", get, page + "longer/")
    count("longer: said", post, page + "longer/", {"minutes": "5"}, status=303)
    times = count("longer-times", get, page + "longer/10/")
    offer = {"offer": offers_in(times)[-1]}
    count("longer-times: moved", post, page + "longer/10/", offer, status=303)
    to = {"to": make_point(shopper.outlet.depot).external_id}
    count("point", get, page + "point/")
    count("point: asked", get, page + "point/", to)
    count("point: sent", post, page + "point/", to, status=303)
    count("street", get, page + "street/")
    count("street: said", post, page + "street/", {"tells": "yes"}, status=303)
    count("code", get, page + "code/")
    count("code: sent", asks_for_code, shopper.client, page, status=303)
    count("code: typed wrong", types_code, shopper.client, page, wrong_digits(), status=422)
    count("code: right", types_code, shopper.client, page, sent_digits(), status=303)
    said = {"buzzer": "Virtanen", "entrance": "yard", "seen": "0"}
    count("notes", get, page + "notes/")
    count("notes: typed wrong", post, page + "notes/", said | {"lift": "perhaps"}, status=422)
    for again in ("", " again"):
        count(f"notes: saved{again}", post, page + "notes/", said, status=303)
    count("access-codes", get, page + "notes/codes/")
    count("access-codes: kept", post, page + "notes/codes/", {"gate_code": "4711"}, status=303)
    count("preferences", get, page + "preferences/")
    said = {"quiet_from": "22:00", "quiet_until": "07:00"}
    count("preferences: said", post, page + "preferences/", said, status=303)
    count("preferences: said wrong", post, page + "preferences/", {"quiet_from": "22:00"}, status=422)
    count("contact", get, page + "contact/")
    delivery.refresh_from_db()
    reach = {"email": delivery.contact_email, "mobile": "040 123 4567", "was": mark_of(delivery)}
    count("contact: changed", post, page + "contact/", reach, status=303)
    count("kept", whole, shopper.client, page + "kept.json")
    count("erase", get, page + "erase/")
    count("cancel", get, page + "cancel/")
    count("cancel: cancelled", post, page + "cancel/", status=303)
    friend = Client()
    for kind in (FOLLOW, MANAGE):
        link = issue_link(delivery=delivery, kind=kind, now=NOW)
        count(f"open-link: {kind}", friend.get, f"/l/{token_of(link)}/", status=302)
    count("follow", friend.get, f"/f/{delivery.ref}/")
    count("open-link: not me", friend.get, f"/l/{not_me_token(link)}/", status=302)
    count("not-me", friend.get, f"/not-me/{delivery.ref}/")
    count("not-me: ended", friend.post, f"/not-me/{delivery.ref}/", status=303)
    count("not-me, done", friend.get, f"/not-me/{delivery.ref}/")


def let_in(client: Client, outlet: MerchantDepot) -> str:
    """Somebody else, who has come by their link and shown the code; the reference of their delivery."""
    delivery = make_booking(outlet, contact=some_contact(email="other@example.com")).delivery
    client.get(f"/l/{token_of(issue_link(delivery=delivery, kind=MANAGE, now=NOW))}/")
    passes_code(client, f"/d/{delivery.ref}/")
    return delivery.ref


def whole(client: Client, path: str) -> HttpResponse:
    """A download, read to its end."""
    response = client.get(path)
    assert json.loads(response.getvalue())
    return response


def come_back(shopper: Shopper, count: Counter) -> None:
    client, user = Client(), make_membership(depot=shopper.outlet.depot).user
    count("home", client.get, "/", status=302)
    count("find", client.get, "/find/")
    known = {"order_number": "10482", "email": "aino@example.com"}
    count("find: found", client.post, "/find/", known, status=303)
    count("find: unknown", client.post, "/find/", known | {"order_number": "10483"}, status=303)
    count("asked", client.get, "/find/asked/")
    count("styleguide", client.get, "/styleguide/")
    count("sign-in", client.get, "/staff/login/")
    typed = {"email": user.email, "password": PASSWORD}
    count("sign-in: signed in", client.post, "/staff/login/", typed, status=303)
    count("staff", client.get, "/staff/")
    count("sign-out", client.post, "/staff/logout/", status=303)
    page = f"/d/{let_in(client, shopper.outlet)}/"
    count("erase: erased", client.post, page + "erase/", {"sure": "1"}, status=303)
    count("erased", client.get, f"{shopper.base}erased/")


def is_asked(outlet: MerchantDepot, count: Counter) -> None:
    """Somebody comes by the links of messages: the day before, and when it will be late."""
    client, booking = Client(), make_booking(outlet, contact=some_contact(phone="+358401234567"))
    link = issue_link(delivery=booking.delivery, kind=MANAGE, now=NOW)
    event = Event.objects.filter(delivery=booking.delivery).latest("pk")
    told = queue_message(event=event, ref=booking.delivery.ref, channel=Channel.SMS, now=NOW)
    page = f"/d/{booking.delivery.ref}/"
    count("open-link-to", client.get, f"/l/{token_of(link)}/tomorrow/", status=302)
    count("open-short-link", client.get, "/l/" + short_url(told, link).rpartition("/")[2], status=302)
    count("tomorrow", client.get, page + "tomorrow/")
    count("tomorrow: it suits", client.post, page + "tomorrow/", status=303)
    stop = unsubscribe_url(booking.delivery).partition("8000")[2]
    count("unsubscribe", client.get, stop)
    count("unsubscribe: pressed", client.post, stop)
    make_late(booking)
    count("late", client.get, page + "late/")
    count("late: waits", client.post, page + "late/", {"answer": "keep"}, status=303)
    offer = offers_in(client.get(page + "late/"))[0]
    count("late: another day", client.post, page + "late/", {"offer": offer}, status=303)


def send_back(count: Counter) -> None:
    """Somebody with a coat and two cups at home, at a shop of their own."""
    clock.set_source(at := Clock())
    sender = delivered(make_network(days=9), at)
    get, post, base = sender.client.get, sender.client.post, sender.base
    count("booking: delivered", get, base)
    count("return", get, base + "return/")
    why = count("return: chosen", sender.chooses, version=0, status=303)["Location"]
    count("return-why", get, why)
    how = count("return-why: said", sender.says, why.removeprefix(base), version=1, status=303)["Location"]
    count("return-how", get, how)
    check = count("return-how: said", post, how, {"version": 2, "method": "pickup"}, status=303)["Location"]
    count("return-check", get, check)
    page = count("return-check: sent off", post, check, {"version": 3, "fee": 0}, status=303)["Location"]
    count("returned", get, page)
    times = count("return-times", get, page + "times/")
    count("return-times: booked", post, page + "times/", {"offer": offers_in(times)[-1]}, status=303)
    times = count("return-times: again", get, page + "times/")
    count("return-times: moved", post, page + "times/", {"offer": offers_in(times)[0]}, status=303)
    count("return-way", get, page + "way/")
    count("return-photo", get, page + "photo/1/none/", status=404)
    count("return-cancel", get, page + "cancel/")
    count("return-cancel: called off", post, page + "cancel/", status=303)
    brought = f"{base}returns/{sender.returns(method='dropoff').ref}/"
    count("return-dropoff", get, brought + "point/")
    count("return-label-a4", get, brought + "label-a4.pdf")
    count("return-label-4x6", get, brought + "label-4x6.pdf")
    post(brought + "cancel/")
    count("return-terms", get, f"/s/{sender.order.merchant.slug}/returns/")
    ticks = {f"take-{each.ref}": "on" for each in sender.lines}
    count("withdraw", get, base + "withdraw/")
    count("withdraw: said", post, base + "withdraw/", ticks | {"name": "Aino"})
    count(
        "withdraw: confirmed", post, base + "withdraw/", ticks | {"name": "Aino", "do": "confirm"}, status=303
    )
    part = f"{base}returns/{took(Return.objects.get(kind='withdrawal'), 1).ref}/"
    count("returned: in part", get, part)
    count("return-rest", post, part + "rest/", status=303)
    shop = f"/s/{sender.order.merchant.slug}/withdraw/"
    typed = {"name": "Aino", "order_number": sender.order.number, "email": "aino@example.com"}
    count("state-withdrawal", get, shop)
    count("state-withdrawal: said", post, shop, typed)
    count("state-withdrawal: found", post, shop, typed | {"do": "confirm"}, status=303)
    unknown = typed | {"order_number": "none", "do": "confirm"}
    count("state-withdrawal: unknown", post, shop, unknown, status=303)
    count("withdrawal-stated", get, shop + "stated/")


def test_every_public_page_is_in_the_table():
    pages = {str(pattern.name) for pattern in [*customers.urlpatterns, *accounts.urlpatterns]}

    assert pages <= {name.partition(":")[0].partition(",")[0] for name in STATEMENTS}


def test_the_shop_is_read_once_in_a_while(shopper, count, settings):
    settings.SET_UP_KEPT_S = 60

    count("first", shopper.client.get, shopper.base)
    count("again", shopper.client.get, shopper.base)
    missing = count("none", shopper.client.get, "/s/nobody/", status=404)

    assert (count.counted["first"], count.counted["again"]) == (1, 0)
    assert b"Nordkaupa" not in missing.content
