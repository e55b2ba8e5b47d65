"""Pages as they stand: what axe finds, whether they fit, and presses that lead to another page."""

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Frame, Locator, Page

RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
FITS = "document.documentElement.scrollWidth <= document.documentElement.clientWidth"

VIOLATIONS = """async (rules) => {
  const options = { runOnly: rules, resultTypes: ["violations"], preload: false, iframes: false };
  const { violations } = await axe.run(options);
  return violations.map(({ id, help, nodes }) => ({ id, help, targets: nodes.map(({ target }) => target) }));
}"""
"""What is well is left in the page: to tell of it cost more than to find out. Frames are looked at by
themselves: there is no axe in them that could answer, and in those of no origin its question is an error."""

SCRIPT = Axe().axe_script


def goes(press: Locator) -> None:
    """Press what leads to another page, or to this one anew, and wait until that stands.

    A click alone may be over while the old page is still there, or half of the new one.
    """
    with press.page.expect_navigation():
        press.click()


def breaches_of(page: Page | Frame) -> list[str]:
    """Every breach that axe finds on a page, once it is whole."""
    page.wait_for_load_state()
    if not page.evaluate("'axe' in window"):
        page.evaluate(SCRIPT)
    found = page.evaluate(VIOLATIONS, RULES)
    return [f"{each['id']}: {each['help']}: {each['targets'][:3]}" for each in found]


def fits(page: Page | Frame) -> bool:
    """Whether nothing of a page lies beside the window."""
    page.wait_for_load_state()
    return bool(page.evaluate(FITS))


def turn(page: Page | Frame, direction: str) -> None:
    """Have a page run from left to right (`ltr`) or from right to left (`rtl`)."""
    page.wait_for_load_state()
    page.evaluate("direction => { document.documentElement.dir = direction }", direction)


def mirrored(page: Page | Frame) -> bool:
    """Whether a page fits when it runs from right to left."""
    turn(page, "rtl")
    fitted = fits(page)
    turn(page, "ltr")
    return fitted
