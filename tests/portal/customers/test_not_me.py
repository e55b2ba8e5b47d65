""" "This wasn't me": what its link shows, what it ends, and that it can do nothing else."""

import re
from datetime import datetime, timedelta

import pytest
from django.core.management import call_command
from django.test import Client

from portal import access, not_me
from portal.access import FOLLOW, MANAGE, issue_link, token_of
from portal.messaging.subscribe import FOLDERS
from portal.models import AccessLink
from portal.tasks import send_due_messages
from scheduling import events
from scheduling.models import Booking, Delivery, Event
from tests.factories import NOW, make_booking, make_link, make_network
from tests.portal.customers.codes import asks_for_code, passes_code

pytestmark = [pytest.mark.django_db, pytest.mark.once]

LINK = re.compile(r"http://127\.0\.0\.1:8000(/l/[^/\s\"]+/)")


@pytest.fixture
def booked(shopper) -> str:
    """The address of a booking which `shopper` made."""
    return shopper.books()


@pytest.fixture
def mails(mail_server):
    """Have what is due sent; return all mails so far."""

    def deliver():
        events.relay(now=NOW)
        send_due_messages()
        return mail_server.mails

    return deliver


def text(response) -> str:
    return " ".join(response.content.decode().split())


def manage_link() -> AccessLink:
    return AccessLink.objects.get(kind=MANAGE)


def reporter(link: AccessLink | None = None) -> Client:
    """A browser that came by the link in a mail's foot."""
    client = Client()
    client.get(f"/l/{not_me.not_me_token(link or manage_link())}/")
    return client


def page_of(booked: str) -> str:
    return booked.replace("/d/", "/not-me/")


def test_every_mail_to_a_customer_carries_it_in_text_and_html(shopper, booked, mails):
    page = shopper.client.get(booked + "move/")
    offer = re.findall(r'name="offer"[^>]* value="([^"]+)"', page.content.decode())[-1]
    shopper.client.post(booked + "move/", {"offer": offer})
    shopper.client.post(booked + "join/", {"order_number": "10483", "size": "bag"})
    Client().post("/find/", {"order_number": "10482", "email": "aino@example.com"})
    asks_for_code(shopper.client, booked)
    mails()
    shopper.client.post(booked + "cancel/")
    reporter().post(page_of(booked))

    sent = mails()

    assert len(sent) == 7
    for mail in sent:
        (said,) = {token for token in LINK.findall(mail.text) if len(token) == len("/l//") + 68}
        assert said in mail.html
        assert "Was this not you" in mail.text
        assert "End them all" in mail.html
        assert "\n\n\n" not in mail.text


@pytest.mark.parametrize("folder", sorted(set(FOLDERS.values())))
def test_no_kind_of_mail_leaves_it_out(folder, settings):
    words = settings.BASE_DIR / "templates" / "messages" / folder
    text, html = (words / "body.txt").read_text(), (words / "body.html").read_text()

    assert '{% include "messages/_foot.txt" %}' in text
    assert html.startswith('{% extends "messages/_layout.html" %}')
    assert "block foot" not in html


def test_looking_only_asks_and_shows_what_happened_lately(shopper, booked, tmp_path):
    shopper.client.post(booked + "cancel/")
    client = reporter()

    def dump() -> str:
        call_command("dumpdata", output=str(tmp_path / "dump.json"))
        return (tmp_path / "dump.json").read_text()

    before = dump()
    for _i in range(3):
        page = client.get(page_of(booked))
        client.head(page_of(booked))

    assert "Was this not you?" in text(page)
    assert "You cancelled it" in text(page)
    assert "a•••@example.com" in text(page)
    for private in ("Testikatu", "aino@", "€", "/l/", "/d/", "/f/"):
        assert private not in text(page).replace("https://", "")
    assert page["Cache-Control"] == "no-store, private"
    assert page["X-Robots-Tag"] == "noindex, nofollow"
    assert dump() == before


def test_its_token_is_in_no_later_address_and_its_cookie_is_out_of_reach(booked, settings):
    settings.HTTPS, settings.COOKIE_PREFIX = True, "__Host-"
    token, client = not_me.not_me_token(manage_link()), Client()

    answer = client.get(f"/l/{token}/")
    (cookie,) = answer.cookies.values()

    assert (answer.status_code, answer["Location"]) == (302, page_of(booked))
    assert answer["Referrer-Policy"] == "no-referrer"
    assert cookie.key == f"__Host-not-me-{booked.split('/')[2]}"
    assert (cookie["path"], cookie["samesite"], cookie["httponly"]) == ("/", "Lax", True)
    assert cookie["secure"]
    assert not cookie["domain"]
    assert cookie["max-age"] == 3600
    assert token not in cookie.value


def test_ending_ends_every_link_cookie_and_code_and_mails_a_new_one(shopper, booked, mails):
    delivery, thief = Delivery.objects.get(), shopper.client
    links = [issue_link(delivery=delivery, kind=kind, now=NOW) for kind in (MANAGE, FOLLOW)]
    tokens, friend = [token_of(link) for link in links], Client()
    friend.get(f"/l/{tokens[1]}/")
    passes_code(thief, booked)
    mails()

    answer = reporter().post(page_of(booked))
    *_older, mail = mails()
    new = Client()
    came = new.get(LINK.findall(mail.text)[0])

    assert (answer.status_code, answer["Location"]) == (303, page_of(booked))
    assert [access.link_from_token(token, now=NOW) for token in tokens] == [None, None]
    assert thief.get(booked).status_code == 404
    assert thief.post(booked + "cancel/").status_code == 404
    assert friend.get(booked.replace("/d/", "/f/")).status_code == 404
    assert mail.recipients == ("aino@example.com",)
    assert mail.subject == "New links to order 10482"
    assert came["Location"] == booked
    assert "You ended all links given out before" in text(new.get(booked))
    assert (Event.objects.filter(kind="links.revoked").count(), Booking.objects.get().state) == (1, "booked")


def test_the_thief_is_not_let_in_again_by_having_made_the_booking(shopper, booked):
    reporter().post(page_of(booked))

    again = shopper.client.get(shopper.base + "check/")

    assert again["Location"] == booked
    assert access.cookie_name(booked.split("/")[2]) not in again.cookies
    assert shopper.client.get(booked).status_code == 404


def test_the_code_of_before_opens_nothing_afterwards(shopper, booked):
    passes_code(shopper.client, booked)
    reporter().post(page_of(booked))

    shopper.client.get(f"/l/{token_of(manage_link())}/")

    assert "We send six digits to" in text(shopper.client.get(booked + "code/"))


def test_a_second_time_it_says_that_it_is_done_and_does_nothing(booked):
    early, client = not_me.not_me_token(manage_link()), reporter()
    for _i in range(2):
        client.post(page_of(booked))
    generation = manage_link().generation
    other = Client()
    opened = other.get(f"/l/{early}/", follow=True)
    other.post(page_of(booked))

    assert generation == manage_link().generation == 2
    assert Event.objects.filter(kind="links.revoked").count() == 1
    assert "All older links have ended" in text(opened)
    assert "Monday 23 November, 11:00" in text(opened)
    assert "you can move it back" in text(opened)
    assert "You chose" not in text(opened)
    assert "example.com" not in text(opened)
    assert "End all links" not in text(opened)


def test_after_the_new_mail_links_can_be_ended_once_more(booked):
    for generation in (2, 3):
        reporter().post(page_of(booked))
        assert manage_link().generation == generation


def test_links_that_staff_ended_are_ended(booked):
    token = not_me.not_me_token(manage_link())
    access.revoke_link(manage_link(), now=NOW)

    assert not_me.report_from_token(token, now=NOW).done


@pytest.mark.parametrize("page", ["", "move/", "join/", "cancel/", "code/", "calendar.ics"])
def test_it_can_do_nothing_else(booked, page):
    client = reporter()

    assert client.get(booked + page).status_code == 404
    assert client.post(booked + page).status_code == 404
    assert client.get(booked.replace("/d/", "/f/")).status_code == 404


def test_no_other_link_can_do_it(shopper, booked):
    follower = Client()
    follower.get(f"/l/{token_of(issue_link(delivery=Delivery.objects.get(), kind=FOLLOW, now=NOW))}/")

    for client in (shopper.client, follower, Client()):
        assert client.get(page_of(booked)).status_code == 404
        assert client.post(page_of(booked)).status_code == 404
    assert manage_link().generation == 1


def test_each_opens_its_own_delivery_only(booked):
    other = make_booking(make_network()).delivery
    client = reporter(issue_link(delivery=other, kind=MANAGE, now=NOW))
    stolen = client.cookies[not_me.cookie_name(other.ref)].value
    client.cookies[not_me.cookie_name(booked.split("/")[2])] = stolen

    assert client.get(f"/not-me/{other.ref}/").status_code == 200
    assert client.post(page_of(booked)).status_code == 404


def test_forged_tokens_open_nothing(booked):
    link = manage_link()
    token, other = not_me.not_me_token(link), token_of(link)
    next_generation = not_me._token(link.pk, 2, "another key" * 5)
    forged = [
        "",
        token[:-1],
        token + "A",
        token[:-1] + ("A" if token[-1] != "A" else "B"),
        other + "AAAA",
        token[:26] + other[-42:],
        token[:22] + "AAAC" + token[26:],
        next_generation,
        "é" * 68,
        "=" * 68,
        "A" * 68,
        "\x00" * 68,
    ]

    assert [not_me.report_from_token(each, now=NOW) for each in forged] == [None] * len(forged)
    assert access.link_from_token(token, now=NOW) is None


def test_it_works_under_an_older_secret_that_is_kept(booked, settings):
    token = not_me.not_me_token(manage_link())
    settings.SECRET_KEY, old = "another secret " * 5, settings.SECRET_KEY

    assert not_me.report_from_token(token, now=NOW) is None
    settings.SECRET_KEY_FALLBACKS = [old]
    assert not_me.report_from_token(token, now=NOW).generation == 1


def test_it_ends_as_links_do(at):
    link = make_link(make_booking(make_network()))
    client, token = reporter(link), not_me.not_me_token(link)
    last: datetime = access.ends_at(link)

    assert not_me.report_from_token(token, now=last - timedelta(seconds=1))
    assert not_me.report_from_token(token, now=last) is None
    at.now = last
    assert client.get(f"/not-me/{link.delivery.ref}/").status_code == 404


def test_its_token_is_kept_nowhere(booked, mails, tmp_path, caplog):
    token = not_me.not_me_token(manage_link())
    mails()
    client = reporter()
    client.get(f"/l/{token}/nothing-here/")
    client.post(page_of(booked))
    call_command("dumpdata", output=str(tmp_path / "dump.json"))

    ours = "".join(str(vars(record)) for record in caplog.records if record.name != "mail.log")
    kept = (tmp_path / "dump.json").read_text() + ours

    assert token not in kept
    assert token[26:] not in kept


def test_without_an_address_on_file_it_says_who_helps(booked):
    Delivery.objects.update(contact_email="", contact_phone="+358401234567")

    page = text(reporter().get(page_of(booked)))

    assert "We have no e-mail address to send a new link to" in page


def test_only_the_last_things_that_happened_are_shown(booked):
    delivery = Delivery.objects.get()
    for _i in range(20):
        events.record("code.asked", delivery=delivery, actor="test", now=NOW)

    page = text(reporter().get(page_of(booked)))

    assert page.count('class="timeline__item"') == 12
