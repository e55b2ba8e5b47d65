"""Pages of shops on another site than ours: ours is localhost, theirs are 127.0.0.1."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from playwright.sync_api import Browser, Frame, FrameLocator, Page, expect

from portal.demo.shop.app import HOME, Shop
from portal.demo.shop.doorstep import Doorstep
from portal.demo.shop.orders import Orders
from portal.demo.shop.server import bind, selling
from portal.services.sessions import list_origins
from scheduling import clock
from scheduling.models import MerchantDepot
from tests.browser.chromium import PATIENCE_MS, Watch, keep_cookies_from_frames
from tests.browser.rows import make_vans_about
from tests.portal.api.conftest import secret
from tests.portal.customers.conftest import GAZETTEER, Clock

BARE = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Page</title>
<meta name="color-scheme" content="light dark">
<link rel="icon" href="data:,"></head><body><main><h1>Page</h1>{body}</main></body></html>"""
HEARD = """<script>window.heard = [];
for (const name of ["ready", "slots-loaded", "slot-held", "hold-extended", "hold-expiring", "hold-expired",
  "slot-released", "unavailable", "error"]) {
  document.addEventListener(`doorstep:${name}`, (event) => {
    heard.push({ name, id: event.target.id, detail: event.detail });
  });
}</script>"""


@pytest.fixture(autouse=True)
def at() -> Iterator[Clock]:
    source = Clock()
    clock.set_source(source)
    yield source
    clock.set_source(None)


@pytest.fixture
def outlet(settings, tmp_path) -> MerchantDepot:
    made = make_vans_about()
    file = tmp_path / "addresses.csv"
    file.write_text(GAZETTEER + "Mikonkatu,1,00100,Helsinki,60.1700,24.9400\n")
    settings.GEOCODER, settings.GAZETTEER_FILE = "gazetteer", str(file)
    return made


@dataclass
class Bare:
    """A page with nothing but what a test puts into it."""

    origin: str
    body: str = ""
    headers: list[tuple[str, str]] = field(default_factory=list)

    def __call__(self, environ: dict[str, Any], start: Callable[..., Any]) -> list[bytes]:
        start("200 OK", [("Content-Type", "text/html; charset=utf-8"), *self.headers])
        return [BARE.format(body=self.body).encode()]


@contextmanager
def page_elsewhere() -> Iterator[Bare]:
    """Serve a bare page on a site of its own."""
    server = bind(0)
    page = Bare(f"http://127.0.0.1:{server.server_port}")
    with selling(server, page):  # type: ignore[arg-type] # any WSGI application
        yield page


@pytest.fixture
def bare() -> Iterator[Bare]:
    with page_elsewhere() as page:
        yield page


@dataclass
class Elsewhere:
    """The demo's shop on its own site, and what its server can do."""

    origin: str
    shop: Shop
    outlet: MerchantDepot
    ours: str

    def session(self, origin: str = "", **values: Any) -> str:
        """A widget session for a page, its address known."""
        asked: dict[str, Any] = {"shopper": "", "grams": 3_000, "address": HOME}
        return self.shop.doorstep.open_widget(origin=origin or self.origin, **asked | values)

    def widget(self, session: str, more: str = "", name: str = "delivery_hold") -> str:
        """One line of HTML, with its link for when it can't be shown."""
        link = (
            f'<a slot="fallback" href="{self.ours}/s/{self.outlet.merchant.slug}/">Choose a delivery time</a>'
        )
        said = f'merchant="{self.outlet.merchant.slug}" session="{session}"' if session else ""
        return f'<doorstep-slots name="{name}" {said} {more}>{link}</doorstep-slots>'

    @property
    def script(self) -> str:
        return HEARD + f'<script src="{self.ours}/embed/v1/slots.js" async crossorigin></script>'


@pytest.fixture
def shop(outlet, live_server, tmp_path, bare) -> Iterator[Elsewhere]:
    key_file = tmp_path / "key.txt"
    key_file.write_text(secret(outlet.merchant))
    server = bind(0)
    origin = f"http://127.0.0.1:{server.server_port}"
    list_origins(merchant=outlet.merchant, origins=[origin, bare.origin])
    orders = Orders(tmp_path / "orders.sqlite3")
    made = Shop(Doorstep(live_server.url, key_file), outlet.merchant.slug, origin, orders)
    with selling(server, made):
        yield Elsewhere(origin, made, outlet, live_server.url)


Open = Callable[..., Page]


@pytest.fixture
def opened(browser: Browser, watch: Watch) -> Iterator[Open]:
    """Return a function that opens a fresh profile, which gives no cookies to what another site frames."""
    with profiles(browser, watch) as open_page:
        yield lambda **look: keep_cookies_from_frames(open_page(**look))


@pytest.fixture
def opened_whole(whole_browser: Browser, watch: Watch) -> Iterator[Open]:
    """The same in Chromium as people have it, which gives none by itself."""
    with profiles(whole_browser, watch) as open_page:
        yield open_page


@contextmanager
def profiles(browser: Browser, watch: Watch) -> Iterator[Open]:
    """Open fresh profiles; at their end no cookie of ours may be there."""
    contexts = []

    def open_page(
        *, width: int = 768, height: int = 900, dark: bool = False, javascript: bool = True
    ) -> Page:
        context = browser.new_context(
            viewport={"width": width, "height": height},
            color_scheme="dark" if dark else "light",
            java_script_enabled=javascript,
            reduced_motion="reduce",
            locale="en-GB",
        )
        context.set_default_timeout(PATIENCE_MS)
        contexts.append(context)
        return watch.over(context.new_page())

    yield open_page
    for context in contexts:
        assert {cookie["name"] for cookie in context.cookies()} <= {"cart"}
        context.close()


def inside(page: Page, number: int = 0) -> FrameLocator:
    """The frame of a widget."""
    return page.locator("doorstep-slots").nth(number).frame_locator("iframe")


def frame_of(page: Page) -> Frame:
    """The same, to run scripts in."""
    return next(frame for frame in page.frames if "/embed/v1/frame/" in frame.url)


def offers_times(page: Page, number: int = 0) -> FrameLocator:
    """Wait for the first times."""
    frame = inside(page, number)
    expect(frame.get_by_role("group", name="Good times for you")).to_be_visible()
    return frame


def picks(page: Page, number: int = 0, when: str = "14:00–16:00") -> FrameLocator:
    """Choose a time of Thursday and keep it; the frame says so first, and then the element has its token."""
    frame = inside(page, number)
    frame.get_by_role("link", name="Thu 26 November").click()
    frame.get_by_role("group", name="Thursday 26 November").get_by_role("radio", name=when).check()
    frame.get_by_role("button", name="Keep this time").click()
    expect(frame.get_by_role("heading", name="Thursday 26 November")).to_be_visible()
    page.wait_for_function("number => document.querySelectorAll('doorstep-slots')[number].value", arg=number)
    return frame


def heard(page: Page, name: str) -> list[dict[str, Any]]:
    """The details of all events of a name, with the element they came from."""
    return [each for each in page.evaluate("heard") if each["name"] == name]


def wait_for(page: Page, name: str, times: int = 1) -> dict[str, Any]:
    """Wait until an event was heard so often; return the last."""
    page.wait_for_function(f"heard.filter(({{ name }}) => name === '{name}').length >= {times}")
    return heard(page, name)[-1]


def value(page: Page, name: str = "delivery_hold") -> str:
    """What the page's form would send."""
    return str(page.evaluate(f"new FormData(document.querySelector('form')).get('{name}') || ''"))
