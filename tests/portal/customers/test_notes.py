"""How to get in, at its page: who may, what is kept, and that a code is never seen again."""

import re

import pytest
from django.test import Client

from portal.access import FOLLOW, cookie_name, issue_link, token_of
from portal.customers.notes_forms import NotesForm
from scheduling.models import AccessNotes, DayPlan, Delivery, Event
from scheduling.ways_in import CHOSEN, WayIn
from tests.factories import NOW, make_booking, make_link
from tests.portal.customers.codes import passes_code
from tests.portal.links import came_by

pytestmark = [pytest.mark.django_db, pytest.mark.once]

SAID = {"buzzer": "Virtanen", "entrance": "yard", "floor": "3", "lift": "no", "dog": "careful", "seen": "0"}
CODE = "4711-xyzzy"


@pytest.fixture
def booked(shopper) -> str:
    return shopper.books()


def text(response) -> str:
    return response.content.decode()


def kept() -> AccessNotes:
    return AccessNotes.objects.get()


def seen_on(page: str) -> str:
    return re.search(r'name="seen"(?: value="(\d*)")?', page)[1] or "0"


def test_the_form_begins_short_and_its_other_questions_are_under_more(shopper, booked):
    page = text(shopper.client.get(booked + "notes/"))
    first, _more, rest = page.partition("<details")

    assert f'href="{booked}notes/"' in text(shopper.client.get(booked))
    assert [name for name in CHOSEN if f'name="{name}"' in first] == ["entrance", "lift"]
    assert all(f'name="{name}"' in rest for name in (*NotesForm.MORE, *NotesForm.LAST))
    assert "<details" in page
    assert " open>" not in page


def test_what_is_said_is_kept_told_once_and_shown_on_the_booking(shopper, booked):
    shopper.client.get(booked)

    saved = shopper.client.post(booked + "notes/", SAID | {"text": "Past the bikes\r\nthen left"})
    first, second = (text(shopper.client.get(booked)) for _i in range(2))

    assert (saved.status_code, saved["Location"]) == (303, booked)
    assert "Now we know how to get in." in first
    assert "Now we know how to get in." not in second
    for words in (
        "Through the yard",
        "No lift",
        "A dog: please wait outside",
        "Virtanen",
        "Past the bikes\n",
    ):
        assert words in second
    assert "You changed how we get in" in second


def test_a_page_that_is_opened_again_has_what_was_said_and_opens_more_where_needed(shopper, booked):
    shopper.client.post(booked + "notes/", SAID)

    page = text(shopper.client.get(booked + "notes/"))

    assert 'value="Virtanen"' in page
    assert re.search(r'<option value="yard" selected>', page)
    assert re.search(r"<details[^>]* open>", page)


def test_saving_what_is_there_already_tells_nobody(shopper, booked):
    for _i in range(2):
        shopper.client.post(booked + "notes/", SAID)

    assert Event.objects.filter(kind="delivery.notes_changed").count() == 1


def test_ten_thousand_letters_are_refused_in_words_and_stay_in_the_field(shopper, booked):
    long = "Past the bikes. " * 625

    refused = shopper.client.post(booked + "notes/", SAID | {"text": long})
    page = text(refused)

    assert refused.status_code == 422
    assert "These are 9999 letters, and a driver can read up to 500." in page
    assert page.count("Past the bikes. ") >= 624
    assert 'value="Virtanen"' in page
    assert "maxlength" not in page
    assert not AccessNotes.objects.exists()


def test_markup_and_text_that_turns_round_are_shown_as_they_were_typed_and_turn_nothing(shopper, booked):
    typed = {"buzzer": "\u202e<b>evil</b>\x00", "text": "<script>alert(1)</script> الباب الخلفي"}
    shopper.client.post(booked + "notes/", typed)

    page = text(shopper.client.get(booked))

    assert "&lt;b&gt;evil&lt;/b&gt;" in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt; الباب الخلفي" in page
    assert re.search(r'<dd class="facts__written" dir="auto">&lt;script', page)
    assert "\u202e" not in page
    assert "<script>alert" not in page


def test_of_two_tabs_the_second_is_shown_what_the_first_saved_and_may_replace_it(shopper, booked):
    shopper.client.post(booked + "notes/", SAID)

    second = shopper.client.post(booked + "notes/", SAID | {"buzzer": "Korhonen"})
    page = text(second)

    assert second.status_code == 409
    assert "perhaps in another tab" in page
    assert "Kept now" in page
    assert "Virtanen" in page
    assert 'value="Korhonen"' in page
    assert kept().buzzer == "Virtanen"
    again = shopper.client.post(booked + "notes/", SAID | {"buzzer": "Korhonen", "seen": seen_on(page)})
    assert again.status_code == 303
    assert kept().buzzer == "Korhonen"


def test_when_it_is_too_late_both_pages_lead_back_and_a_form_says_so(shopper, booked):
    passes_code(shopper.client, booked)
    DayPlan.objects.update(state="finished")

    assert shopper.client.get(booked + "notes/")["Location"] == booked
    assert shopper.client.get(booked + "notes/codes/")["Location"] == booked
    late = shopper.client.post(booked + "notes/", SAID)
    assert late.status_code == 409
    assert "This delivery can no longer be changed." in text(late)
    assert f'href="{booked}notes/"' not in text(shopper.client.get(booked))


@pytest.mark.parametrize("step", ["notes/", "notes/codes/"])
def test_only_a_manage_link_may(outlet, step):
    booking = make_booking(outlet)
    ref, page = booking.delivery.ref, f"/d/{booking.delivery.ref}/{step}"
    follower, forger = Client(), Client()
    follower.get(f"/l/{token_of(issue_link(delivery=booking.delivery, kind=FOLLOW, now=NOW))}/")
    forger.cookies[cookie_name(ref)] = "made-up"

    for ask in (follower.get, follower.post):
        assert ask(page).status_code == 403
    for ask in (Client().get, Client().post, forger.post):
        assert ask(page).status_code == 404
    assert not AccessNotes.objects.exists()


def test_looking_changes_nothing(outlet):
    booking = make_booking(outlet)
    client = came_by(make_link(booking))

    for _i in range(20):
        client.get(f"/d/{booking.delivery.ref}/notes/?buzzer=x&gate_code=1&remove=gate_code")

    assert not AccessNotes.objects.exists()


def test_the_notes_page_says_that_a_code_is_kept_and_since_when(shopper, booked):
    passes_code(shopper.client, booked)
    shopper.client.post(booked + "notes/codes/", {"gate_code": CODE, "door_code": ""})

    for page in (booked, booked + "notes/"):
        shown = text(shopper.client.get(page))
        assert "A gate code is kept (since Mon 23 Nov, 11:00)." in shown
        assert CODE not in shown


def test_the_follow_page_tells_nothing_of_getting_in(shopper, booked):
    shopper.client.post(booked + "notes/", SAID)
    delivery = Delivery.objects.get(order__number="10482")
    friend = Client()
    friend.get(f"/l/{token_of(issue_link(delivery=delivery, kind=FOLLOW, now=NOW))}/")

    page = text(friend.get(f"/f/{delivery.ref}/"))

    assert not any(word in page for word in ("Virtanen", "yard", "get in", "gate"))


def test_every_choice_of_the_form_is_one_that_can_be_kept():
    form = NotesForm()
    for name, known in CHOSEN.items():
        offered = [value for value, _label in form.fields[name].choices]
        assert offered == ["", *known]
        assert all(WayIn(**{name: value}) for value in offered)


# Codes


@pytest.fixture
def trusted(shopper, booked) -> str:
    """Who has typed the six digits that were sent to the contact."""
    passes_code(shopper.client, booked)
    return booked


def test_without_the_digits_sent_to_the_contact_no_code_is_set_or_removed(shopper, booked):
    for typed in ({"gate_code": CODE}, {"remove": "gate_code"}):
        answer = shopper.client.post(booked + "notes/codes/", typed)
        assert answer.status_code == 403
        assert CODE not in text(answer)
    assert shopper.client.get(booked + "notes/codes/")["Location"].startswith(booked + "code/")
    assert not AccessNotes.objects.exists()


def test_a_code_is_kept_without_being_shown_and_the_booking_says_so_once(shopper, trusted):
    shopper.client.get(trusted)

    saved = shopper.client.post(trusted + "notes/codes/", {"gate_code": CODE, "door_code": ""})
    page = text(shopper.client.get(trusted))

    assert (saved.status_code, saved["Location"]) == (303, trusted)
    assert "Nobody sees it here again, not even you." in page
    assert CODE not in page
    assert kept().codes == ("gate_code",)


def test_after_an_error_codes_must_be_typed_again_and_that_is_said(shopper, trusted):
    refused = shopper.client.post(trusted + "notes/codes/", {"gate_code": CODE, "door_code": "9" * 31})
    page = text(refused)

    assert refused.status_code == 422
    assert "Codes are not shown again: please type them once more." in page
    assert "up to 30 letters" in page
    assert CODE not in page
    assert "9" * 31 not in page
    assert not AccessNotes.objects.exists()


def test_no_browser_is_asked_to_remember_or_spell_a_code(shopper, trusted):
    page = text(shopper.client.get(trusted + "notes/codes/"))

    for name in ("gate_code", "door_code"):
        field = re.search(rf'<input[^>]*name="{name}"[^>]*>', page)[0]
        assert 'autocomplete="off"' in field
        assert 'spellcheck="false"' in field
        assert "value" not in field


def test_an_empty_form_of_codes_is_asked_again(shopper, trusted):
    refused = shopper.client.post(trusted + "notes/codes/", {"gate_code": " \u202e", "door_code": ""})

    assert refused.status_code == 422
    assert "Write a code, or go back." in text(refused)


def test_a_code_is_removed_with_one_press(shopper, trusted):
    shopper.client.post(trusted + "notes/codes/", {"gate_code": CODE})
    assert "Remove the gate code" in text(shopper.client.get(trusted + "notes/codes/"))

    shopper.client.post(trusted + "notes/codes/", {"remove": "gate_code"})

    assert kept().codes == ()
    assert "The code is removed." in text(shopper.client.get(trusted))
