"""Pages in a language whose words are longer, and in one that is written from right to left."""

import re

import pytest

from tests import pseudo
from tests.factories import make_network

NAMES = re.compile(r"Doorstep|OpenStreetMap", re.IGNORECASE)
PAGES = ["/s/{shop}/", "/find/", "/staff/login/", "/nothing/here/"]


@pytest.fixture
def shop(live_server):
    """A merchant with a depot and days to choose from."""
    return make_network().merchant


def words_outside(text: str, shop) -> list[str]:
    """The words of a page that no translator saw, names aside."""
    return re.findall(r"[^\W\d_]{3,}", NAMES.sub("", pseudo.unbent(text).replace(shop.name, "")))


WIDE = """() => [...document.querySelectorAll("body *")]
    .filter(e => e.getBoundingClientRect().right > innerWidth + 1)
    .filter(e => getComputedStyle(e).position !== "absolute")
    .map(e => `${e.tagName} ${e.className}: ${e.textContent.trim().slice(0, 40)}`)"""


def too_wide(page) -> list[str]:
    """What reaches beyond the window's edge."""
    return page.evaluate(WIDE)


@pytest.mark.parametrize("address", PAGES)
def test_every_word_is_a_translators_and_longer_ones_have_room(address, shop, visitor, watch):
    watch.allow("status of 404")
    page = visitor(width=320)
    with pseudo.speaking():
        page.goto(address.format(shop=shop.slug))

        assert "⟦" in page.inner_text("h1")
        assert words_outside(page.inner_text("body"), shop) == []
        assert too_wide(page) == []


@pytest.mark.parametrize("address", PAGES)
def test_pages_mirror_for_scripts_written_from_the_right(address, shop, visitor, watch):
    watch.allow("status of 404")
    page = visitor(width=320)
    page.goto(address.format(shop=shop.slug))
    page.evaluate("document.documentElement.dir = 'rtl'")

    heading, edge = page.locator("h1").first, page.locator("main").first
    starts = page.evaluate(
        "e => { const r = document.createRange(); r.selectNodeContents(e);"
        " return r.getBoundingClientRect().right }",
        heading.element_handle(),
    )
    assert abs(starts - page.evaluate("e => e.getBoundingClientRect().right", edge.element_handle())) < 60
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
