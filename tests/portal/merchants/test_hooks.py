"""A shop's managers say where its servers are told what happens, and see what became of it."""

import re
from datetime import timedelta
from html import unescape

import pytest
from django.test import Client

from portal.messaging.signing import secret_of
from portal.models import WebhookDelivery, WebhookEndpoint
from portal.models.people import Role
from portal.services import hooks
from portal.tasks import send_due_webhooks
from scheduling import clock, events
from tests.factories import NOW, make_booking, make_membership, make_merchant, make_network
from tests.fakes.receiver import Reply, receiving

pytestmark = [pytest.mark.django_db, pytest.mark.once]
URL = "https://shop.example/hooks"


@pytest.fixture(autouse=True)
def at():
    clock.set_source(lambda: NOW)
    yield
    clock.set_source(None)


@pytest.fixture
def shop():
    return make_network().merchant


@pytest.fixture
def manager(shop) -> Client:
    return somebody(shop, Role.MANAGER)


def somebody(shop, role) -> Client:
    client = Client()
    client.force_login(make_membership(merchant=shop, role=role).user)
    return client


def path(shop, rest="") -> str:
    return f"/shop/{shop.slug}/webhooks/{rest}"


def text(response) -> str:
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", response.content.decode())))


def an_endpoint(shop, url=URL, **values) -> WebhookEndpoint:
    return hooks.create_endpoint(merchant=shop, url=url, actor="test", now=NOW, **values)


def one(shop, endpoint, rest="") -> str:
    return path(shop, f"{endpoint.pk}/{rest}")


def test_an_address_is_added_and_its_secret_shown_once(manager, shop):
    assert "Nowhere yet" in text(manager.get(path(shop)))

    page = manager.post(path(shop), {"url": f" {URL} ", "kinds": ["booking.confirmed"]})

    endpoint = WebhookEndpoint.objects.of(shop).get()
    assert page.status_code == 201
    assert (endpoint.url, endpoint.kinds) == (URL, ["booking.confirmed"])
    assert re.search(r'class="hook__secret">([^<]+)<', page.content.decode())[1] == secret_of(endpoint)
    for later in (manager.get(path(shop)), manager.get(one(shop, endpoint))):
        assert URL in text(later)
        assert "Told of: booking.confirmed." in text(later)
        assert "whsec_" not in later.content.decode()


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"url": ""}, "Write where your server listens."),
        ({"url": "http://shop.example/"}, "Give a whole https address"),
        ({"url": "https://10.0.0.1/"}, "Give a whole https address"),
        ({"url": URL, "kinds": ["plan.closed"]}, "plan.closed"),
    ],
)
def test_what_is_no_address_is_refused_with_what_was_typed_kept(manager, shop, typed, said):
    page = manager.post(path(shop), typed)

    assert page.status_code == 422
    assert said in text(page)
    assert typed["url"] in page.content.decode()
    assert not WebhookEndpoint.objects.of(shop).exists()


def test_an_eleventh_address_is_refused(manager, shop):
    for _i in range(hooks.MOST_ENDPOINTS):
        an_endpoint(shop)

    page = manager.post(path(shop), {"url": URL})

    assert page.status_code == 409
    assert "as many endpoints as you can have" in text(page)


def test_it_is_changed_paused_resumed_and_deleted(manager, shop):
    endpoint = an_endpoint(shop)
    assert manager.post(one(shop, endpoint), {"url": URL + "/2", "kinds": []}).status_code == 303
    assert manager.post(one(shop, endpoint, "pause/")).status_code == 303
    page = manager.get(one(shop, endpoint))
    assert URL + "/2" in text(page)
    assert "You paused it." in text(page)
    assert "Send a test" not in text(page)

    manager.post(one(shop, endpoint, "resume/"))
    assert "Send a test" in text(manager.get(one(shop, endpoint)))
    assert manager.post(one(shop, endpoint, "delete/"))["Location"] == path(shop)
    assert manager.get(one(shop, endpoint)).status_code == 404


def test_a_bad_change_is_refused_and_nothing_changes(manager, shop):
    endpoint = an_endpoint(shop)

    assert manager.post(one(shop, endpoint), {"url": "ftp://x"}).status_code == 422
    endpoint.refresh_from_db()
    assert endpoint.url == URL


def test_a_new_secret_is_shown_once_and_the_old_one_works_for_a_day(manager, shop):
    endpoint = an_endpoint(shop)
    old = secret_of(endpoint)

    page = manager.post(one(shop, endpoint, "rotate/"))

    endpoint.refresh_from_db()
    assert secret_of(endpoint) in page.content.decode()
    assert old not in page.content.decode()
    assert endpoint.previous_until == NOW + timedelta(days=1)
    assert "The secret before works until 2026-11-24 09:00:00 UTC" in text(page)


def test_the_log_says_what_was_sent_and_sends_it_again(manager, shop, settings):
    with receiving() as receiver:
        settings.WEBHOOK_TEST_TARGETS = [receiver.target]
        endpoint = an_endpoint(shop, receiver.url(), kinds=["booking.confirmed"])
        assert "Nothing yet" in text(manager.get(one(shop, endpoint)))
        receiver.secrets["/hooks"] = secret_of(endpoint)
        make_booking(shop.outlets.get(), order_number="A-77")
        events.relay(now=NOW)
        assert "1 message waits for it." in text(manager.get(path(shop)))
        manager.post(one(shop, endpoint, "test/"))
        send_due_webhooks()

        page = text(manager.get(one(shop, endpoint)))
        assert "booking.confirmed order A-77, its event 2" in page
        assert "webhook.test a test" in page
        assert page.count("1 try · answered 200 in") == 2
        assert '"order_number": "A-77"' in page
        assert "It took its last message on 2026-11-23 09:00:00 UTC." in page

        event = (
            receiver.taken[0].payload["data"]["id"]
            if len(receiver.taken[0].id) == 32
            else receiver.taken[1].id
        )
        assert manager.post(one(shop, endpoint, "replay/"), {"event": event}).status_code == 303
        assert send_due_webhooks() == 1
        manager.post(one(shop, endpoint, "replay/"), {"since": "hour"})
        assert send_due_webhooks() == 1
    assert [message.id for message in receiver.taken].count(event) == 3


def test_the_log_says_what_went_wrong(manager, shop, settings):
    with receiving(lambda _: Reply(500)) as receiver:
        settings.WEBHOOK_TEST_TARGETS = [receiver.target]
        endpoint = an_endpoint(shop, receiver.url())
        hooks.send_test(endpoint=endpoint, now=NOW)
        send_due_webhooks()

    page = text(manager.get(one(shop, endpoint)))
    assert "1 try · answered 500 · next at 2026-11-23 09:00:05 UTC" in page
    assert "It has taken nothing since 2026-11-23 09:00:00 UTC." in page


def test_nothing_is_sent_to_one_that_is_off_and_the_page_says_so(manager, shop):
    endpoint = an_endpoint(shop)
    hooks.pause_endpoint(endpoint=endpoint)

    for rest, typed in (("test/", {}), ("replay/", {"since": "day"})):
        page = manager.post(one(shop, endpoint, rest), typed)
        assert page.status_code == 409
        assert "Resume it first" in text(page)
    assert not WebhookDelivery.objects.of(shop).exists()


@pytest.mark.parametrize("typed", [{}, {"event": "x"}, {"event": "0" * 32}, {"since": "ever"}])
def test_what_is_no_event_is_not_sent_again(manager, shop, typed):
    assert manager.post(one(shop, an_endpoint(shop), "replay/"), typed).status_code == 404


def test_it_is_managers_business_alone(shop):
    endpoint = an_endpoint(shop)
    rests = ["", "rotate/", "pause/", "resume/", "test/", "replay/", "delete/"]
    addresses = [path(shop), *(one(shop, endpoint, rest) for rest in rests)]
    for role in (Role.VIEWER, Role.RETURNS_DESK):
        client = somebody(shop, role)
        assert {client.post(address).status_code for address in addresses} == {403}
        assert {client.get(address).status_code for address in addresses[:2]} == {403}
    stranger = somebody(make_merchant(), Role.MANAGER)
    assert {stranger.post(address).status_code for address in addresses} == {404}
    assert {Client().post(address).status_code for address in addresses} == {302}
    assert WebhookEndpoint.objects.of(shop).count() == 1


def test_anothers_endpoint_is_not_found_by_its_number(manager, shop):
    theirs = an_endpoint(make_merchant())

    assert manager.get(one(shop, theirs)).status_code == 404
    assert manager.post(one(shop, theirs, "delete/")).status_code == 404
    assert WebhookEndpoint.objects.of(theirs.merchant).count() == 1
