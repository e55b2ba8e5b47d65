"""A keyboard and nothing else: whether Tab reaches all of a page, and the tasks that people come for."""

import re
from collections.abc import Callable, Iterator
from typing import Any

from playwright.sync_api import Page, expect

from tests.races.shopper import addresses

Look = Callable[[Page, str], None]
Task = Callable[[Page, Look], int]
SPARE = 12
"""So many presses more than a page has stops; who then is not through is caught somewhere."""

NUMBER_STOPS = """() => {
  const some = 'a[href], button, input, select, textarea, summary, [tabindex]';
  const shown = (each) => each.checkVisibility({ visibilityProperty: true }) && each.getClientRects().length;
  const groups = new Set();
  const stops = [...document.querySelectorAll(some)].filter((each) => {
    if (each.disabled || each.tabIndex < 0 || each.type === 'hidden' || !shown(each)) return false;
    if (each.type !== 'radio') return true;
    const group = `${each.form?.id} ${each.name}`;
    if (groups.has(group)) return false;
    groups.add(group);
    return true;
  });
  document.querySelectorAll('[data-stop]').forEach((each) => each.removeAttribute('data-stop'));
  stops.forEach((each, number) => { each.dataset.stop = number });
  return stops.map((each) => (each.outerHTML.slice(0, 90)));
}"""

AT = """() => {
  const at = document.activeElement;
  if (!at || at === document.body || at === document.documentElement) return null;
  const near = [at, ...(at.labels || []), at.parentElement, at.closest('.time, .choice, label')];
  const drawn = (each) => {
    const style = each && getComputedStyle(each);
    if (!style) return false;
    const outlined = style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) > 0;
    return outlined || style.boxShadow !== 'none';
  };
  const area = (at.type === 'radio' || at.type === 'checkbox') && at.labels?.length ? at.labels[0] : at;
  const covered = [...area.getClientRects()].every((box) => {
    const points = [0.1, 0.5, 0.9].flatMap((x) => [0.1, 0.5, 0.9].map((y) => [x, y]));
    return points.every(([x, y]) => {
      const hit = document.elementFromPoint(box.left + box.width * x, box.top + box.height * y);
      return !hit || !(area.contains(hit) || hit.contains(area));
    });
  });
  const radio = at.type === 'radio' && document.querySelector(`[data-stop][name="${CSS.escape(at.name)}"]`);
  const frame = at.tagName === 'IFRAME';
  const stop = (radio || at).dataset.stop ?? '';
  return { stop, html: at.outerHTML.slice(0, 90), drawn: frame || near.some(drawn), covered };
}"""

TO_THE_TOP = """() => {
  document.body.tabIndex = -1;
  document.body.focus();
  document.body.removeAttribute('tabindex');
  scrollTo(0, 0);
}"""
"""From there Tab goes on, also where a page gave the focus to a field."""

NAME = """() => {
  const at = document.activeElement;
  const labels = [...(at.labels || [])].map((each) => each.innerText).join(' ');
  return [at.getAttribute('aria-label'), labels, at.innerText, at.title].filter(Boolean).join(' ');
}"""


def keyboard_faults(page: Page) -> tuple[int, list[str]]:
    """Press Tab from the page's beginning to its end; return how many stops it has, and what was wrong."""
    page.evaluate(TO_THE_TOP)
    stops: list[str] = page.evaluate(NUMBER_STOPS)
    reached, faults = set(), []
    for _press in range(len(stops) + SPARE):
        page.keyboard.press("Tab")
        at = page.evaluate(AT)
        # Out of it, or with no window around it, at its beginning again.
        if at is None or (at["stop"] == "0" and len(reached) >= len(stops)):
            break
        reached.add(at["stop"])
        if not at["drawn"]:
            faults.append(f"nothing shows that it has the focus: {at['html']}")
        if at["covered"]:
            faults.append(f"something lies over what has the focus: {at['html']}")
    else:
        faults.append("the Tab key does not come out of it")
    missed = [html for number, html in enumerate(stops) if str(number) not in reached]
    return len(stops), faults + [f"the Tab key does not reach {html}" for html in missed]


def to(page: Page, name: str, *, presses: int = 150) -> None:
    """Press Tab until what is named so has the focus."""
    for _press in range(presses):
        page.keyboard.press("Tab")
        if name in page.evaluate(NAME):
            return
    raise AssertionError(f"the Tab key never came to {name!r} on {page.url}")


def press(page: Page, name: str) -> None:
    """Go to a link or button and press it."""
    to(page, name)
    page.keyboard.press("Enter")


def write(page: Page, name: str, text: str) -> None:
    """Go to a field and type into it."""
    to(page, name)
    page.keyboard.press("Control+A")
    page.keyboard.type(text)


def comes_back(page: Page) -> None:
    """Wait until the booking's own page stands again: what it says may stand on the page before, too."""
    page.wait_for_url(re.compile(r"/d/[^/]+/(\?.*)?$"))


def choose(page: Page, group: str, name: str = "") -> None:
    """Go to a group of radios by the name of whichever Tab comes to, and on by arrows to the one named."""
    to(page, group)
    page.keyboard.press("Space")
    for _press in range(40):
        if name in page.evaluate(NAME):
            return
        page.keyboard.press("ArrowDown")
    raise AssertionError(f"no arrow came to {name!r} on {page.url}")


def walk_tasks(world: dict[str, Any]) -> Iterator[Task]:
    """What people come for, each by keys alone; each returns how many tasks it did."""
    shop = world["shop"]

    def books_and_changes(page: Page, look: Look) -> int:
        _books(page, shop, look)
        for task in CHANGES:
            task(page, look)
        return 1 + len(CHANGES)

    def finds_again(page: Page, look: Look) -> int:
        page.goto("/find/")
        write(page, "Order number", "N-1")
        write(page, "E-mail", "aino@example.com")
        page.keyboard.press("Enter")
        page.wait_for_url("**/asked/")
        look(page, "asked")
        return 1

    yield books_and_changes
    yield finds_again


def _books(page: Page, shop: str, look: Look) -> None:
    page.goto(f"{shop}?order=K-1")
    write(page, "Street, number and town", addresses(9)[4])
    choose(page, "A bag", "A few boxes")
    press(page, "Show times")
    page.wait_for_url("**/times/")
    look(page, "times")
    page.reload()
    choose(page, ":00")
    press(page, "Keep this time")
    page.wait_for_url("**/check/")
    look(page, "check")
    write(page, "E-mail", "aino@example.com")
    page.keyboard.press("Enter")
    page.wait_for_url("**/d/**")
    look(page, "booking, just booked")


def _moves(page: Page, look: Look) -> None:
    page.reload()
    press(page, "Move it")
    page.wait_for_url("**/move/")
    look(page, "move")
    page.reload()
    choose(page, ":00")
    press(page, "Move it here")
    comes_back(page)


def _adds_an_order(page: Page, look: Look) -> None:
    press(page, "Add an order")
    page.wait_for_url("**/join/")
    look(page, "join")
    page.reload()
    write(page, "Order number", "K-2")
    choose(page, "A bag")
    press(page, "Add")
    comes_back(page)
    expect(page.get_by_text("The order is added")).to_be_visible()


def _tells_the_street(page: Page, look: Look) -> None:
    press(page, "Your street")
    page.wait_for_url("**/street/")
    look(page, "street")
    page.reload()
    press(page, "Yes, it may")
    comes_back(page)
    expect(page.get_by_text("Your street may hear that a van comes.")).to_be_visible()


def _goes_to_a_point(page: Page, look: Look) -> None:
    press(page, "Pickup point")
    page.wait_for_url("**/point/")
    look(page, "point")
    page.reload()
    press(page, "Choose")
    page.wait_for_url("**/point/?to=*")
    look(page, "point: asked")
    page.reload()
    press(page, "Yes, send it there")
    comes_back(page)
    expect(page.get_by_role("heading", name="Collect it")).to_be_visible()
    look(page, "booking, at a pickup point")


def _names_a_safe_place(page: Page, look: Look) -> None:
    press(page, "If nobody opens")
    page.wait_for_url("**/place/")
    look(page, "safe-place")
    page.reload()
    choose(page, "Don’t leave it", "Porch")
    press(page, "Save it")
    comes_back(page)
    expect(page.get_by_text("Porch").first).to_be_visible()


def _needs_longer(page: Page, look: Look) -> None:
    press(page, "Time at the door")
    page.wait_for_url("**/longer/")
    look(page, "longer")
    page.reload()
    to(page, "How much longer")
    page.keyboard.press("ArrowDown")
    press(page, "Save it")
    comes_back(page)
    expect(page.get_by_text("minutes more").first).to_be_visible()


def _says_how_to_get_in(page: Page, look: Look) -> None:
    press(page, "How we get in")
    page.wait_for_url("**/notes/")
    look(page, "notes")
    page.reload()
    write(page, "Name on the buzzer", "Virtanen")
    press(page, "Keep this")
    comes_back(page)
    expect(page.get_by_text("Now we know how to get in.")).to_be_visible()


def _wants_quiet_nights(page: Page, look: Look) -> None:
    press(page, "How we reach you")
    page.wait_for_url("**/preferences/")
    look(page, "preferences")
    page.reload()
    to(page, "No mails from")
    page.keyboard.type("2200")
    to(page, "until")
    page.keyboard.type("0700")
    press(page, "Keep this")
    comes_back(page)
    expect(page.get_by_text("How we write to you is changed.")).to_be_visible()


def _cancels(page: Page, look: Look) -> None:
    press(page, "Cancel it")
    page.wait_for_url("**/cancel/")
    look(page, "cancel")
    page.reload()
    press(page, "Yes, cancel it")
    comes_back(page)
    expect(page.get_by_role("heading", name="We don’t come")).to_be_visible()
    look(page, "cancelled")


CHANGES = (
    _moves,
    _adds_an_order,
    _tells_the_street,
    _names_a_safe_place,
    _needs_longer,
    _says_how_to_get_in,
    _wants_quiet_nights,
    _goes_to_a_point,
    _cancels,
)
