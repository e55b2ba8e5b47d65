"""Mails are read back as Django's file backend wrote them."""

import pytest
from django.core.mail import EmailMultiAlternatives

from portal.demo import inbox

pytestmark = pytest.mark.once


@pytest.fixture
def folder(settings, tmp_path):
    settings.EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
    settings.EMAIL_FILE_PATH = str(tmp_path)
    return tmp_path


def send(subject: str = "Booked: Tuesday, 10–12", *, html: bool = True, date: str = "") -> None:
    mail = EmailMultiAlternatives(
        subject, "Your delivery.\n" + "-" * 79 + "x\nSee https://e.example/", to=["a@b.fi"]
    )
    if html:
        mail.attach_alternative("<html><head></head><body>Größe</body></html>", "text/html")
        mail.attach("delivery.ics", "BEGIN:VCALENDAR", "text/calendar")
    if date:
        mail.extra_headers["Date"] = date
    mail.send()


def test_a_mail_has_its_words_its_page_and_its_file(folder):
    send()

    (mail,) = inbox.mails(folder)

    assert (mail.subject, mail.to) == ("Booked: Tuesday, 10–12", "a@b.fi")
    assert "See https://e.example/" in mail.text
    assert "Größe" in mail.html
    assert mail.files == ("delivery.ics",)
    assert inbox.attachment(folder, mail.name, 0) == ("delivery.ics", "text/calendar", b"BEGIN:VCALENDAR")


def test_a_mail_of_words_only_has_no_page(folder):
    send(html=False)

    (mail,) = inbox.mails(folder)

    assert (mail.html, mail.files) == ("", ())


def test_the_newest_comes_first(folder):
    send("older", date="Mon, 23 Nov 2026 10:00:00 +0000")
    send("newer", date="Mon, 23 Nov 2026 11:00:00 +0000")

    assert [mail.subject for mail in inbox.mails(folder)] == ["newer", "older"]


def test_two_mails_in_one_file_are_two_mails(folder):
    send("one")
    (file,) = folder.iterdir()
    file.write_bytes(file.read_bytes() * 2)

    found = inbox.mails(folder)

    assert [mail.subject for mail in found] == ["one", "one"]
    assert all(inbox.mail_named(folder, mail.name) == mail for mail in found)
    assert inbox.mail_named(folder, f"{file.name}.2") is None


def test_a_file_that_is_not_written_yet_is_no_mail(folder):
    (folder / "20261123-100000-1.log").write_bytes(b"")

    assert inbox.mails(folder) == []


@pytest.mark.parametrize("name", ["../secret.log.0", "secret.txt", "", "x.log.1.0", "none.log.0", "a/b.log"])
def test_only_mails_of_the_inbox_are_read(folder, name):
    (folder.parent / "secret.log").write_text("Date: Mon, 23 Nov 2026 10:00:00 +0000\n\nsecret")

    assert inbox.mail_named(folder, name) is None
    assert inbox.attachment(folder, name, 0) is None


def test_there_is_no_second_file_where_there_is_one(folder):
    send()

    assert inbox.attachment(folder, inbox.mails(folder)[0].name, 1) is None


def test_an_sms_stands_among_them(folder):
    from portal.demo.phones import keep

    keep(to="+358401234567", body="Kauppa: it has left. http://127.0.0.1:8000/l/x")

    (sms,) = inbox.mails(folder)

    assert (sms.sms, sms.to, sms.html) == (True, "+358401234567", "")
    assert sms.text.strip() == "Kauppa: it has left. http://127.0.0.1:8000/l/x"


@pytest.mark.django_db
def test_the_portal_s_own_client_is_taken_and_nobody_else(folder, settings):
    import requests

    from portal.demo.phones import phones_on
    from portal.messaging.twilio import Text, send_text, sms_is_on

    with phones_on():
        send_text(Text("+358401234567", "Hello", "http://127.0.0.1:8000/sms/1/status/"))
        assert requests.post(settings.SMS_API, data={"To": "+1", "Body": "x"}, timeout=5).status_code == 401

    assert [sms.text.strip() for sms in inbox.mails(folder)] == ["Hello"]
    assert not sms_is_on()
