"""The processes of production, as `deploy/` runs them, walked in a real browser; mails come by SMTP."""

import re
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager

from playwright.sync_api import Browser, Page, expect

from portal.benchmarks.servers import wait_until
from portal.benchmarks.stack import DATABASES, LOOPBACK, Database, Stack, running
from tests.browser.chromium import PATIENCE_MS, Watch, chromium, launched
from tests.fakes.mail import MailServer, start_mail_server
from tests.proofs.run import Outcome, Run
from tests.races.shopper import addresses

SMALL, WIDE = 360, 1280
LINK = re.compile(r"https://[^/\s]+(/l/\S+)")
AT_ONCE_S = 10
"""How soon a mail is there: the relay is woken, and sweeps every five seconds besides."""


def prove(run: Run) -> Outcome:
    """On each database a journey by phone and one at a desk; in the short form by phone, on PostgreSQL."""
    executable = chromium()
    if executable is None:
        return Outcome("not walked", ("no Chromium here: apt-get install chromium",))
    databases: tuple[Database, ...] = ("postgres",) if run.short else DATABASES
    # Playwright wants a thread to itself, and the tests of pages may have begun in this one.
    with ThreadPoolExecutor(1) as aside:
        walked = [aside.submit(_walked, run, database, executable).result() for database in databases]
    journeys, mails = sum(found[0] for found in walked), sum(found[1] for found in walked)
    complaints = [text for found in walked for text in found[2]]
    return Outcome(f"{journeys} journeys, {mails} mails, {len(complaints)} complaints", tuple(complaints[:5]))


def _walked(run: Run, database: Database, executable: str) -> tuple[int, int, list[str]]:
    """Walk the journeys on one database; return how many, how many mails came, and what was wrong."""
    mail, controller = start_mail_server()
    watch = Watch()
    with (
        closing(_Stopping(controller)),
        _portal(run, database, mail) as stack,
        launched(executable) as browser,
    ):
        run.say(f"{database}: all is up")
        widths = (SMALL,) if run.short else (SMALL, WIDE)
        for number, width in enumerate(widths):
            _Journey(browser, stack, watch, mail, number, width).walk()
            run.say(f"{database}: walked at {width} px")
        wrong = watch.unexpected()
        if "\n0 breaches" not in stack.manage("check_invariants", check=False):
            wrong.append("check_invariants found breaches")
        return len(widths), len(mail.mails), wrong


class _Stopping:
    def __init__(self, controller: object) -> None:
        self.close = controller.stop


@contextmanager
def _portal(run: Run, database: Database, mail: MailServer):
    """Web, worker and timetable on the demo's town. Browsers come in by plain HTTP, as if from a proxy."""
    settings = {"WEB_CONCURRENCY": str(run.size(2, 1))}
    with running(
        run.folder / database,
        database=database,
        mail_url=f"smtp://{mail.host}:{mail.port}",
        settings=settings,
    ) as stack:
        stack.environment["CSRF_TRUSTED_ORIGINS"] = stack.url
        stack.lay_out_town(rounds=2 if run.short else None, most=run.size(0, 4))
        stack.start_web()
        stack.start_worker()
        yield stack
        assert stack.web.end() == 0, "web did not end cleanly"
        assert stack.worker.end() == 0, "the worker did not end cleanly"


class _Journey:
    """One customer: chooses, keeps, confirms, gets mails, moves and cancels from another device."""

    def __init__(
        self, browser: Browser, stack: Stack, watch: Watch, mail: MailServer, number: int, width: int
    ) -> None:
        self.browser, self.stack, self.watch, self.mail = browser, stack, watch, mail
        self.number, self.width = number, width
        self.email = f"aino-{number}@example.com"
        self.mails = 0

    def walk(self) -> None:
        page = self._device()
        self._chooses(page, "/s/nordkaupa/")
        page.get_by_label("E-mail").fill(self.email)
        page.locator("#confirm button[type=submit]").click()
        expect(page.get_by_role("link", name="Move it")).to_be_visible()
        manage, follow, _not_me = self._links()
        self._looks(follow)
        again = self._device()
        again.goto(manage)
        self._moves(again)
        self._links()
        again.get_by_role("link", name="Cancel it").click()
        again.get_by_role("button", name="Yes, cancel it").click()
        expect(again.get_by_role("heading", name="We don’t come")).to_be_visible()
        self._next_mail()
        page.reload()
        expect(page.get_by_role("heading", name="We don’t come")).to_be_visible()

    def _device(self) -> Page:
        context = self.browser.new_context(
            base_url=self.stack.url,
            viewport={"width": self.width, "height": 780},
            extra_http_headers={"X-Forwarded-Proto": "https", "X-Forwarded-For": f"10.{self.number}.0.1"},
            reduced_motion="reduce",
        )
        context.set_default_timeout(PATIENCE_MS)
        return self.watch.over(context.new_page())

    def _chooses(self, page: Page, shop: str) -> None:
        page.goto(f"{shop}?order=W-{self.number}")
        page.get_by_label("Street, number and town").fill(addresses(9)[4 + self.number])
        page.get_by_role("radio", name="A few boxes").check()
        page.get_by_role("button", name="Show times").click()
        page.locator("input[name=suggestion]").first.check()
        page.get_by_role("button", name="Keep this time").click()
        expect(page.get_by_role("heading", name="Check and confirm")).to_be_visible()

    def _moves(self, page: Page) -> None:
        page.get_by_role("link", name="Move it").click()
        # The last of all times shown: late in the evening all that is suggested may be one time.
        page.locator(".time:not(:has-text('Your time now')) > input[type=radio]").last.check()
        page.get_by_role("button", name="Move it here").click()
        expect(page.get_by_role("link", name="Cancel it")).to_be_visible()

    def _looks(self, follow: str) -> None:
        """Whoever has only the follow link sees neither address nor what could be changed."""
        page = self._device()
        page.goto(follow)
        assert addresses(9)[4 + self.number].split(",")[0] not in page.content()
        assert not page.get_by_role("link", name="Cancel it").count()

    def _links(self) -> tuple[str, ...]:
        """The links of the next mail, without the host that only the proxy knows."""
        return tuple(LINK.findall(self._next_mail()))

    def _next_mail(self) -> str:
        self.mails += 1
        wait_until(
            lambda: len(self.mail.to(self.email)) >= self.mails, seconds=6 * AT_ONCE_S, what="a mail to come"
        )
        assert self.stack.url.startswith(f"http://{LOOPBACK}")
        return self.mail.to(self.email)[self.mails - 1].text
