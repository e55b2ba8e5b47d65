"""A real Chromium, and a watch on its pages: a console error or a breach of the policy is a complaint."""

import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from playwright.sync_api import Browser, ConsoleMessage, Page, Playwright, Request, expect, sync_playwright

PATIENCE_MS = 30_000
"""How long something is waited for that must come: what it takes says how busy this machine is."""

expect.set_options(timeout=PATIENCE_MS)

NAMES = ("chromium", "chromium-browser", "google-chrome")
SHELL = "chromium-headless-shell"
"""The same engine without windows: pages cost a quarter, but what is framed may set cookies unless told."""
FLAGS = [
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--test-third-party-cookie-phaseout",  # what is framed by another site gets and sets no cookies
]
NO_COOKIES = (
    "enableThirdPartyCookieRestriction",
    "disableThirdPartyCookieMetadata",
    "disableThirdPartyCookieHeuristics",
)
# Browsers call any answer from 400 on an error; these two are how forms are refused here.
EXPECTED = re.compile(r"Failed to load resource: .* status of (409|422) ")


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

    def over(self, page: Page) -> Page:
        """Watch a page from now on."""
        page.on("console", self.on_console)
        page.on("pageerror", self.on_error)
        page.on("request", self.on_request)
        return page

    def unexpected(self) -> list[str]:
        """The complaints that were not allowed."""
        return [text for text in self.complaints if not any(part in text for part in self.allowed)]


def keep_cookies_from_frames(page: Page) -> Page:
    """Have what another site frames in a page get and set no cookies, as in browsers that people have."""
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")
    session.send("Network.setCookieControls", dict.fromkeys(NO_COOKIES, True))
    return page


def chromium(*, whole: bool = False) -> str | None:
    """Where Chromium is on this machine, if it is; the quicker one unless it has to be the whole browser."""
    return next(filter(None, map(shutil.which, NAMES if whole else (SHELL, *NAMES))), None)


def launch(playwright: Playwright, executable: str) -> Browser:
    """Start Chromium; who starts it closes it."""
    flags = [*FLAGS, "--no-sandbox"] if os.geteuid() == 0 else FLAGS
    return playwright.chromium.launch(executable_path=executable, args=flags)


@contextmanager
def launched(executable: str) -> Iterator[Browser]:
    """Start Chromium, and end it at the end."""
    with sync_playwright() as playwright, launch(playwright, executable) as browser:
        yield browser
