"""Getting past the step where six digits are asked for, as somebody with the contact's mailbox does."""

from django.test import Client

from portal.codes import digits_of
from portal.models import OneTimeCode
from scheduling.models import Event


def sent_digits() -> str:
    """The six digits of the newest code, as its mail says them."""
    asked = Event.objects.filter(kind="code.asked").latest("pk")
    code = OneTimeCode.objects.select_related("link__delivery").get(pk=asked.data["code"])
    return digits_of(code, code.link.delivery)


def wrong_digits() -> str:
    """Six digits which are not those of the newest code."""
    return f"{(int(sent_digits()) + 1) % 10**6:06}"


def asks_for_code(client: Client, booked: str, onward: str = ""):
    """Have a code sent; `booked` is the booking's address, `onward` that of the page behind the code."""
    return client.post(booked + "code/", {"send": "1", "next": onward})


def types_code(client: Client, booked: str, digits: str, onward: str = "", **fields: str):
    return client.post(booked + "code/", {"code": digits, "next": onward} | fields)


def passes_code(client: Client, booked: str) -> None:
    """Let this browser do sensitive things to a delivery for a quarter of an hour."""
    asks_for_code(client, booked)
    assert types_code(client, booked, sent_digits()).status_code == 303
