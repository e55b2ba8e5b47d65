"""What people are told of what comes back: each thing once, in its own words; a withdrawal's receipt."""

import re
from datetime import timedelta

import pytest

from portal.messaging.mails import NobodyWaits, compose
from portal.messaging.subscribe import folder_of
from portal.models import Message
from returns.models import Return
from returns.services.changing import call_off
from returns.services.dues import remind_of_refunds
from returns.services.pickups import book_pickup
from returns.services.requests import Wish, request_return
from returns.services.withdrawals import state_withdrawal, withdraw
from scheduling import events
from tests.factories import NOW, make_network
from tests.returns.pickups import a_hold, a_return, brought, relay_all, sent_out, tried

pytestmark = [pytest.mark.django_db, pytest.mark.both]


@pytest.fixture
def outlet(db):
    made = make_network(days=3)
    made.merchant.contact_email = "shop@example.com"
    made.merchant.save()
    return made


def by_rules(outlet) -> Return:
    """A return that is to be fetched, accepted by the shop's rules."""
    made = a_return(outlet)
    Return.objects.filter(pk=made.pk).update(kind="policy")
    made.refresh_from_db()
    return made


def mails(kind: str, *, now=NOW) -> list:
    """The mails that an event's message becomes; none where nobody waits for it."""
    found = []
    for message in Message.objects.filter(event__kind=kind).select_related("event__delivery__merchant"):
        try:
            found.append(compose(message, now=now))
        except NobodyWaits:
            continue
    return found


def test_what_the_rules_accept_at_once_is_told_in_one_mail(outlet):
    made = by_rules(outlet)
    relay_all()

    assert mails("return.requested") == []
    [mail] = mails("return.approved")
    assert mail.subject == "It may come back"
    assert f"/return-{made.ref}/" in mail.body
    assert "Choose when we pick it up:" in mail.body


def test_a_mails_link_leads_to_the_return_itself(outlet, client):
    made = by_rules(outlet)
    relay_all()
    [mail] = mails("return.approved")

    opened = client.get(re.search(r"/l/\S+", mail.body)[0])

    assert opened["Location"] == f"/d/{made.delivery.ref}/returns/{made.ref}/"


def test_a_booked_pickup_is_told_once_with_its_time_and_a_calendar_file(outlet):
    made = by_rules(outlet)
    book_pickup(made.pk, a_hold(outlet, made).token, actor="t", now=NOW)
    relay_all()

    [mail] = mails("return.pickup_booked")
    assert re.match(r"We pick it up \w+ \d+ \w+, \d+:00–\d+:00", mail.subject)
    name, content, kind = mail.attachments[0]
    assert (name, kind) == ("pickup.ics", "text/calendar")
    assert "Pickup for" in (content if isinstance(content, str) else content.decode())
    assert not Message.objects.filter(
        event__kind="booking.confirmed", event__delivery__direction="in"
    ).exists()


def test_calling_off_tells_of_that_and_not_of_the_pickup_as_well(outlet):
    made = by_rules(outlet)
    book_pickup(made.pk, a_hold(outlet, made).token, actor="t", now=NOW)
    call_off(made.pk, actor="t", now=NOW)
    relay_all()

    assert len(mails("return.cancelled")) == 1
    assert mails("return.pickup_cancelled") == []
    assert mails("return.pickup_booked") == []


def test_on_its_day_what_is_fetched_has_words_of_its_own(outlet):
    made = by_rules(outlet)
    pickup = book_pickup(made.pk, a_hold(outlet, made).token, actor="t", now=NOW).delivery

    said = {
        kind: folder_of(events.record(kind, delivery=pickup, actor="t", now=NOW))
        for kind in ("delivery.on_the_way", "delivery.next", "delivery.missed", "delivery.late")
    }

    assert set(said.values()) == {f"fetched/{name}" for name in ("on_the_way", "next", "missed", "late")}


@pytest.mark.parametrize("asked_again", [False, True])
def test_what_was_not_taken_is_told_and_that_it_can_still_be_sent(outlet, asked_again):
    made = by_rules(outlet)
    cup, coat = made.order.items.all()
    booking = book_pickup(made.pk, a_hold(outlet, made).token, actor="link:1", now=NOW)
    out = sent_out(outlet, booking)
    tried(out, counts={cup.ref: 1})
    if asked_again:
        request_return(
            made.order_id, [Wish(coat.ref, 1)], delivery=made.delivery, kind="withdrawal", actor="a", now=NOW
        )

    [mail] = mails("return.collected", now=out.stop.opens_at)

    for words in ("1 of 2 things", "Not taken along: Coat"):
        assert words in mail.body
    assert ("What we did not take you can still send back." in mail.body) is not asked_again


def test_a_withdrawals_receipt_has_content_date_and_time_and_leads_on_to_a_pickup(outlet):
    booking = brought(outlet)
    order = booking.delivery.order
    withdraw(
        delivery=booking.delivery,
        order_id=order.pk,
        name="Aino",
        content="I withdraw from all of it. Aino",
        quantities={each.ref: each.quantity for each in order.items.all()[:1]},
        actor="link:x",
        now=NOW,
    )
    relay_all()

    [mail] = mails("return.withdrawn")
    assert mail.to == ["aino@example.com"]
    assert mail.subject.startswith("Receipt: you withdrew from order")
    assert "I withdraw from all of it. Aino" in mail.body
    assert re.search(r"It arrived on \w+ \d+ November 2026 at \d+:\d\d\.", mail.body)
    assert "choose when we pick it up" in mail.body
    assert mails("return.requested") == mails("return.approved") == []


def test_what_is_stated_without_a_link_is_answered_to_the_contact_on_file_alone(outlet):
    booking = brought(outlet)
    number = booking.delivery.order.number
    for email in ("AINO@example.com", "eve@example.com"):
        state_withdrawal(
            merchant=outlet.merchant,
            name="Somebody",
            order_number=number,
            email=email,
            content=f"I withdraw. {email}",
            actor="customer",
            now=NOW,
        )
    relay_all()

    assert [mail.to for mail in mails("return.withdrawn")] == [["aino@example.com"]]
    [told] = mails("return.unmatched")
    assert told.to == ["shop@example.com"]
    assert "eve@example.com" in told.body


def test_a_shop_is_mailed_before_the_law_wants_its_money(outlet):
    booking = brought(outlet)
    order = booking.delivery.order
    line = order.items.all()[0]
    withdraw(
        delivery=booking.delivery,
        order_id=order.pk,
        name="Aino",
        content="I withdraw.",
        quantities={line.ref: 1},
        actor="link:x",
        now=NOW,
    )
    later = NOW + timedelta(days=12)
    remind_of_refunds(now=later)
    relay_all(later)

    [mail] = mails("return.refund_due", now=later)
    assert mail.to == ["shop@example.com"]
    assert order.number in mail.body
