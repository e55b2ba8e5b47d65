"""Erasing a person: what goes, what stays, and that it is whole or not at all."""

from datetime import timedelta

import pytest
from django.contrib.sessions.backends.db import SessionStore
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.management import CommandError, call_command

from portal.models import AccessLink, Repeatable, WidgetSession
from portal.services.erasure import erase_person, forget_old, remove_files
from portal.services.sessions import open_session
from scheduling import clock
from scheduling.bought import ItemBought, OrderBought
from scheduling.errors import DayHasBegun, HoldEnded
from scheduling.facts import AddressFacts
from scheduling.invariants import breaches
from scheduling.models import (
    AccessNotes,
    Address,
    Booking,
    CarbonShare,
    DayPlan,
    Delivery,
    Event,
    FileToRemove,
    GeocodedQuery,
    Hold,
    Order,
    Promise,
    Quote,
    Stop,
)
from scheduling.selectors.funnel import funnel_of
from scheduling.services import erasing
from scheduling.services.accounts import close_account
from scheduling.services.bookings import confirm_hold
from scheduling.services.diverting import divert_delivery
from scheduling.services.files import remove_later
from scheduling.services.notes import save_notes, set_codes
from scheduling.services.orders import record_order
from scheduling.ways_in import WayIn
from tests.factories import (
    NOW,
    TOMORROW,
    a_session,
    ask_for,
    make_booking,
    make_hold,
    make_link,
    make_network,
    make_point,
    plan_on,
    some_contact,
    some_facts,
)

pytestmark = [pytest.mark.django_db, pytest.mark.both]

MARK = "Quillfeather"
OVER = NOW + timedelta(days=2)
AINO = some_contact(email="aino@quillfeather.example", name=f"Aino {MARK}", phone="+358401234567")


@pytest.fixture
def outlet():
    return make_network(days=8)


def marked(**values):
    """A visit at an address that bears the mark, with a note that does."""
    address = some_facts(**values).address
    at = AddressFacts(
        line=f"{MARK}katu 1", postcode="00100", city="Helsinki", lat=address.lat, lon=address.lon
    )
    return some_facts(safe_place="porch", safe_place_note=f"behind {MARK}", **values).at(at)


def aino(outlet, **values) -> Booking:
    return make_booking(outlet, **{"contact": AINO, "facts": marked()} | values)


def erase(booking: Booking, now=NOW, **values):
    return erase_person(delivery=booking.delivery, actor="link:test", now=now, **values)


def over(outlet) -> None:
    """Let tomorrow be over and accounted for."""
    plan = plan_on(outlet)
    close_account(plan_id=plan.pk, now=OVER)


def everything() -> str:
    """All rows of ours as text."""
    from django.apps import apps

    return "\n".join(
        str(row)
        for app in ("portal", "returns", "scheduling")
        for model in apps.get_app_config(app).get_models()
        for row in model._base_manager.order_by("pk").values_list()
    ).casefold()


def broken() -> list:
    return list(breaches())


def test_nothing_says_any_more_whose_a_delivery_was(outlet):
    booking = aino(outlet)
    assert MARK.casefold() in everything()

    erase(booking)

    assert MARK.casefold() not in everything()
    assert "+358401234567" not in everything()
    assert broken() == []


def test_what_is_still_to_come_is_cancelled_first(outlet):
    booking = aino(outlet)

    erase(booking)

    booking.refresh_from_db()
    assert (booking.state, booking.delivery.state) == ("cancelled", "cancelled")
    assert list(Event.objects.filter(delivery=booking.delivery).values_list("kind", flat=True)) == [
        "hold.placed",
        "booking.confirmed",
        "booking.cancelled",
        "delivery.erased",
    ]


def test_while_a_van_may_be_under_way_it_is_refused_and_nothing_changes(outlet):
    booking = aino(outlet)
    start = Stop.objects.get(booking=booking).route.shift.starts_at
    before = everything()

    with pytest.raises(DayHasBegun):
        erase(booking, now=start)

    assert everything() == before


def test_of_a_day_that_is_over_routes_promises_money_and_grams_stay_to_the_gram(outlet):
    booking = aino(outlet)
    make_booking(outlet, facts=some_facts(north_m=300))
    over(outlet)
    kept = [
        list(model.objects.order_by("pk").values_list())
        for model in (CarbonShare, Promise, Stop, Booking, DayPlan)
    ]

    erase(booking, now=OVER)

    assert kept == [
        list(model.objects.order_by("pk").values_list())
        for model in (CarbonShare, Promise, Stop, Booking, DayPlan)
    ]
    address = Address.objects.get(deliveries=booking.delivery)
    assert (address.line, address.unit, address.postcode) == ("erased", "", "00100")
    assert (address.lat, address.lon) == (60.17, 24.94)
    assert broken() == []


def test_a_place_that_a_route_still_drives_through_is_coarsened_when_its_day_is_over(outlet):
    booking = aino(outlet, facts=marked(north_m=321))
    exact = booking.delivery.address.lat
    # As where leaving it out would break somebody's promise.
    Stop.objects.filter(pk=booking.stop_id).update(state=Stop.State.WAYPOINT)
    Booking.objects.filter(pk=booking.pk).update(state="cancelled", cancelled_at=NOW)
    Delivery.objects.filter(pk=booking.delivery_id).update(state="cancelled")

    erase(booking)
    address = Address.objects.get(deliveries=booking.delivery)
    assert (address.line, address.lat) == ("erased", exact)
    assert erasing.coarsen_what_waited() == 0

    over(outlet)
    assert erasing.coarsen_what_waited() == 1
    assert Address.objects.get(pk=address.pk).lat == round(exact, 2)


def test_all_deliveries_of_the_same_address_at_the_same_merchant_are_one_persons(outlet):
    first, second = (
        aino(outlet),
        aino(outlet, hour=14, contact=some_contact(email="AINO@quillfeather.example")),
    )
    other = make_booking(outlet, facts=some_facts(north_m=500))
    elsewhere = make_booking(make_network(), contact=AINO)

    person = erase(first)

    assert {each.pk for each in person.deliveries} == {first.delivery_id, second.delivery_id}
    for booking, email in ((other, "aino@example.com"), (elsewhere, AINO.email)):
        assert Delivery.objects.get(pk=booking.delivery_id).contact_email == email
        assert Delivery.objects.get(pk=booking.delivery_id).state == "confirmed"


def test_who_has_only_a_phone_number_stands_alone(outlet):
    by_phone = some_contact(email="", phone="+358401234567")
    first, second = aino(outlet, contact=by_phone), aino(outlet, contact=by_phone, hour=14)

    erase(first)

    assert Delivery.objects.get(pk=first.delivery_id).contact_phone == ""
    assert Delivery.objects.get(pk=second.delivery_id).contact_phone == "+358401234567"


def test_times_asked_for_and_kept_in_the_same_session_go_too_and_their_counts_stay(outlet):
    session = f"api:s:{MARK}"
    view = ask_for(outlet, marked(), session_key=session)
    ask_for(outlet, marked(east_m=5), session_key=session)
    ask_for(outlet, marked(), session_key=a_session())
    kept = make_hold(outlet, facts=marked())
    Quote.objects.filter(pk=kept.quote_id).update(session_key=session)
    Hold.objects.filter(pk=kept.pk).update(session_key=session)
    confirm_hold(hold=kept, contact=AINO, order_number="T-9", actor="test", now=NOW)
    draft = make_hold(outlet, facts=marked(), hour=16)
    Hold.objects.filter(pk=draft.pk).update(session_key=session)
    days = {"merchant": outlet.merchant, "first": NOW.date(), "last": NOW.date(), "zone": outlet.depot.zone}
    funnel = funnel_of(**days)

    erase(Booking.objects.get())

    assert MARK.casefold() not in everything()
    after = funnel_of(**days)
    assert (after.channels, after.asked) == (funnel.channels, funnel.asked)
    assert Quote.objects.get(ref=view.ref).session_key.startswith("api:erased-")
    assert Hold.objects.get(pk=draft.pk).state == "released"
    assert broken() == []


def test_what_somebody_else_asked_for_in_the_same_session_stays(outlet):
    session = a_session()
    theirs = make_hold(outlet, facts=some_facts(north_m=700))
    confirm_hold(hold=theirs, contact=some_contact(), order_number="T-1", actor="test", now=NOW)
    Hold.objects.filter(pk=theirs.pk).update(session_key=session)
    Quote.objects.filter(pk=theirs.quote_id).update(session_key=session)
    mine = aino(outlet)
    Hold.objects.filter(delivery=mine.delivery).update(session_key=session)

    erase(mine)

    assert Quote.objects.get(pk=theirs.quote_id).facts["address"]["line"].startswith("Testikatu")


def test_what_was_bought_goes_and_what_it_cost_stays(outlet):
    bought = OrderBought(
        number="T-7",
        currency="EUR",
        items=(ItemBought(sku=MARK, name=MARK, price_minor=990, quantity=2, tags=(MARK,), size=MARK),),
    )
    record_order(merchant=outlet.merchant, bought=bought, contact=AINO, now=NOW)
    booking = aino(outlet, order_number="T-7")

    erase(booking)

    item = Order.objects.get(number="T-7").items.get()
    assert (item.name, item.sku, item.price_minor, item.quantity) == ("erased", "erased", 990, 2)
    assert MARK.casefold() not in everything()


def test_an_order_that_brings_something_to_somebody_else_loses_the_contact_alone(outlet):
    bought = OrderBought(number="T-8", currency="EUR", items=(ItemBought("A", "Cup", 990),))
    record_order(merchant=outlet.merchant, bought=bought, contact=AINO, now=NOW)
    booking = aino(outlet, order_number="T-8")
    make_booking(outlet, order_number="T-8", facts=some_facts(north_m=300))

    erase(booking)

    order = Order.objects.get(number="T-8")
    assert (order.contact_email, order.items.get().name) == ("", "Cup")


def test_answers_to_programs_widgets_and_browsers_forget_them(outlet):
    booking = aino(outlet)
    hold = Hold.objects.get(delivery=booking.delivery)
    for key, answer in (("a", f'{{"ref": "{booking.delivery.ref}"}}'), ("b", '{"ref": "OTHER"}')):
        Repeatable.objects.create(
            merchant=outlet.merchant, key=key, fingerprint="", status=201, answer=answer, created_at=NOW
        )
    from portal.services.sessions import list_origins

    list_origins(merchant=outlet.merchant, origins=["https://shop.example"])
    opened = open_session(
        merchant=outlet.merchant, origin="https://shop.example", actor="x", now=NOW, typed={"address": MARK}
    )
    WidgetSession.objects.of(outlet.merchant).filter(pk=opened.pk).update(hold=hold.token)
    browser, stranger = SessionStore(), SessionStore()
    for store, key in ((browser, hold.session_key), (stranger, "another")):
        store["shopper"], store["news"] = key, 1
        store[f"visit:{outlet.merchant.slug}"] = {"contact": {"email": "x@example.com"}}
        store.save()

    erase(booking)

    assert list(Repeatable.objects.of(outlet.merchant).values_list("key", flat=True)) == ["b"]
    assert not WidgetSession.objects.of(outlet.merchant).exists()
    assert set(SessionStore(browser.session_key).load()) == {"shopper", "news"}
    assert f"visit:{outlet.merchant.slug}" in SessionStore(stranger.session_key).load()


def test_what_a_geocoder_answered_about_the_place_is_forgotten(outlet):
    booking = aino(outlet)
    answer = {
        "status": "exact",
        "unit": "",
        "candidates": [{"line": "Elsewhere 1"}, {"line": f"{MARK}katu 1"}],
    }
    for key, found in (("a", answer), ("b", {"status": "unknown", "unit": "", "candidates": []})):
        GeocodedQuery.objects.create(source="photon", query_key=key, result=found, looked_up_at=NOW)

    erase(booking)

    assert GeocodedQuery.objects.get().query_key == "b"


def test_events_keep_windows_and_money_and_nothing_that_was_not_foreseen(outlet):
    booking = aino(outlet)
    event = Event.objects.get(kind="booking.confirmed")
    Event.objects.filter(pk=event.pk).update(data=event.data | {"said": MARK})

    erase(booking)

    assert Event.objects.get(pk=event.pk).data == event.data


def test_sent_to_a_pickup_point_its_place_there_is_free_again(outlet):
    booking = aino(outlet)
    point = make_point(outlet.depot)
    divert_delivery(delivery=booking.delivery, point=point, actor="x", now=NOW)

    erase(booking)

    point.refresh_from_db()
    assert (point.used, point.line.startswith("Pistekatu")) == (0, True)
    assert MARK.casefold() not in everything()
    assert broken() == []


def test_what_was_said_of_getting_in_goes_with_its_codes(outlet):
    booking = aino(outlet)
    delivery = booking.delivery
    way_in = WayIn(buzzer=MARK, text=f"ring at {MARK}")
    save_notes(delivery=delivery, way_in=way_in, kept=True, seen=0, actor="x", now=NOW)
    set_codes(delivery=delivery, codes={"gate_code": "4711"}, actor="x", now=NOW)

    erase(booking)

    assert not AccessNotes.objects.exists()
    assert MARK.casefold() not in everything()


def test_links_end_and_nobody_is_mailed_any_more(outlet):
    booking = aino(outlet)
    link = make_link(booking)

    erase(booking)

    assert AccessLink.objects.get(pk=link.pk).revoked_at == NOW


def test_erased_twice_it_is_erased_once(outlet):
    booking = aino(outlet)
    erase(booking)
    before = everything()

    erase(booking, now=NOW + timedelta(hours=1))

    assert everything() == before
    assert Event.objects.filter(kind="delivery.erased").count() == 1


def test_a_time_that_was_kept_and_erased_cannot_become_a_booking(outlet):
    booking = aino(outlet)
    draft = make_hold(outlet, facts=marked(), hour=16)
    Hold.objects.filter(pk=draft.pk).update(
        session_key=Hold.objects.get(delivery=booking.delivery).session_key
    )

    erase(booking)

    with pytest.raises(HoldEnded):
        confirm_hold(hold=draft, contact=AINO, order_number="T-2", actor="x", now=NOW)


def test_killed_in_the_middle_nothing_changed(outlet, monkeypatch):
    booking = aino(outlet)
    before = everything()
    monkeypatch.setattr(erasing, "take_out", lambda *_, **__: 1 / 0)

    with pytest.raises(ZeroDivisionError):
        erase(booking)

    assert everything() == before


def test_files_are_removed_and_tried_again_until_they_are_gone(settings, tmp_path):
    settings.MEDIA_ROOT = str(tmp_path)
    path = default_storage.save("a/photo.jpg", ContentFile(b"x"))
    (tmp_path / "stuck" / "inside").mkdir(parents=True)
    remove_later([path, path, "a/gone.jpg", "stuck"], now=NOW)

    assert remove_files() == 2
    assert not (tmp_path / path).exists()
    assert FileToRemove.objects.get().path == "stuck"

    (tmp_path / "stuck" / "inside").rmdir()
    assert remove_files() == 1


def test_a_photo_that_another_delivery_shows_since_stays(outlet, settings, tmp_path):
    settings.MEDIA_ROOT = str(tmp_path)
    path = default_storage.save("a/photo.jpg", ContentFile(b"x"))
    booking = make_booking(outlet, facts=some_facts(safe_place="porch"))
    remove_later([path], now=NOW)
    Delivery.objects.filter(pk=booking.delivery_id).update(safe_place_photo=path)

    remove_files()

    assert (tmp_path / path).exists()
    assert not FileToRemove.objects.exists()


# What grows old


def test_times_that_were_never_booked_lose_their_address_after_a_while(outlet, settings):
    settings.DRAFT_ADDRESS_DAYS, settings.CONTACT_DAYS = 30, 0
    booking = aino(outlet, facts=some_facts())
    left = make_hold(outlet, facts=marked(), hour=16)
    erasing.release_hold(hold=left, actor="x", now=NOW)
    ask_for(outlet, marked())

    assert forget_old(now=NOW + timedelta(days=29)) == 0
    assert forget_old(now=NOW + timedelta(days=31)) > 0

    assert f"{MARK}katu".casefold() not in everything()
    assert Delivery.objects.get(pk=booking.delivery_id).contact_email == AINO.email
    assert not Event.objects.filter(kind="delivery.erased").exists()
    assert forget_old(now=NOW + timedelta(days=32)) == 0
    assert broken() == []


def test_deliveries_lose_their_person_a_year_after_their_day(outlet, settings):
    settings.DRAFT_ADDRESS_DAYS, settings.CONTACT_DAYS = 0, 365
    old, young = aino(outlet), aino(outlet, day=TOMORROW + timedelta(days=3), hour=14)
    over(outlet)

    assert forget_old(now=NOW + timedelta(days=364)) == 0
    assert forget_old(now=NOW + timedelta(days=367)) == 1

    assert Delivery.objects.get(pk=old.delivery_id).contact_email == ""
    assert Delivery.objects.get(pk=young.delivery_id).contact_email == AINO.email
    assert Event.objects.get(kind="delivery.erased").data == {"cause": "age"}


def test_zero_days_keep_everything(outlet, settings):
    settings.DRAFT_ADDRESS_DAYS = settings.CONTACT_DAYS = 0
    aino(outlet)
    ask_for(outlet, marked())
    over(outlet)
    before = everything()

    assert forget_old(now=NOW + timedelta(days=9_999)) == 0
    assert everything() == before


# For staff


def test_staff_erase_by_reference_and_the_event_says_so(outlet, capsys):
    booking = aino(outlet)
    clock.set_source(lambda: NOW)

    call_command("erase_person", ref=booking.delivery.ref.lower())

    assert booking.delivery.ref in capsys.readouterr().out
    assert Event.objects.get(kind="delivery.erased").actor == "command:erase_person"
    with pytest.raises(CommandError, match="no booked delivery"):
        call_command("erase_person", ref="NOSUCH")
    clock.set_source(None)
