"""The shop on another origin, beside the demo: listed, with a key, told what happens, and open."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from django.conf import settings

from portal.demo import folder
from portal.demo.apps import demo_config
from portal.demo.fleet import MANAGED
from portal.demo.shop import hooks
from portal.demo.shop.app import Shop
from portal.demo.shop.doorstep import Doorstep
from portal.demo.shop.hooks import Hooks
from portal.demo.shop.orders import Orders
from portal.demo.shop.server import LOOPBACK, bind, selling
from portal.messaging.signing import secret_of
from portal.models.hooks import WebhookEndpoint
from portal.models.keys import KeyKind, Scope
from portal.services.hooks import change_endpoint, create_endpoint, endpoints_of
from portal.services.keys import issue_key, key_of
from portal.services.sessions import list_origins
from scheduling.models import Merchant

MAY: Final = (Scope.SESSIONS, Scope.DELIVERIES_WRITE)
ACTOR: Final = "demo"


def port() -> int:
    """The port after the portal's own."""
    return (urlsplit(settings.PUBLIC_URL).port or 8000) + 1


def url() -> str:
    """Where the shop is. To a browser localhost is another site than 127.0.0.1, where the portal is."""
    return f"http://localhost:{port()}"


def target() -> str:
    """Where its server listens: to that host and port, and to nothing else inside, webhooks may go."""
    return f"{LOOPBACK}:{port()}"


@contextmanager
def shop_open(*, now: datetime) -> Iterator[str]:
    """Serve the shop until the block ends; yield where it is, "" if its port is taken: all else works."""
    try:
        server = bind(port())
    except OSError:
        yield ""
        return
    settings.WEBHOOK_TEST_TARGETS = [*settings.WEBHOOK_TEST_TARGETS, target()]
    let_in(now=now)
    orders = Orders(folder.SHOP_ORDERS)
    told = Hooks(folder.SHOP_SECRET, orders)
    shop = Shop(Doorstep(settings.PUBLIC_URL, folder.SHOP_KEY), MANAGED, url(), orders, told)
    with selling(server, shop):
        demo_config().shop_url = url()
        yield url()
        demo_config().shop_url = ""


def let_in(*, now: datetime) -> None:
    """List its page and the playground's; give its server a working key, and the secret of what it is told.

    Also after a restart on another port, and after the town was put back.
    """
    merchant = Merchant.objects.get(slug=MANAGED)
    list_origins(merchant=merchant, origins=[url(), settings.PUBLIC_URL])
    known = folder.SHOP_KEY.read_text() if folder.SHOP_KEY.exists() else ""
    if key_of(known, now=now) is None:
        _key, token = issue_key(
            merchant=merchant,
            kind=KeyKind.SECRET,
            name="the demo's shop",
            scopes=MAY,
            actor=ACTOR,
            now=now,
        )
        _hand_over(token, folder.SHOP_KEY)
    _hand_over(secret_of(_endpoint(merchant, now=now)), folder.SHOP_SECRET)


def _endpoint(merchant: Merchant, *, now: datetime) -> WebhookEndpoint:
    """Return the shop's own endpoint: the one there is, else a new one, as its manager would make it."""
    address = f"http://{target()}{hooks.PATH}"
    for endpoint in endpoints_of(merchant):
        if endpoint.created_by == ACTOR:
            change_endpoint(endpoint=endpoint, url=address)
            return endpoint
    return create_endpoint(merchant=merchant, url=address, kinds=hooks.KINDS, actor=ACTOR, now=now)


def _hand_over(said: str, file: Path) -> None:
    file.touch(mode=0o600)
    file.write_text(said)
