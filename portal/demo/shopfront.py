"""The shop on another origin, beside the demo: its page is listed, its server has a key, and it is open."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Final
from urllib.parse import urlsplit

from django.conf import settings

from portal.demo import folder
from portal.demo.apps import demo_config
from portal.demo.fleet import MANAGED
from portal.demo.shop.app import Shop
from portal.demo.shop.doorstep import Doorstep
from portal.demo.shop.server import bind, selling
from portal.models.keys import KeyKind, Scope
from portal.services.keys import issue_key, key_of
from portal.services.sessions import list_origins
from scheduling.models import Merchant

MAY: Final = (Scope.SESSIONS, Scope.DELIVERIES_WRITE)


def port() -> int:
    """The port after the portal's own."""
    return (urlsplit(settings.PUBLIC_URL).port or 8000) + 1


def url() -> str:
    """Where the shop is. To a browser localhost is another site than 127.0.0.1, where the portal is."""
    return f"http://localhost:{port()}"


@contextmanager
def shop_open(*, now: datetime) -> Iterator[str]:
    """Serve the shop until the block ends; yield where it is, "" if its port is taken: all else works."""
    try:
        server = bind(port())
    except OSError:
        yield ""
        return
    let_in(now=now)
    shop = Shop(Doorstep(settings.PUBLIC_URL, folder.SHOP_KEY), MANAGED, url())
    with selling(server, shop):
        demo_config().shop_url = url()
        yield url()
        demo_config().shop_url = ""


def let_in(*, now: datetime) -> None:
    """List the shop's page and give its server a key that works, also after the town was put back."""
    merchant = Merchant.objects.get(slug=MANAGED)
    list_origins(merchant=merchant, origins=[url()])
    known = folder.SHOP_KEY.read_text() if folder.SHOP_KEY.exists() else ""
    if key_of(known, now=now) is None:
        _key, token = issue_key(
            merchant=merchant,
            kind=KeyKind.SECRET,
            name="the demo's shop",
            scopes=MAY,
            actor="demo",
            now=now,
        )
        folder.SHOP_KEY.touch(mode=0o600)
        folder.SHOP_KEY.write_text(token)
