"""Sending something back by its pages: step by step, judged by the server, the same on every device."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from portal.access import FOLLOW
from portal.customers.returns_words import INSPECTION, MONEY, PARCEL, TOLD
from returns.models import Return, ReturnPhoto
from returns.services.policies import publish
from returns.states import INSPECTION_MOVES, MONEY_MOVES, PARCEL_MOVES
from scheduling.events import KINDS
from scheduling.models import Event
from tests.factories import NOW, make_booking, make_link, make_network
from tests.portal.customers.returns import Sender, delivered
from tests.portal.links import came_by
from tests.portal.test_photos import picture
from tests.returns.pickups import took

pytestmark = [pytest.mark.django_db, pytest.mark.both]


@pytest.fixture
def sender(outlet, at) -> Sender:
    return delivered(outlet, at)


def by_rules(sender: Sender, **rule) -> None:
    rules = [{"name": "ours", "days": 30} | rule]
    publish(merchant=sender.order.merchant, rules=rules, seen=0, actor="user:1", now=NOW)


def test_what_was_delivered_is_sent_back_in_four_steps_and_a_press(sender):
    made = sender.returns()

    page = sender.page(f"returns/{made.ref}/")
    assert (made.parcel, made.method, made.kind) == ("approved", "pickup", "policy")
    assert [(each.item.sku, each.quantity, each.reason) for each in made.items.all()] == [
        ("COAT-M", 1, "too_small")
    ]
    assert made.contact_email == "aino@example.com"
    for words in ("It may come back", "Choose a time", "It is too small. Money back", made.ref):
        assert words in page


def test_the_delivered_page_leads_to_sending_back_and_then_to_what_is_sent_back(sender):
    before = sender.page()
    made = sender.returns()

    assert f'href="{sender.base}return/"' in before
    assert f'href="{sender.base}returns/{made.ref}/"' in sender.page()


def test_a_draft_goes_on_on_another_device(sender):
    sender.chooses({"CUP": 2})
    elsewhere = Sender(sender.booking, sender.order, came_by(make_link(sender.booking)), sender.now)

    page = elsewhere.page("return/")

    assert 'value="2" selected' in page
    assert Return.objects.count() == 1


def test_of_two_tabs_the_later_one_is_shown_what_the_first_has_chosen(sender):
    seen = sender.version_on("return/")
    sender.chooses({"CUP": 1}, version=seen)

    late = sender.chooses({"COAT-M": 1}, version=seen)

    assert late.status_code == 409
    assert "changed meanwhile" in late.content.decode()
    assert [each.item.sku for each in Return.objects.get().items.all()] == ["CUP"]


def test_what_a_second_tab_typed_is_still_there_and_can_be_put_instead(sender):
    why = sender.chooses()["Location"].removeprefix(sender.base)
    seen = sender.version_on(why)
    sender.says(why, version=seen, comment="first")

    late = sender.says(why, version=seen, comment="second")
    assert late.status_code == 409
    assert "second" in late.content.decode()

    assert sender.says(why, comment="second").status_code == 303
    assert Return.objects.get().items.get().comment == "second"


def test_more_than_is_left_is_refused_and_nothing_is_kept(sender):
    sender.returns({"CUP": 1})
    line = next(each for each in sender.lines if each.sku == "CUP")

    answer = sender.client.post(
        sender.base + "return/", {"version": 0, f"take-{line.ref}": "on", f"count-{line.ref}": 2}
    )

    assert answer.status_code in (409, 422, 303)
    assert sum(each.items.get().quantity for each in Return.objects.filter(parcel="approved")) == 1
    assert not Return.objects.filter(parcel="draft", items__quantity__gt=1).exists()


def test_what_is_on_its_way_back_cannot_be_chosen_again(sender):
    sender.returns({"COAT-M": 1})

    page = sender.page("return/")

    assert "It is on its way back already." in page
    assert sender.chooses({"COAT-M": 1}).status_code == 422


def test_a_reason_that_needs_a_photo_is_asked_for_one(sender, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    why = sender.chooses()["Location"].removeprefix(sender.base)

    without = sender.says(why, reason="damaged")
    with_one = sender.says(why, reason="damaged", photo=SimpleUploadedFile("a.jpg", picture()))

    assert without.status_code == 422
    assert "needs a photo" in without.content.decode()
    assert with_one.status_code == 303
    photo = ReturnPhoto.objects.get()
    assert photo.file.startswith("returns/")
    assert photo.taken == "customer"


def test_photos_are_shown_to_whose_they_are_alone(sender, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    why = sender.chooses()["Location"].removeprefix(sender.base)
    photo = SimpleUploadedFile("a.jpg", picture())
    how = sender.says(why, reason="damaged", photo=photo)["Location"].removeprefix(sender.base)
    check = sender.client.post(sender.base + how, {"version": sender.version_on(how), "method": "pickup"})
    sent = sender.sends_off(check["Location"].removeprefix(sender.base))
    page = sender.client.get(sent["Location"]).content.decode()

    url = page.split('<img src="')[1].split('"')[0]

    assert sender.client.get(url)["Content-Type"] == "image/jpeg"
    other = came_by(make_link(make_booking(make_network())))
    assert other.get(url).status_code == 404


def test_a_photo_that_is_none_is_said_where_it_was_sent_and_what_was_typed_stays(sender, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    why = sender.chooses()["Location"].removeprefix(sender.base)

    answer = sender.says(why, comment="torn", photo=SimpleUploadedFile("a.svg", b"<svg/>"))

    assert answer.status_code == 422
    assert "torn" in answer.content.decode()
    assert not ReturnPhoto.objects.exists()


def test_nothing_that_the_rules_forbid_gets_through(sender):
    by_rules(sender, resolutions=["credit"], methods=["dropoff"])
    why = sender.chooses()["Location"].removeprefix(sender.base)

    assert sender.says(why, resolution="refund").status_code == 422
    how = sender.says(why, resolution="credit")["Location"].removeprefix(sender.base)
    refused = sender.client.post(sender.base + how, {"version": sender.version_on(how), "method": "pickup"})

    assert refused.status_code == 422
    assert not Return.objects.exclude(parcel="draft").exists()


def test_the_fee_is_said_before_anything_is_certain_and_kept_as_it_was(sender):
    by_rules(sender, methods=["pickup"], fees_minor={"pickup": 490})

    check = sender.goes_to_check(reason="changed_mind")
    page = sender.page(check)
    sender.sends_off(check)

    assert "€4.90" in page
    assert "€84.10" in page  # 89.00 less the fee
    assert Return.objects.get().fee_minor == 490


def test_rules_that_changed_meanwhile_send_nothing_off_and_say_so(sender):
    check = sender.goes_to_check(reason="changed_mind")
    seen = {"version": sender.version_on(check), "fee": 0}
    by_rules(sender, methods=["pickup"], fees_minor={"pickup": 490})

    answer = sender.client.post(sender.base + check, seen)

    assert answer.status_code == 409
    assert "€4.90" in answer.content.decode()
    assert Return.objects.get().parcel == "draft"
    assert sender.sends_off(check).status_code == 303


def test_sending_off_twice_leads_to_the_same_return(sender):
    check = sender.goes_to_check()
    seen = {"version": sender.version_on(check), "fee": 0}

    first, second = (sender.client.post(sender.base + check, seen) for _i in range(2))

    assert first["Location"] == second["Location"]
    assert Event.objects.filter(kind="return.requested").count() == 1


def test_a_draft_can_be_forgotten_whole(sender):
    check = sender.goes_to_check()

    sender.client.post(sender.base + check, {"do": "drop"})

    assert Return.objects.get().parcel == "dropped"
    assert sender.client.get(sender.base + check).status_code == 404
    assert sender.chooses({"CUP": 1}).status_code == 303


def test_what_its_customer_keeps_travels_nowhere_and_is_settled_at_once(sender):
    by_rules(sender, resolutions=["keep", "refund"])

    made = sender.returns(reason="not_as_described", resolution="keep", method="none")

    assert (made.parcel, made.inspection) == ("kept", "unneeded")
    assert made.money != "open"
    assert "It stays with you" in sender.page(f"returns/{made.ref}/")


def test_a_return_is_called_off_until_it_has_left(sender):
    made = sender.returns()

    asked = sender.page(f"returns/{made.ref}/cancel/")
    sender.client.post(f"{sender.base}returns/{made.ref}/cancel/")

    assert "Yes, call it off" in asked
    made.refresh_from_db()
    assert (made.parcel, made.money, made.inspection) == ("cancelled", "nothing", "unneeded")
    assert "It was called off" in sender.page(f"returns/{made.ref}/")
    assert sender.chooses().status_code == 303

    gone = sender.returns({"CUP": 1})
    Return.objects.filter(pk=gone.pk).update(parcel="handed_in")
    assert sender.client.post(f"{sender.base}returns/{gone.ref}/cancel/").status_code == 409


def test_what_was_not_taken_is_said_and_sent_with_another_return(sender):
    first = took(sender.returns({"CUP": 2}), 1)

    page = sender.page(f"returns/{first.ref}/")
    for words in (
        "What did not come along",
        "It was not taken along. You can still send it back.",
        "to-rest",
    ):
        assert words in page
    assert "You need do nothing more" not in page
    second = sender.returns({"CUP": 1})

    assert [(each.item.sku, each.quantity) for each in second.items.all()] == [("CUP", 1)]
    page = sender.page(f"returns/{first.ref}/")
    assert "It was not taken along. It is in another return." in page
    assert "to-rest" not in page


def test_what_did_not_arrive_is_said_and_may_be_sent(sender):
    made = took(sender.returns({"CUP": 2, "COAT-M": 1}), 2)
    made.items.filter(item__sku="CUP").update(received=1)
    made.items.filter(item__sku="COAT-M").update(received=0)
    Return.objects.filter(pk=made.pk).update(parcel="received")

    page = sender.page(f"returns/{made.ref}/")

    assert page.count("It was not among what arrived. If it is still with you, you can send it back.") == 2
    assert "It goes back" in page


def test_a_return_can_travel_another_way_at_that_ways_fee(sender):
    by_rules(sender, methods=["pickup", "dropoff"], fees_minor={"dropoff": 250})
    made = sender.returns(reason="changed_mind")
    way = f"returns/{made.ref}/way/"

    sender.client.post(sender.base + way, {"version": sender.version_on(way), "method": "dropoff"})

    made.refresh_from_db()
    assert (made.method, made.fee_minor) == ("dropoff", 250)
    assert "Bring it to a point near you." in sender.page(f"returns/{made.ref}/")


def test_others_see_nothing_of_it_and_followers_may_not_even_ask(outlet, at):
    neighbours = make_booking(outlet, hour=12)
    sender = delivered(outlet, at)
    made = sender.returns()
    stranger = came_by(make_link(neighbours))
    follower = came_by(make_link(sender.booking, FOLLOW))
    steps = ("", "why/", "how/", "check/", "times/", "way/", "cancel/")

    for step in steps:
        address = f"returns/{made.ref}/{step}"
        assert stranger.get(sender.base + address).status_code == 404
        assert follower.get(sender.base + address).status_code == 403
        assert follower.post(sender.base + address).status_code == 403
    assert stranger.get(f"/d/{neighbours.delivery.ref}/returns/{made.ref}/").status_code == 404


def test_an_order_of_which_no_items_are_known_says_so(outlet):
    booking = make_booking(outlet)
    page = came_by(make_link(booking)).get(f"/d/{booking.delivery.ref}/return/").content.decode()

    assert "has not told us what you bought" in page


def test_every_state_of_a_return_has_its_sentence():
    assert PARCEL.keys() == PARCEL_MOVES.keys()
    assert INSPECTION.keys() == INSPECTION_MOVES.keys()
    assert MONEY.keys() == MONEY_MOVES.keys()


def test_every_event_of_a_return_that_its_customer_may_see_has_its_words():
    inside = {"return.withdrawal_stated", "return.unmatched", "return.refund_due"}

    assert TOLD.keys() == {kind for kind in KINDS if kind.startswith("return.")} - inside
