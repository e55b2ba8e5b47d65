"""Each SMS goes in one part, in English and where words are a third longer."""

import re
from datetime import timedelta

import pytest
from django.utils.translation import trans_real

from portal.messaging import gsm
from portal.messaging.return_facts import STANDS
from portal.messaging.subscribe import FOLDERS
from portal.messaging.texts import compose_text
from portal.models import Message
from portal.models.messages import Channel
from portal.services.codes import ask_code
from portal.services.messages import queue_message
from returns.models import Return, Withdrawal
from scheduling import events
from scheduling.models import Delivery, Event
from scheduling.services.diverting import divert_delivery
from tests.factories import (
    NOW,
    make_booking,
    make_link,
    make_network,
    make_order,
    make_point,
    make_return,
    some_contact,
)

PSEUDO = "fi"
HOST = "https://times.example.org"


class Longer(trans_real.DjangoTranslation):
    """Every sentence a third longer, with letters that phones know."""

    def gettext(self, message: str) -> str:
        return f"{message}{'ä' * (len(re.sub(r'%[(]?[a-z_]*[)]?[sd]?|{{.*?}}', '', message)) // 3)}"

    def ngettext(self, singular: str, plural: str, number: int) -> str:
        return self.gettext(singular if number == 1 else plural)


@pytest.fixture
def longer(settings):
    settings.LANGUAGES = [("en", "English"), (PSEUDO, "Pseudo")]
    trans_real._translations[PSEUDO] = Longer(PSEUDO)
    yield
    trans_real._translations.clear()


@pytest.fixture
def outlet(settings, db):
    settings.PUBLIC_URL = HOST
    made = make_network()
    made.merchant.name = "Kaupunkikeittiö & Pojat Oy"
    made.merchant.save()
    return made


def message_about(event: Event, delivery: Delivery) -> Message:
    return queue_message(event=event, ref=delivery.ref, channel=Channel.SMS, now=NOW)


def told(outlet, kind: str, language: str) -> str:
    phone = some_contact(phone="+358401234567", language=language)
    booking = make_booking(outlet, contact=phone)
    data = {}
    if kind == "code.asked":
        data = {"code": ask_code(link=make_link(booking), now=NOW).pk.hex}
    if kind == "links.asked":
        data = {"refs": [booking.delivery.ref]}
    if kind == "delivery.diverted":
        divert_delivery(delivery=booking.delivery, point=make_point(outlet.depot), actor="t", now=NOW)
    if kind.startswith("return."):
        data = about_a_return(booking, kind)
    at = NOW + timedelta(minutes=1)
    event = events.record(kind, delivery=booking.delivery, actor="t", now=at, data=data)
    return compose_text(message_about(event, booking.delivery), now=at).body


def about_a_return(booking, kind: str) -> dict:
    stands = STANDS.get(kind, ("received",))[0]
    order = make_order(booking.delivery.merchant)
    of = make_return(order, delivery=booking.delivery)
    stated = Withdrawal.objects.create(merchant=of.merchant, content="All of it", stated_at=NOW)
    pickup = make_booking(booking.stop.route.shift.plan.depot.outlets.get()).delivery
    Return.objects.filter(pk=of.pk).update(parcel=stands, pickup=pickup, method="pickup")
    return {"return": of.ref, "statement": stated.pk, "amount_minor": 129_000, "currency": "EUR"}


@pytest.mark.once
@pytest.mark.parametrize("language", ["en", PSEUDO])
def test_every_sms_goes_in_one_part(outlet, longer, language):
    for kind in FOLDERS:
        body = told(outlet, kind, language)
        assert gsm.units(body) is not None, f"{kind}: {body}"
        assert gsm.parts(body) == 1, f"{kind}: {gsm.units(body)} of 160: {body}"


def test_what_waits_at_a_point_goes_in_one_part_too(outlet):
    booking = make_booking(outlet, contact=some_contact(phone="+358401234567"))
    divert_delivery(delivery=booking.delivery, point=make_point(outlet.depot), actor="t", now=NOW)
    at = NOW + timedelta(minutes=1)
    data = {"outcome": "at_point"}
    event = events.record("delivery.delivered", delivery=booking.delivery, actor="t", now=at, data=data)

    body = compose_text(message_about(event, booking.delivery), now=at).body

    assert re.fullmatch(
        r"Kaupunkikeittiö & Poj\.: ready to collect until Tue 1 Dec\. Place and code: https://\S+", body
    )
    assert gsm.parts(body) == 1


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("", 1),
        ("a" * 160, 1),
        ("a" * 161, 2),
        ("a" * 306, 2),
        ("a" * 307, 3),
        ("€" * 80, 1),
        ("€" * 81, 2),
        ("ш" * 70, 1),
        ("ш" * 71, 2),
        ("😀" * 35, 1),
        ("😀" * 36, 2),
    ],
)
def test_parts_are_counted_as_carriers_count_them(text, count):
    assert gsm.parts(text) == count


def test_typographic_signs_become_those_that_phones_have():
    assert gsm.plain("Kauppa’s “best”\n 10:00–12:00…") == 'Kauppa\'s "best" 10:00-12:00...'
