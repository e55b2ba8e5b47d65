"""A real Chromium. Every page opened here fails its test on a console error or a breach of the policy."""

import os
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Frame, Page, Playwright, sync_playwright

from tests.browser.chromium import PATIENCE_MS, Watch, chromium, launch
from tests.browser.looks import breaches_of


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Whatever lies in this folder is a browser's test."""
    for item in items:
        if "tests/browser/" in item.path.as_posix():
            item.add_marker(pytest.mark.browser)
            item.add_marker(pytest.mark.django_db(transaction=True))


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    """What drives every browser of this process."""
    # It keeps an event loop in this thread, and Django would refuse to touch the database beside it.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    with sync_playwright() as driver:
        yield driver


@pytest.fixture(scope="session")
def browser(playwright: Playwright) -> Iterator[Browser]:
    """Chromium, one for all tests."""
    with launch(playwright, _found()) as browser:
        yield browser


@pytest.fixture(scope="session")
def whole_browser(playwright: Playwright) -> Iterator[Browser]:
    """Chromium as people have it: what other sites frame gets and sets no cookies."""
    with launch(playwright, _found(whole=True)) as browser:
        yield browser


def _found(*, whole: bool = False) -> str:
    found = chromium(whole=whole)
    if found is None:
        reason = "no Chromium here: apt-get install chromium"
        pytest.fail(reason) if os.environ.get("CI") == "true" else pytest.skip(reason)
    return found


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
        context.set_default_timeout(PATIENCE_MS)
        contexts.append(context)
        return watch.over(context.new_page())

    yield open_page
    for context in contexts:
        context.close()


@pytest.fixture
def page(visitor: Open) -> Page:
    """A small phone."""
    return visitor()


@pytest.fixture
def assert_accessible() -> Callable[[Page | Frame], None]:
    """Return a function that fails on any breach which axe finds on the page as it stands."""

    def check(page: Page | Frame) -> None:
        assert breaches_of(page) == []

    return check
