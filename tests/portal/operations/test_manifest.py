"""A route to print: for those who drive or dispatch it, in their language, with a code on request alone."""

import re
from datetime import timedelta

import pytest
from django.test import Client
from django.utils.translation import trans_real

from portal.models.feed import FeedEntry
from portal.models.people import Role
from scheduling import clock, events
from scheduling.models import AccessNotes, AccessRead, Booking, Delivery, Route
from scheduling.services.codes import purge_codes
from scheduling.services.diverting import divert_delivery
from scheduling.services.notes import save_notes, set_codes
from scheduling.ways_in import WayIn
from tests.factories import (
    CANTEEN,
    NOW,
    TOMORROW,
    a_break,
    make_booking,
    make_depot,
    make_hold,
    make_link,
    make_membership,
    make_network,
    make_point,
    make_user,
    some_contact,
    some_facts,
)
from tests.portal.links import came_by

pytestmark = [pytest.mark.django_db, pytest.mark.once]
CODE = "4711-xyzzy"
SAID = WayIn(
    entrance="yard", lift="no", buzzer="Virtanen", text="Past the bikes", speaks="fi", step_back=True
)


class Day:
    """The morning of the route."""

    def __init__(self) -> None:
        self.now = NOW + timedelta(days=1)

    def __call__(self):
        return self.now


@pytest.fixture(autouse=True)
def at():
    day = Day()
    clock.set_source(day)
    yield day
    clock.set_source(None)


@pytest.fixture
def outlet():
    return make_network(vans=1, days=3, rests=[a_break(12, **CANTEEN)])


@pytest.fixture
def two(outlet) -> tuple[Booking, Booking]:
    contact = some_contact(name="Aino Virtanen", phone="+358401234567")
    facts = some_facts(extra_s=180, safe_place="porch", safe_place_note="left of the door")
    first = make_booking(outlet, hour=10, contact=contact, facts=facts, order_number="10482")
    second = make_booking(outlet, hour=14, facts=some_facts(north_m=400))
    save_notes(delivery=first.delivery, way_in=SAID, kept=False, seen=0, actor="link:x", now=NOW)
    for booking in (first, second):
        set_codes(delivery=booking.delivery, codes={"gate_code": CODE}, actor="link:x", now=NOW)
    Route.objects.filter(stops=first.stop).update(state="started")
    return first, second


def staff(role: str = Role.DISPATCHER, **scope) -> Client:
    client = Client()
    client.force_login(make_membership(make_user(), role, **scope).user)
    return client


@pytest.fixture
def dispatcher(outlet) -> Client:
    return staff(depot=outlet.depot)


def url(booking: Booking, word: str = "") -> str:
    route = booking.stop.route
    depot = route.shift.plan.depot
    return f"/depot/{depot.slug}/{TOMORROW.isoformat()}/route/{route.pk}/{word}"


def show(client: Client, booking: Booking, code: str = "gate_code"):
    return client.post(url(booking, "code/"), {"stop": booking.stop_id, "code": code})


def text(response) -> str:
    return response.content.decode()


def test_stops_stand_in_their_order_with_all_that_the_driver_needs(dispatcher, two):
    first, second = two

    page = text(dispatcher.get(url(first)))

    assert (
        page.index(first.delivery.address.line)
        < page.index("Canteen")
        < page.index(second.delivery.address.line)
    )
    for words in (
        *("Aino Virtanen", "+358401234567", "1 parcel, 5 kg", "10482", "00100 Helsinki"),
        *("May be left: Porch, left of the door", "Takes 3 minutes more at the door"),
        *(
            "Through the yard",
            "No lift",
            "Virtanen",
            "Past the bikes",
            "Finnish",
            *("Ring, put it down and step back", "30 min"),
        ),
    ):
        assert words in page, words
    assert CODE not in page


def test_a_place_that_is_only_kept_is_not_on_it(dispatcher, two, outlet, at):
    at.now = NOW
    hold = make_hold(outlet, hour=16)

    assert hold.delivery.address.line not in text(dispatcher.get(url(two[0])))


def test_the_board_leads_to_it_those_who_may(dispatcher, two, outlet):
    board = f"/depot/{outlet.depot.slug}/{TOMORROW.isoformat()}/"

    assert f'href="{url(two[0])}"' in text(dispatcher.get(board))
    assert "List for the driver" not in text(staff(Role.VIEWER, depot=outlet.depot).get(board))


def test_only_those_who_drive_or_dispatch_there_see_it(two, outlet):
    page = url(two[0])
    theirs = [staff(role, depot=outlet.depot) for role in (Role.DISPATCHER, Role.MANAGER)]
    theirs.append(staff(operator=outlet.depot.operator))

    assert [client.get(page).status_code for client in theirs] == [200, 200, 200]
    assert staff(Role.VIEWER, depot=outlet.depot).get(page).status_code == 403
    assert staff(depot=make_depot()).get(page).status_code == 404
    assert staff(Role.MANAGER, merchant=outlet.merchant).get(page).status_code == 404
    assert Client().get(page).status_code == 302


def test_another_depots_route_is_not_found_under_ones_own(two):
    mine = make_depot()
    elsewhere = url(two[0]).replace(two[0].stop.route.shift.plan.depot.slug, mine.slug)

    assert staff(depot=mine).get(elsewhere).status_code == 404


def test_the_next_stops_code_is_shown_in_one_answer_and_noted(dispatcher, two):
    first, _second = two
    assert text(dispatcher.get(url(first))).count("Show the gate code") == 1

    shown = show(dispatcher, first)

    assert shown.status_code == 200
    assert CODE in text(shown)
    assert "no-store" in shown["Cache-Control"]
    assert CODE not in text(dispatcher.get(url(first)))
    assert AccessRead.objects.get().delivery == first.delivery


def test_nobody_else_gets_a_code(two, outlet):
    first, second = two
    own = make_depot()
    other = staff(depot=own)
    by_own_path = url(first, "code/").replace(outlet.depot.slug, own.slug)

    assert show(staff(Role.VIEWER, depot=outlet.depot), first).status_code == 403
    assert other.post(by_own_path, {"stop": first.stop_id, "code": "gate_code"}).status_code == 403
    assert show(other, first).status_code == 404
    assert show(staff(Role.MANAGER, merchant=outlet.merchant), first).status_code == 404
    assert show(Client(), first).status_code == 302
    assert show(came_by(make_link(first)), first).status_code == 302
    assert show(staff(depot=outlet.depot), second).status_code == 403
    assert not AccessRead.objects.exists()


@pytest.mark.parametrize("stop", ["", "x", "0", "9" * 40, "-1"])
def test_what_names_no_stop_is_refused(dispatcher, two, stop):
    answer = dispatcher.post(url(two[0], "code/"), {"stop": stop, "code": "gate_code"})

    assert answer.status_code == 403


def test_a_code_that_was_removed_or_cannot_be_opened_is_told_in_a_plain_page(dispatcher, two, settings, at):
    first, _second = two
    ring = settings.ACCESS_KEYS
    settings.ACCESS_KEYS = [("other", b"o" * 32)]
    shut = show(dispatcher, first)
    settings.ACCESS_KEYS = ring
    purge_codes(now=first.stop.closes_at + timedelta(hours=24))
    gone = show(dispatcher, first)

    assert (shut.status_code, gone.status_code) == (409, 409)
    assert "can’t be opened any more" in text(shut)
    assert "No code is kept here." in text(gone)
    assert CODE not in text(shut) + text(gone)
    assert not AccessRead.objects.exists()


def test_its_customer_reads_who_looked_in_plain_words(dispatcher, two):
    first, _second = two
    show(dispatcher, first)
    customer = came_by(make_link(first))

    assert "The depot looked at your gate code" in text(customer.get(f"/d/{first.delivery.ref}/"))


def test_managers_read_who_looked_and_others_do_not(dispatcher, two, outlet):
    first, _second = two
    show(dispatcher, first)
    page = f"/depot/{outlet.depot.slug}/codes/"
    manager = staff(Role.MANAGER, depot=outlet.depot)

    shown = text(manager.get(page))

    name = str(AccessRead.objects.get().actor)
    assert name not in shown
    assert "person-" in shown
    assert "Gate code" in shown
    assert first.delivery.ref in shown
    assert f'href="{page}"' in text(manager.get(url(first)))
    assert f'href="{page}"' not in text(dispatcher.get(url(first)))
    assert dispatcher.get(page).status_code == 403
    other = staff(Role.MANAGER, depot=make_depot())
    assert other.get(page).status_code == 404


def test_a_depot_where_nobody_looked_says_what_will_be_there(outlet):
    page = staff(Role.MANAGER, depot=outlet.depot).get(f"/depot/{outlet.depot.slug}/codes/")

    assert "Nobody has looked yet" in text(page)


def test_when_a_stop_is_served_the_next_ones_code_can_be_asked_for(dispatcher, two):
    first, second = two
    Delivery.objects.filter(pk=first.delivery_id).update(state="delivered")

    assert show(dispatcher, first).status_code == 403
    assert CODE in text(show(dispatcher, second))


# Languages


class Words(trans_real.DjangoTranslation):
    """Django's own machinery with a few words of ours."""

    WORDS = {
        "fr": {"Through the yard": "Par la cour", "Entrance": "Entrée", "No lift": "Pas d’ascenseur"},
        "pl": {"Through the yard": "Przez podwórze", "Entrance": "Wejście", "No lift": "Bez windy"},
    }

    def gettext(self, message: str) -> str:
        return self.WORDS[self.language()].get(message) or super().gettext(message)


@pytest.fixture
def spoken(settings):
    settings.LANGUAGES = [("en", "English"), ("fr", "French"), ("pl", "Polish")]
    for language in ("fr", "pl"):
        trans_real._translations[language] = Words(language)
    yield
    trans_real._translations.clear()


def test_what_was_chosen_is_read_in_the_readers_language_and_what_was_written_as_written(
    dispatcher, two, spoken
):
    first, _second = two
    customer = came_by(make_link(first))
    Delivery.objects.filter(pk=first.delivery_id).update(language="fr")

    in_french = text(customer.get(f"/d/{first.delivery.ref}/"))
    in_polish = text(dispatcher.get(url(first) + "?lang=pl"))
    dispatcher.cookies["django_language"] = "fr"
    by_setting = text(dispatcher.get(url(first)))
    unknown = text(dispatcher.get(url(first) + "?lang=xx"))

    assert all(word in in_french for word in ("Par la cour", "Pas d’ascenseur", "Past the bikes"))
    assert all(word in in_polish for word in ("Przez podwórze", "Wejście", "Bez windy", "Past the bikes"))
    assert 'lang="pl"' in in_polish
    assert "Through the yard" not in in_polish
    assert "Par la cour" in by_setting
    assert "Par la cour" in unknown


def test_a_code_is_shown_in_the_language_that_was_chosen(dispatcher, two, spoken):
    first, _second = two
    asked = {"stop": first.stop_id, "code": "gate_code", "lang": "pl"}

    page = text(dispatcher.post(url(first, "code/"), asked))

    assert CODE in page
    assert "Przez podwórze" in page


def test_text_from_right_to_left_and_markup_turn_nothing_round(dispatcher, two):
    first, _second = two
    AccessNotes.objects.filter(delivery=first.delivery).update(text="<b>الباب</b>", buzzer="דוד")

    page = text(dispatcher.get(url(first)))

    assert re.search(r'<dd class="sheet__written" dir="auto">&lt;b&gt;الباب&lt;/b&gt;</dd>', page)
    assert re.search(r'dir="auto">דוד</dd>', page)


def test_reading_it_takes_at_most_twenty_two_queries(dispatcher, two, django_assert_max_num_queries):
    dispatcher.get(url(two[0]))

    with django_assert_max_num_queries(22):
        dispatcher.get(url(two[0]))


def test_reads_are_told_to_no_merchant(dispatcher, two, outlet):
    show(dispatcher, two[0])
    events.relay(now=NOW, limit=500)

    told = FeedEntry.objects.of(outlet.merchant).values_list("event__kind", flat=True)
    assert not {"delivery.notes_changed", "delivery.code_read"} & set(told)
    assert "booking.confirmed" in told


def test_at_a_pickup_point_nothing_of_the_door_at_home_is_told_and_no_code_is_read(dispatcher, two, outlet):
    first, _second = two
    Route.objects.update(state="tentative")
    point = make_point(outlet.depot, name="Kulman kioski", line="Rantatie 4", postcode="00170")
    sent = divert_delivery(delivery=first.delivery, point=point, actor="link:x", now=NOW)
    Route.objects.filter(stops=sent.stop).update(state="started")

    page = text(dispatcher.get(url(sent)))

    assert "Kulman kioski, Rantatie 4" in page
    assert "Pickup point: hand all of it over there" in page
    for words in ("May be left", "at the door", "Through the yard", first.delivery.address.line):
        assert words not in page, words
    assert show(dispatcher, sent).status_code == 403
    assert not AccessRead.objects.exists()
