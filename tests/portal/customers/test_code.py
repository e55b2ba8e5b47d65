"""The step before what is sensitive: who passes it, for how long, and that the digits are kept nowhere."""

import logging
import re
from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.http import HttpResponse
from django.test import Client
from django.urls import include, path

from portal import codes
from portal.access import FOLLOW, issue_link, renew_link, require_manage, token_of
from portal.customers.code import require_code
from portal.models import AccessLink, Message, OneTimeCode
from portal.models.messages import Channel
from portal.services.codes import KEPT_FOR, forget_codes
from portal.services.silences import silence
from portal.tasks import send_due_messages
from scheduling import events
from scheduling.models import Delivery, Event
from tests.factories import NOW, make_booking, make_network
from tests.portal.customers.codes import asks_for_code, passes_code, sent_digits, types_code, wrong_digits

pytestmark = [pytest.mark.django_db, pytest.mark.once, pytest.mark.urls(__name__)]


@require_manage
@require_code
def private_page(request, link: AccessLink, word: str = "") -> HttpResponse:
    """A page behind the code: says what it was sent."""
    return HttpResponse(f"{link.delivery.ref} {sorted(request.POST.items())}")


urlpatterns = [
    path("d/<slug:ref>/private/", private_page, name="private"),
    path("d/<slug:ref>/private/<slug:word>/", private_page, name="private-word"),
    path("", include("portal.urls")),
]


@pytest.fixture
def booked(shopper) -> str:
    """The address of a booking which `shopper` made."""
    return shopper.books()


@pytest.fixture
def client(shopper) -> Client:
    return shopper.client


def text(response) -> str:
    return " ".join(response.content.decode().split())


def opens(client: Client, booked: str) -> bool:
    """Whether the private page is shown."""
    return client.get(booked + "private/").status_code == 200


# The way through


def test_a_private_page_leads_to_the_step_and_back_to_itself(client, booked):
    private = booked + "private/word/"

    asked = client.get(private)
    step = client.get(asked["Location"])
    sent = asks_for_code(client, booked, private)
    page = client.get(sent["Location"])
    passed = types_code(client, booked, sent_digits(), private)

    assert (asked.status_code, asked["Location"]) == (303, f"{booked}code/?next={private}")
    assert "We send six digits to" in text(step)
    assert "a•••@example.com" in text(step)
    assert "aino@example.com" not in text(step)
    assert 'autocomplete="one-time-code"' in text(page)
    assert 'inputmode="numeric"' in text(page)
    assert "They work until 11:10" in text(page)
    assert (passed.status_code, passed["Location"]) == (303, private)
    assert client.get(private).status_code == 200


def test_only_looking_sends_nothing(client, booked):
    for _i in range(3):
        client.get(booked + "code/")
        client.head(booked + "private/")

    assert not OneTimeCode.objects.exists()
    assert not Event.objects.filter(kind__startswith="code.").exists()


@pytest.mark.parametrize("typed", ["{0}", " {0} ", "{1} {2}", "{1}-{2}", "{3}"])
def test_digits_may_be_pasted_as_they_come(client, booked, typed):
    asks_for_code(client, booked)
    digits = sent_digits()
    arabic = digits.translate({ord("0") + n: 0x0660 + n for n in range(10)})

    passed = types_code(client, booked, typed.format(digits, digits[:3], digits[3:], arabic))

    assert passed.status_code == 303


def test_it_opens_for_a_quarter_of_an_hour(client, booked, at):
    passes_code(client, booked)

    at.now = NOW + codes.OPENS_FOR - timedelta(seconds=1)
    assert opens(client, booked)
    at.now = NOW + codes.OPENS_FOR
    assert not opens(client, booked)


def test_it_opens_one_delivery_in_one_browser_and_only_while_the_link_stays_the_same(client, booked):
    passes_code(client, booked)
    link = AccessLink.objects.get(kind="manage")
    other = Client()
    other.get(f"/l/{token_of(link)}/")
    another = issue_link(delivery=make_booking(make_network()).delivery, kind="manage", now=NOW)
    client.get(f"/l/{token_of(another)}/")

    assert opens(client, booked)
    assert not opens(other, booked)
    assert not opens(client, f"/d/{another.delivery.ref}/")

    renew_link(link)
    client.get(f"/l/{token_of(link)}/")
    assert not opens(client, booked)


@pytest.mark.parametrize("method", ["get", "post"])
@pytest.mark.parametrize("page", ["code/", "private/"])
def test_a_follow_link_gets_no_further(booked, method, page):
    follower = Client()
    follower.get(f"/l/{token_of(issue_link(delivery=Delivery.objects.get(), kind=FOLLOW, now=NOW))}/")

    assert getattr(follower, method)(booked + page, {"send": "1"}).status_code == 403
    assert not OneTimeCode.objects.exists()


@pytest.mark.parametrize(
    "onward",
    [
        "",
        "https://evil.example/",
        "//evil.example/d/{ref}/private/",
        "/d/{ref}/private/../../../find/",
        "/d/{ref}/private/?a=1",
        "/d/OTHER/private/",
        "/d/{ref}/cancel/",
        "/l/{ref}/",
        "javascript:alert(1)",
        "\\\\evil.example",
        "/d/{ref}/private/\r\nSet-Cookie: a=b",
        "\x00",
    ],
)
def test_it_leads_nowhere_else(client, booked, onward):
    onward = onward.format(ref=booked.split("/")[2])
    asks_for_code(client, booked)

    passed = types_code(client, booked, sent_digits(), onward)

    assert (passed.status_code, passed["Location"]) == (303, booked)


# What is not right


def test_a_wrong_code_says_how_many_tries_are_left_and_after_five_even_the_right_one_is_refused(
    client, booked
):
    asks_for_code(client, booked)
    right, wrong = sent_digits(), wrong_digits()

    answers = [types_code(client, booked, wrong) for _i in range(5)]
    late = types_code(client, booked, right)

    assert [answer.status_code for answer in answers] == [422] * 4 + [409]
    lefts = [re.search(r"(\d) (?:try is|tries are) left", text(answer)) for answer in answers[:4]]
    assert [left[1] for left in lefts] == ["4", "3", "2", "1"]
    assert "Five tries were wrong" in text(answers[4])
    assert "Send the code" in text(answers[4])
    assert "Five tries were wrong" in text(late)
    assert not opens(client, booked)
    assert Event.objects.filter(kind="code.used_up").count() == 1


@pytest.mark.parametrize("typed", ["", "12345", "1234567", "abcdef", "²²²²²²x", "1" * 40, "0x1234"])
def test_what_is_no_code_at_all_costs_no_try(client, booked, typed):
    asks_for_code(client, booked)

    answer = types_code(client, booked, typed)

    assert answer.status_code == 422
    assert OneTimeCode.objects.get().tries == 0


def test_a_late_code_says_so_and_offers_another(client, booked, at):
    asks_for_code(client, booked)
    digits = sent_digits()
    at.now = NOW + codes.LASTS

    late = types_code(client, booked, digits)

    assert late.status_code == 409
    assert "That code is too old" in text(late)
    assert "Send the code" in text(late)
    assert not opens(client, booked)


def test_a_code_works_once_and_a_double_click_is_no_replay(client, booked, at):
    asks_for_code(client, booked)
    digits = sent_digits()
    first, twice = (types_code(client, booked, digits) for _i in range(2))
    at.now = NOW + timedelta(minutes=16)

    replayed = types_code(client, booked, digits)

    assert [first.status_code, twice.status_code, replayed.status_code] == [303, 303, 409]
    assert "That code was used already" in text(replayed)
    assert not opens(client, booked)


def test_a_code_is_worth_nothing_in_another_browser(client, booked):
    asks_for_code(client, booked)
    digits = sent_digits()
    other = Client()
    other.get(f"/l/{token_of(AccessLink.objects.get(kind='manage'))}/")

    answer = types_code(other, booked, digits)

    assert answer.status_code == 409
    assert "This browser has asked for no code" in text(answer)
    assert OneTimeCode.objects.get().tries == 0


def test_only_the_newest_code_works(client, booked):
    asks_for_code(client, booked)
    old = sent_digits()
    asks_for_code(client, booked)
    new = sent_digits()

    assert old == new or types_code(client, booked, old).status_code == 422
    assert types_code(client, booked, new).status_code == 303


def test_a_code_sent_to_an_old_address_is_worth_nothing_at_the_new_one(client, booked):
    asks_for_code(client, booked)
    old = sent_digits()
    Delivery.objects.update(contact_email="new@example.com")

    assert sent_digits() == old or types_code(client, booked, old).status_code == 422


def test_a_delivery_gets_five_codes_an_hour_and_ten_a_day_whoever_asks(client, booked, at):
    other = Client(REMOTE_ADDR="198.51.100.7")
    other.get(f"/l/{token_of(AccessLink.objects.get(kind='manage'))}/")

    def asked(times: int) -> list[int]:
        return [asks_for_code(one, booked).status_code for one in [client, other] * (times // 2)]

    first = asked(6)
    refused = asks_for_code(client, booked)
    at.now = NOW + timedelta(hours=2)
    later = asked(6)
    at.now = NOW + timedelta(hours=4)

    assert first == later == [303] * 5 + [409]
    assert "We sent several codes already" in text(refused)
    assert asked(2) == [409] * 2
    assert OneTimeCode.objects.count() == 10


def test_a_network_has_a_limit_of_its_own(client, booked, monkeypatch):
    monkeypatch.setattr("portal.customers.code.PER_NETWORK", codes_limit(2))

    assert [asks_for_code(client, booked).status_code for _i in range(3)] == [303, 303, 429]


def codes_limit(times: int):
    from portal.throttle import Limit

    return Limit("codes-sent-network", times=times, per_s=3600)


def test_without_an_address_on_file_it_says_whom_to_ask(client, booked):
    Delivery.objects.update(contact_email="", contact_phone="+358401234567")

    page, sent = client.get(booked + "code/"), asks_for_code(client, booked)

    assert "Please contact Nordkaupa" in text(page) or "Please contact" in text(page)
    assert sent.status_code == 409
    assert not OneTimeCode.objects.exists()


# What was typed is not lost


def test_a_form_sent_too_late_is_carried_through_the_step(client, booked):
    private = booked + "private/"

    late = client.post(private, {"name": "Aino <b>", "tags": ["a", "b"], "note": ""})
    carried = dict(re.findall(r'name="(typed:\w+)" value="([^"]*)"', late.content.decode()))
    sent = client.post(booked + "code/", {"send": "1", "next": private} | carried)
    passed = types_code(client, booked, sent_digits(), private, **carried)

    assert late.status_code == 403
    assert "Your code has run out" in text(late)
    assert carried == {"typed:name": "Aino &lt;b&gt;", "typed:tags": "b", "typed:note": ""}
    assert 'name="typed:tags" value="a"' in text(late)
    assert sent.status_code == passed.status_code == 200
    assert "That was right" in text(passed)
    assert f'action="{private}"' in text(passed)
    assert 'name="tags" value="b"' in text(passed)
    assert 'name="typed:' not in text(passed)


def test_codes_and_files_are_carried_nowhere_and_it_says_so(client, booked):
    private, photo = booked + "private/", SimpleUploadedFile("door.jpg", b"photo")
    carried = {"typed:name": "Aino", "left_out": "1"}

    late = client.post(private, {"gate_code": "4711#", "name": "Aino", "photo": photo})
    sent = client.post(
        booked + "code/", {"send": "1", "next": private, "typed:name": "Aino", "left_out": "1"}
    )
    passed = types_code(client, booked, sent_digits(), private, **carried)

    assert "Then add codes and photos again" in text(late)
    assert "4711" not in text(late) + text(sent) + text(passed)
    assert 'name="left_out"' in text(late)
    assert "Only codes and photos are not" in text(passed)


def test_where_only_a_code_was_typed_there_is_nothing_to_send_again(client, booked):
    private = booked + "private/"

    late = client.post(private, {"gate_code": "4711#"})
    asks_for_code(client, booked, private)
    passed = types_code(client, booked, sent_digits(), private, left_out="1")

    assert 'name="left_out"' in text(late)
    assert (passed.status_code, passed["Location"]) == (303, private)


# Kept nowhere


def holds(said: str, digits: str) -> bool:
    """Whether the six digits stand in a text by themselves, not within a longer number or a fraction."""
    return bool(re.search(rf"(?<![\d.]){digits}(?!\d)", said))


def test_the_digits_are_nowhere_but_in_the_mail(client, booked, mail_server, caplog, tmp_path):
    all_digits = []
    with caplog.at_level(logging.DEBUG):
        for _i in range(4):
            asks_for_code(client, booked)
            events.relay(now=NOW)
            send_due_messages()
            all_digits.append(sent_digits())
            types_code(client, booked, wrong_digits())
        types_code(client, booked, all_digits[-1])
    call_command("dumpdata", output=str(tmp_path / "dump.json"))
    ours = [str(vars(record)) for record in caplog.records if record.name != "mail.log"]  # the mail server's
    kept = (tmp_path / "dump.json").read_text() + "".join(ours)
    kept += "".join(str(session) for session in sessions())

    mails = [
        mail for mail in mail_server.to("aino@example.com") if mail.subject == "Your code for order 10482"
    ]
    assert len(mails) == 4
    for mail, digits in zip(mails, all_digits, strict=True):
        assert digits in mail.text
        assert digits in mail.html
        assert digits not in mail.subject
    assert "code.asked" in kept
    assert [digits for digits in all_digits if holds(kept, digits)] == []


def sessions():
    from django.contrib.sessions.models import Session

    return [session.get_decoded() for session in Session.objects.all()]


def test_digits_that_were_kept_would_be_found():
    assert holds('{"code": "123456"}', "123456")
    assert holds("said 123456.", "123456")
    assert not holds("24.123456 9123456 1234567", "123456")


def test_the_mail_says_until_when_and_that_nobody_asks_for_them(client, booked, mail_server):
    asks_for_code(client, booked)
    events.relay(now=NOW)
    send_due_messages()

    mail = mail_server.to("aino@example.com")[-1]

    assert "They work until 11:10" in mail.text
    assert "Never tell them to anybody" in mail.text
    assert "\n\n\n" not in mail.text


def test_a_mail_that_would_come_too_late_is_not_sent(client, booked, mail_server, at):
    asks_for_code(client, booked)
    events.relay(now=NOW)
    at.now = NOW + codes.LASTS
    send_due_messages()

    message = Message.objects.get(event__kind="code.asked")
    assert (message.state, message.error) == ("failed", "too late to be of use")
    assert all("Your code" not in mail.subject for mail in mail_server.mails)


def test_digits_change_with_everything_they_stand_for(client, booked):
    asks_for_code(client, booked)
    asks_for_code(client, booked)
    one, two = OneTimeCode.objects.select_related("link__delivery")
    delivery = one.link.delivery

    assert codes.is_right(one, delivery, codes.digits_of(one, delivery))
    assert re.fullmatch(r"\d{6}", codes.digits_of(one, delivery))
    assert codes.digits_of(one, delivery) != codes.digits_of(two, delivery)
    before = codes.digits_of(one, delivery)
    one.generation += 1
    assert codes.digits_of(one, delivery) != before


def test_a_code_sent_before_the_secret_was_replaced_still_works(client, booked, settings):
    asks_for_code(client, booked)
    digits = sent_digits()
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "another secret " * 5, [settings.SECRET_KEY]
    code = OneTimeCode.objects.select_related("link__delivery").get()

    assert codes.is_right(code, code.link.delivery, digits)


def test_codes_are_forgotten_once_they_no_longer_count(client, booked):
    asks_for_code(client, booked)

    assert forget_codes(now=NOW + KEPT_FOR) == 0
    assert forget_codes(now=NOW + KEPT_FOR + timedelta(seconds=1)) == 1


def test_the_digits_may_come_by_sms(shopper, booked, sms_server, mail_server):
    Delivery.objects.update(contact_phone="+358401234567")
    page = booked + "code/"
    assert "Send it to +358•••67 instead" in shopper.client.get(page).content.decode()

    asked = shopper.client.post(page, {"send": "1", "by": "sms"})
    sent = shopper.client.get(asked["Location"]).content.decode()
    events.relay(now=NOW)
    send_due_messages()

    (sms,) = [text for text in sms_server.texts if "is your code" in text.body]
    digits = sms.body.split()[0]
    assert 'We sent them to <span class="keep">+358•••67</span>' in sent
    assert [mail.subject for mail in mail_server.mails if digits in mail.text] == []
    assert shopper.client.post(page, {"code": digits}).status_code == 303


def test_who_left_only_a_number_gets_the_digits_there_and_after_stop_nowhere(shopper, booked, sms_server):
    Delivery.objects.update(contact_phone="+358401234567", contact_email="")
    assert 'We send six digits to <span class="keep">+358•••67</span>' in (
        shopper.client.get(booked + "code/").content.decode()
    )

    silence(Channel.SMS, "+358401234567", now=NOW)

    assert "no e-mail address or mobile number" in shopper.client.get(booked + "code/").content.decode()
    assert shopper.client.post(booked + "code/", {"send": "1"}).status_code == 409
