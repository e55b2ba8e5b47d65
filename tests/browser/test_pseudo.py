"""A pseudo-locale: every sentence can be translated, and pages bear longer words from right to left."""

import re

import pytest
from django.utils.translation import trans_real
from playwright.sync_api import Page

from scheduling import clock
from tests.factories import make_network
from tests.portal.customers.conftest import GAZETTEER, Clock

LANGUAGE = "ar"  # one that Django knows and that runs from right to left; its words are made up below
DATA = (
    "Testikatu",
    "Helsinki",
    "Shop ",
    "aino@example.com",
    "Battery van",
    "a test",
    "marginal-metres",
    "EUR",
)
TEXTS = """() => {
  const found = [], walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const box = walker.currentNode.parentElement;
    const whole = box.closest("p, li, h1, h2, dt, dd, label, legend, button, figcaption") || box;
    if (!box.closest("script, style, code")) found.push(whole.textContent.trim());
  }
  return found;
}"""

TOO_WIDE = """() => {
  const outside = ({ left, right }) => left < 0 || right > innerWidth;
  const wide = document.documentElement.scrollWidth > innerWidth;
  const all = [...document.querySelectorAll("main *")];
  const found = all.filter((each) => outside(each.getBoundingClientRect()));
  return wide ? found.map((each) => `${each.tagName}.${each.className}`) : [];
}"""


def padded(sentence: str) -> str:
    """A third longer, and marked as translated."""
    return f"⟦{sentence}{'·' * (len(sentence) // 3)}⟧" if sentence else sentence


class Pseudo(trans_real.DjangoTranslation):
    """Django's own machinery with made-up words."""

    def gettext(self, message: str) -> str:
        return padded(message)

    def ngettext(self, singular: str, plural: str, number: int) -> str:
        return padded(singular if number == 1 else plural)


@pytest.fixture
def shop(settings, tmp_path):
    settings.LANGUAGES = [("en", "English"), (LANGUAGE, "Pseudo")]
    trans_real._translations[LANGUAGE] = Pseudo(LANGUAGE)
    file = tmp_path / "addresses.csv"
    file.write_text(GAZETTEER)
    settings.GEOCODER, settings.GAZETTEER_FILE = "gazetteer", str(file)
    clock.set_source(Clock())
    yield f"/s/{make_network(days=9).merchant.slug}/"
    clock.set_source(None)
    trans_real._translations.clear()


def untranslated(page: Page) -> list[str]:
    """Texts with letters that nobody could translate, what people typed and set-up rows aside."""
    texts = [text for text in page.evaluate(TEXTS) if re.search(r"[^\W\d_]{2,}", text)]
    return [text for text in texts if "⟦" not in text and not any(word in text for word in DATA)]


def test_every_sentence_is_translated_and_longer_words_fit_from_right_to_left(
    visitor, shop, live_server, assert_accessible
):
    page = visitor(width=320)
    page.context.add_cookies([{"name": "django_language", "value": LANGUAGE, "url": live_server.url}])

    def check() -> None:
        assert page.locator("html").get_attribute("dir") == "rtl"
        assert untranslated(page) == [], page.url
        assert page.evaluate(TOO_WIDE) == [], page.url
        assert_accessible(page)

    page.goto(f"{shop}?order=10482")
    check()
    page.locator("#id_address").fill("Testikatu 1, 00100 Helsinki")
    page.locator("input[name=size][value=boxes]").check()
    page.locator("main button[type=submit]").click()
    page.wait_for_url("**/times/")
    check()
    page.locator("#days .time input").first.check()
    page.locator(".sticky button").click()
    page.wait_for_url("**/check/")
    check()
    page.locator("#id_email").fill("aino@example.com")
    page.locator("main .button--wide").click()
    page.wait_for_url("**/d/**")
    check()
    booking = page.url
    for path in (
        *(f"{booking}{step}/" for step in ("move", "join", "notes", "cancel")),
        f"{shop}how-we-count/",
    ):
        page.goto(path)
        check()
    for path in ("/find/", "/find/asked/"):
        page.goto(path)
        check()
