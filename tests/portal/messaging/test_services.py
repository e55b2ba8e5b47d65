"""Mails through a mail service’s own API, against a server on this machine that answers as Postmark does."""

import json

import pytest

from portal.models import Message
from portal.tasks import send_due_messages
from scheduling import events
from tests.factories import NOW, make_booking, make_network
from tests.fakes.receiver import Reply, receiving

pytestmark = [pytest.mark.django_db, pytest.mark.once, pytest.mark.usefixtures("at")]
TAKEN = {"ErrorCode": 0, "Message": "OK", "MessageID": "b7bc2f4a-0000", "To": "aino@example.com"}
INACTIVE = {
    "ErrorCode": 406,
    "Message": "You tried to send to recipient(s) that have been marked as inactive. "
    "Found inactive addresses: aino@example.com. "
    "Inactive recipients are ones that have generated a hard bounce, a spam complaint, or a suppression.",
}


@pytest.fixture
def service(settings):
    """What it answers can be set as `reply`."""
    with receiving(lambda message: Reply(body=json.dumps(TAKEN).encode())) as server:
        settings.EMAIL_BACKEND = "anymail.backends.postmark.EmailBackend"
        settings.ANYMAIL = {
            "POSTMARK_SERVER_TOKEN": "a-token",
            "POSTMARK_API_URL": f"http://{server.target}/",
            "REQUESTS_TIMEOUT": 5,
        }
        yield server


def one_mail() -> Message:
    make_booking(make_network())
    events.relay(now=NOW)
    send_due_messages()
    return Message.objects.get()


def test_a_mail_goes_to_the_service_with_its_own_id(service):
    message = one_mail()

    (said,) = service.messages
    sent = json.loads(said.body)
    assert said.headers["x-postmark-server-token"] == "a-token"
    assert sent["To"] == "aino@example.com"
    assert {"Name": "Message-ID", "Value": message.message_id} in sent["Headers"]
    assert message.state == "sent"


@pytest.mark.parametrize(
    ("status", "answer", "state"),
    [
        (422, INACTIVE, "failed"),
        (401, {"ErrorCode": 10, "Message": "Bad token"}, "queued"),
        (500, {"ErrorCode": 100, "Message": "Maintenance"}, "queued"),
        (429, {"ErrorCode": 429, "Message": "Too many"}, "queued"),
    ],
)
def test_what_it_will_never_take_is_told_from_what_is_about_us(service, status, answer, state):
    service.reply = lambda message: Reply(status, body=json.dumps(answer).encode())

    message = one_mail()

    assert message.state == state
    assert "aino" not in message.error
