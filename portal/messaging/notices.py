"""What mails to a shop say: of its webhooks, of withdrawals nobody could place, of money that is due."""

from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.urls import reverse

from portal.customers import words
from portal.services.hook_queue import DISABLED_KIND, PAUSED_KIND
from portal.services.hooks import endpoint_of
from returns.selectors.withdrawable import statement
from scheduling.models import Event


def facts_for_shop(event: Event) -> dict[str, str] | None:
    """Return what a mail to an event's merchant says; None where what it is about is gone."""
    if event.kind in (PAUSED_KIND, DISABLED_KIND):
        return _of_an_endpoint(event)
    return _of_a_statement(event) if event.kind == "return.unmatched" else _of_money(event)


def _of_an_endpoint(event: Event) -> dict[str, str] | None:
    merchant = event.merchant
    endpoint = endpoint_of(merchant, UUID(event.data["endpoint"])) if merchant else None
    if merchant is None or endpoint is None:
        return None
    path = reverse("merchants:endpoint", args=[merchant.slug, endpoint.pk])
    return {"shop": merchant.name, "address": endpoint.url, "page_url": settings.PUBLIC_URL + path}


def _of_a_statement(event: Event) -> dict[str, str] | None:
    stated = statement(int(event.data["statement"]))
    if stated is None or stated.erased_at is not None or event.merchant_id != stated.merchant_id:
        return None
    return {
        "shop": stated.merchant.name,
        "content": stated.content,
        "email": stated.email,
        "at": f"{stated.stated_at:%Y-%m-%d %H:%M} UTC",
        "page_url": settings.PUBLIC_URL + reverse("merchants:statements", args=[stated.merchant.slug]),
    }


def _of_money(event: Event) -> dict[str, str] | None:
    if event.merchant is None:
        return None
    due = datetime.fromisoformat(event.data["due_at"])
    return {
        "shop": event.merchant.name,
        "number": event.data["return"],
        "order": event.data["order"],
        "day": words.long_day(due),
    }
