"""Withdrawing from a contract: two steps, no reason, refused by nothing; with a link or without one."""

from datetime import timedelta

import pytest

from portal.access import FOLLOW
from returns.models import PolicyVersion, Return, Withdrawal
from returns.services.policies import publish
from returns.services.withdrawals import withdraw
from scheduling import events
from scheduling.models import Delivery, Event
from tests.factories import NOW, make_booking, make_link, make_order
from tests.portal.customers.returns import Sender, delivered
from tests.portal.links import came_by
from tests.returns.pickups import took

pytestmark = [pytest.mark.django_db, pytest.mark.both]


@pytest.fixture
def sender(outlet, at) -> Sender:
    return delivered(outlet, at)


def all_ticked(sender: Sender, **values) -> dict:
    ticks = {f"take-{each.ref}": "on" for each in sender.lines}
    return {"name": "Aino Virtanen"} | ticks | values


def withdraws(sender: Sender, **values):
    return sender.client.post(sender.base + "withdraw/", all_ticked(sender, do="confirm") | values)


def relayed(now) -> None:
    while events.relay(now=now):
        pass


def test_it_is_said_and_then_confirmed_and_leads_on_to_a_pickup(sender):
    first = sender.client.post(sender.base + "withdraw/", all_ticked(sender)).content.decode()
    assert not Withdrawal.objects.exists()

    sent = withdraws(sender)

    assert "I withdraw from the contract with" in first
    assert "2 × Cup and Coat" in first
    made = Return.objects.get()
    assert (made.kind, made.parcel, made.method, made.fee_minor) == ("withdrawal", "approved", "pickup", 0)
    assert sum(each.quantity for each in made.items.all()) == 3
    page = sender.client.get(sent["Location"]).content.decode()
    assert "You have withdrawn from the contract" in page
    assert "Choose a time" in page
    stated = Withdrawal.objects.get()
    assert (stated.of, stated.name, stated.stated_at) == (made, "Aino Virtanen", sender.now)
    assert "2 × Cup and Coat" in stated.content


def test_no_rule_of_the_shops_stands_in_its_way(outlet, at):
    publish(
        merchant=outlet.merchant,
        rules=[{"name": "nothing", "accepts": False}],
        seen=0,
        actor="user:1",
        now=NOW,
    )
    sender = delivered(outlet, at)

    assert sender.chooses().status_code == 422
    assert withdraws(sender).status_code == 303


def test_some_of_it_can_be_kept(sender):
    coat = next(each for each in sender.lines if each.sku == "COAT-M")

    sender.client.post(sender.base + "withdraw/", {"name": "Aino", f"take-{coat.ref}": "on", "do": "confirm"})

    assert [each.item.sku for each in Return.objects.get().items.all()] == ["COAT-M"]


def test_confirming_twice_is_confirming_once(sender):
    first, second = withdraws(sender), withdraws(sender)

    assert first["Location"] == second["Location"]
    assert Withdrawal.objects.count() == 1


def test_the_entry_is_there_from_the_booking_to_the_end_of_the_fourteenth_day(outlet, at):
    booking = make_booking(outlet, hour=12)
    before = came_by(make_link(booking)).get(f"/d/{booking.delivery.ref}/").content.decode()
    sender = delivered(outlet, at)
    there = sender.page()
    at.now += timedelta(days=14, hours=8)
    last = sender.page()
    at.now += timedelta(days=1)

    assert all('id="to-withdraw"' in page for page in (before, there, last))
    assert 'id="to-withdraw"' not in sender.page()
    assert withdraws(sender).status_code == 303
    assert not Withdrawal.objects.exists()


def test_what_has_not_left_yet_is_called_off_and_is_back_at_once(outlet, at):
    order = make_order(outlet.merchant)
    booking = make_booking(outlet, order_number=order.number)
    sender = Sender(booking, order, came_by(make_link(booking)), NOW)

    withdraws(sender)

    made = Return.objects.get()
    assert Delivery.objects.get(pk=booking.delivery_id).state == "cancelled"
    assert (made.parcel, made.method) == ("received", "none")
    assert made.money != "open"
    assert all(each.accepted == each.quantity for each in made.items.all())


def test_of_an_order_whose_items_are_unknown_all_is_withdrawn_from(outlet):
    booking = make_booking(outlet)
    client = came_by(make_link(booking))

    client.post(f"/d/{booking.delivery.ref}/withdraw/", {"name": "Aino", "do": "confirm"})

    assert Withdrawal.objects.get().of.kind == "withdrawal"


def test_followers_may_not_withdraw(sender):
    follower = came_by(make_link(sender.booking, FOLLOW))

    assert follower.post(sender.base + "withdraw/", all_ticked(sender, do="confirm")).status_code == 403
    assert not Withdrawal.objects.exists()


def states(client, sender: Sender, **values):
    typed = {"name": "Aino", "order_number": sender.order.number, "email": "aino@example.com"} | values
    url = f"/s/{sender.order.merchant.slug}/withdraw/"
    return client.post(url, typed), client.post(url, typed | {"do": "confirm"})


def test_without_a_link_it_is_stated_and_the_order_found_elsewhere(client, sender):
    first, second = states(client, sender)
    assert second["Location"].endswith("/withdraw/stated/")
    assert not Return.objects.exists()

    relayed(sender.now)

    made = Return.objects.get()
    assert (made.kind, made.delivery_id) == ("withdrawal", sender.booking.delivery_id)
    assert Event.objects.filter(kind="return.withdrawn", delivery=sender.booking.delivery).count() == 1
    assert "Confirm the withdrawal" in first.content.decode()


def test_whoever_states_it_learns_nothing_of_an_order(client, sender, django_assert_num_queries):
    hit = states(client, sender)
    miss = states(client, sender, email="else@example.com")

    for right, wrong in zip(hit, miss, strict=True):
        assert right.status_code == wrong.status_code
        assert right.content.replace(b"aino@", b"else@") == wrong.content.replace(b"aino@", b"else@") or (
            b"csrf" in right.content
        )
    relayed(sender.now)
    assert Return.objects.count() == 1
    assert Event.objects.filter(kind="return.unmatched").count() == 1


def test_a_shop_that_collects_has_fourteen_days_for_the_money(sender):
    withdraws(sender)

    assert Return.objects.get().refund_due_at == sender.now + timedelta(days=14)


def test_a_shop_that_does_not_collect_may_wait_for_the_goods(outlet, at):
    sender = delivered(outlet, at)
    publish(merchant=outlet.merchant, rules=[{"name": "ours"}], seen=0, actor="user:1", now=NOW)
    PolicyVersion.objects.update(collection_offered_by_trader=False)
    withdraws(sender)
    made = Return.objects.get()
    assert made.refund_due_at is None

    later = sender.now + timedelta(days=20)
    made.move(parcel="handed_in")
    made.save()
    events.record("return.handed_in", delivery=made.delivery, actor="x", now=later, data={"return": made.ref})
    relayed(later)

    made.refresh_from_db()
    assert made.refund_due_at == later


def test_a_shop_is_reminded_once_before_the_money_is_late(sender):
    from returns.services.dues import remind_of_refunds

    withdraws(sender)

    early = remind_of_refunds(now=sender.now + timedelta(days=10))
    told = remind_of_refunds(now=sender.now + timedelta(days=12))
    again = remind_of_refunds(now=sender.now + timedelta(days=13))

    assert (early, told, again) == (0, 1, 0)
    assert Event.objects.filter(kind="return.refund_due").count() == 1


def test_the_rest_of_a_withdrawal_is_sent_once_more_however_late(sender, at):
    said = {"name": "Aino", "content": "I withdraw.", "actor": "link:1", "now": sender.now}
    stated = withdraw(delivery=sender.booking.delivery, order_id=sender.order.pk, **said)
    first = took(stated.of, 1)
    at.now = sender.now + timedelta(days=40)

    page = sender.page(f"returns/{first.ref}/")
    sent = [sender.client.post(f"{sender.base}returns/{first.ref}/rest/") for _press in range(2)]

    assert f"returns/{first.ref}/rest/" in page
    second = Return.objects.exclude(pk=first.pk).get()
    assert {each["Location"] for each in sent} == {f"{sender.base}returns/{second.ref}/"}
    assert (second.kind, second.parcel) == ("withdrawal", "approved")
    assert second.refund_due_at == sender.now + timedelta(days=14)
    assert list(second.items.values_list("item__sku", "quantity", "value_minor")) == [("CUP", 1, 1290)]
    assert "rest/" not in sender.page(f"returns/{first.ref}/")


def test_without_a_rest_nothing_more_is_sent(sender):
    said = {"name": "Aino", "content": "I withdraw.", "actor": "link:1", "now": sender.now}
    whole = withdraw(delivery=sender.booking.delivery, order_id=sender.order.pk, **said).of

    answer = sender.client.post(f"{sender.base}returns/{whole.ref}/rest/")

    assert answer.status_code == 409
    assert "There is nothing more to send" in answer.content.decode()
    assert Return.objects.get() == whole
