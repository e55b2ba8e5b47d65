"""Endpoints that listen or do not, and what they are told of."""

from datetime import timedelta

from portal.messaging.signing import secret_of
from portal.models import WebhookDelivery, WebhookEndpoint
from portal.services import hooks
from scheduling import clock, events
from tests.factories import make_booking


def listens(receiver, merchant, *, path="/hooks", kinds=()) -> WebhookEndpoint:
    endpoint = hooks.create_endpoint(
        merchant=merchant, url=receiver.url(path), kinds=kinds, actor="test", now=clock.now()
    )
    receiver.secrets[path] = secret_of(endpoint)
    return endpoint


def dead(settings, merchant, port=9) -> WebhookEndpoint:
    """An endpoint where nobody listens."""
    settings.WEBHOOK_TEST_TARGETS = [*settings.WEBHOOK_TEST_TARGETS, f"127.0.0.1:{port}"]
    return hooks.create_endpoint(
        merchant=merchant, url=f"http://127.0.0.1:{port}/", actor="test", now=clock.now()
    )


def books(outlet, number=1):
    day = clock.now().date() + timedelta(days=1)
    made = [make_booking(outlet, day=day, now=clock.now()) for _i in range(number)]
    events.relay(now=clock.now(), limit=1000)
    return made


def rows(merchant):
    return WebhookDelivery.objects.of(merchant)


def again(endpoint):
    endpoint.refresh_from_db()
    return endpoint
