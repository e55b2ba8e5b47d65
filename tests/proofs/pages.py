"""Every page of the address map: axe, keys alone, narrow and wide, light and dark, from right to left."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from playwright.sync_api import Browser, BrowserContext, Page

from portal.benchmarks.stack import Stack, running
from tests.browser.chromium import PATIENCE_MS, Watch, chromium, launched
from tests.browser.looks import breaches_of, fits, turn
from tests.proofs import within
from tests.proofs.keys import keyboard_faults, walk_tasks
from tests.proofs.run import Outcome, Run

WIDTHS, NARROW = (320, 360, 768, 1280), 320
LOOKS = ((320, "light", "ltr"), (320, "dark", "rtl"), (1280, "light", "rtl"), (1280, "dark", "ltr"))
"""Width, colours and direction in which axe looks at a page."""
NOBODYS = ("/nothing-here/", "/l/" + "x" * 64 + "/")
"""Addresses of nothing: what people see there are pages, too."""
NOT_AT_EASE = ("Failed to load resource", "The script resource is behind a redirect")
"""What the browser says of pages that answer 404 on purpose, and of a service worker's script:
it asks for that without the headers by which this proof pretends to come through https."""
MANY = {"REQUESTS_PER_MINUTE": "0", "API_REQUESTS_PER_MINUTE": "1000000"}


@dataclass
class Looked:
    """What was found. `faults` are sentences."""

    pages: int = 0
    axe_runs: int = 0
    stops: int = 0
    tasks: int = 0
    faults: list[str] = field(default_factory=list)


@dataclass
class Looker:
    """Looks at pages as they stand, in every width, colours and direction."""

    run: Run
    found: Looked

    def look(self, page: Page, name: str) -> None:
        """Look at one page: does it fit, what does axe say, can keys alone reach all of it?"""
        self.found.pages += 1
        for width in (NARROW,) if self.run.short else WIDTHS:
            page.set_viewport_size({"width": width, "height": 780})
            for direction in ("ltr", "rtl"):
                turn(page, direction)
                if not fits(page):
                    self.found.faults.append(f"{name} is too wide at {width} px, {direction}")
        for width, colours, direction in LOOKS[1:2] if self.run.short else LOOKS:
            page.set_viewport_size({"width": width, "height": 780})
            page.emulate_media(color_scheme=colours, reduced_motion="reduce")  # type: ignore[arg-type]
            turn(page, direction)
            self.found.axe_runs += 1
            self.found.faults += [
                f"{name}, {width} px {colours} {direction}: {each}" for each in breaches_of(page)
            ]
        turn(page, "ltr")
        page.emulate_media(color_scheme="light", reduced_motion="reduce")
        page.set_viewport_size({"width": self.run.size(360, NARROW), "height": 780})
        stops, faults = keyboard_faults(page)
        self.found.stops += stops
        self.found.faults += [f"{name}: {fault}" for fault in faults]


def prove(run: Run) -> Outcome:
    """On SQLite, production's settings, the demo's town; in the short form little of it, one width, axe once.

    Pages come from the address map: whoever of staff and customer gets HTML there is shown it. Those on the
    way to a booking need what was typed before; they are looked at while the tasks are done by keys alone.
    """
    executable = chromium()
    if executable is None:
        return Outcome("not walked", ("no Chromium here: apt-get install chromium",))
    with running(run.folder, database="sqlite", settings=MANY, forked=run.short) as stack:
        stack.environment["CSRF_TRUSTED_ORIGINS"] = stack.url
        stack.lay_out_town(rounds=run.size(8, 2), most=run.size(0, 4))
        world = within.call(stack, "tests.proofs.people:lay_out")
        stack.start_web()
        # Playwright wants a thread to itself, and the tests of pages may have begun in this one.
        with ThreadPoolExecutor(1) as aside:
            found = aside.submit(look_at_all, run, stack, world, executable).result()
    for fault in found.faults:
        run.say(fault)
    return Outcome.of(
        f"{found.pages} pages, {found.axe_runs} runs of axe, {found.stops} stops of the Tab key, "
        f"{found.tasks} tasks by keys alone: {len(found.faults)} faults",
        no_faults=not found.faults,
        pages_were_found=found.pages >= 30,
        tasks_were_done=found.tasks >= 11,
    )


def look_at_all(run: Run, stack: Stack, world: dict[str, Any], executable: str) -> Looked:
    """Open every page as whoever may, then do the tasks."""
    found, watch = Looked(), Watch(allowed=[*NOT_AT_EASE])
    looker = Looker(run, found)
    with launched(executable) as browser:
        contexts = [visitor(browser, stack, number, who) for number, who in enumerate(world["who"])]
        pages = [watch.over(each.new_page()) for each in contexts]
        for name, path in world["routes"]:
            page = next((each for each in pages if is_page(each.context, path)), None)
            if page is not None:
                show(page, looker, name, path)
        for path in NOBODYS:
            show(pages[0], looker, path[:12], path)
        run.say(f"{found.pages} pages of the address map, {len(found.faults)} faults")
        for number, walk in enumerate(walk_tasks(world)):
            page = watch.over(visitor(browser, stack, 100 + number, {}).new_page())
            found.tasks += walk(page, looker.look)
            page.context.close()
    found.faults += watch.unexpected()
    return found


def show(page: Page, looker: Looker, name: str, path: str) -> None:
    """Open a page and look at it."""
    page.goto(path)
    looker.look(page, name)


def visitor(browser: Browser, stack: Stack, number: int, who: dict[str, Any]) -> BrowserContext:
    """Return a browser of its own: `who` has a link to open first, signs in, or is nobody in particular."""
    context = browser.new_context(
        base_url=stack.url,
        viewport={"width": 360, "height": 780},
        extra_http_headers={"X-Forwarded-Proto": "https", "X-Forwarded-For": f"10.{number}.0.1"},
        reduced_motion="reduce",
    )
    context.set_default_timeout(PATIENCE_MS)
    if link := who.get("link"):
        page = context.new_page()
        page.goto(link)
        if "pin" in who:
            type_pin(page, who["pin"])
    if "email" in who:
        sign_in(context.new_page(), **who)
    return context


def type_pin(page: Page, pin: str) -> None:
    """Open a driver's sheet."""
    page.get_by_label("PIN").fill(pin)
    page.keyboard.press("Enter")
    page.wait_for_url("**/driver/")


def sign_in(page: Page, *, email: str, password: str) -> None:
    """Sign in as somebody of the staff."""
    page.goto("/staff/login/")
    page.get_by_label("E-mail").fill(email)
    page.get_by_label("Password").fill(password)
    page.keyboard.press("Enter")
    page.wait_for_url("**/staff/")


def is_page(context: BrowserContext, path: str) -> bool:
    """Whether an address answers a page to who asks there."""
    answer = context.request.get(path, max_redirects=0, fail_on_status_code=False)
    return answer.status == 200 and answer.headers.get("content-type", "").startswith("text/html")
