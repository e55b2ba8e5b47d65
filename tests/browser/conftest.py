"""A real Chromium. Every page opened here fails its test on a console error or a breach of the policy."""

import os
import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, ConsoleMessage, Page, Request, sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome")
FLAGS = [
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
]
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
# Browsers call any answer from 400 on an error; these two are how forms are refused here.
EXPECTED = re.compile(r"Failed to load resource: .* status of (409|422) ")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Whatever lies in this folder is a browser's test."""
    for item in items:
        if "tests/browser/" in item.path.as_posix():
            item.add_marker(pytest.mark.browser)
            item.add_marker(pytest.mark.django_db(transaction=True))


@dataclass
class Watch:
    """What went wrong on the pages of one test; `allow` what the test provokes on purpose."""

    complaints: list[str] = field(default_factory=list)
    allowed: list[str] = field(default_factory=list)

    def allow(self, part: str) -> None:
        """Let pass every complaint that contains `part`."""
        self.allowed.append(part)

    def on_console(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"} and not EXPECTED.search(message.text):
            self.complaints.append(f"{message.text} ({message.location.get('url', '')})")

    def on_error(self, error: Exception) -> None:
        self.complaints.append(f"uncaught: {error}")

    def on_request(self, request: Request) -> None:
        parts = urlsplit(request.url)
        if parts.scheme in {"http", "https"} and parts.hostname not in {"127.0.0.1", "localhost"}:
            self.complaints.append(f"asks a third party: {request.url}")

    def unexpected(self) -> list[str]:
        """The complaints that were not allowed."""
        return [text for text in self.complaints if not any(part in text for part in self.allowed)]


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Chromium, one for all tests."""
    found = next(filter(None, map(shutil.which, NAMES)), None)
    if found is None:
        reason = "no Chromium here: apt-get install chromium"
        pytest.fail(reason) if os.environ.get("CI") == "true" else pytest.skip(reason)
    # Playwright keeps an event loop in this thread, and Django would refuse to touch the database beside it.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    flags = [*FLAGS, "--no-sandbox"] if os.geteuid() == 0 else FLAGS
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=found, args=flags)
        yield chromium
        chromium.close()


@pytest.fixture
def watch() -> Iterator[Watch]:
    """What the browser complained about; anything not allowed fails the test at its end."""
    watch = Watch()
    yield watch
    assert watch.unexpected() == []


Open = Callable[..., Page]


@pytest.fixture
def visitor(browser: Browser, watch: Watch, live_server) -> Iterator[Open]:
    """Return a function that opens a fresh profile: `visitor(width=1280, javascript=False, dark=True)`."""
    contexts = []

    def open_page(
        *, width: int = 360, height: int = 780, javascript: bool = True, dark: bool = False
    ) -> Page:
        context = browser.new_context(
            base_url=live_server.url,
            viewport={"width": width, "height": height},
            java_script_enabled=javascript,
            color_scheme="dark" if dark else "light",
            reduced_motion="reduce",
            locale="en-GB",
            timezone_id="Europe/Helsinki",
        )
        context.set_default_timeout(10_000)
        contexts.append(context)
        page = context.new_page()
        page.on("console", watch.on_console)
        page.on("pageerror", watch.on_error)
        page.on("request", watch.on_request)
        return page

    yield open_page
    for context in contexts:
        context.close()


@pytest.fixture
def page(visitor: Open) -> Page:
    """A small phone."""
    return visitor()


@pytest.fixture
def assert_accessible() -> Callable[[Page], None]:
    """Return a function that fails on any breach which axe finds on the page as it stands."""
    axe = Axe()

    def check(page: Page) -> None:
        found = axe.run(
            page,
            options={"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]},
        )
        report = [
            f"{v['id']}: {v['help']}: {[n['target'] for n in v['nodes']]}"
            for v in found.response["violations"]
        ]
        assert report == []

    return check
