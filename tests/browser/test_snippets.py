"""The lines we show to shops' developers run as they stand: in a page of theirs, against a real server."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import expect

from scheduling.models import Hold
from tests.browser.elsewhere import Elsewhere, at, bare, offers_times, opened, outlet, picks, shop, value
from tests.browser.react import bundle

__all__ = ["at", "bare", "opened", "outlet", "shop"]
DOC = (Path(__file__).resolve().parents[2] / "docs" / "widget.md").read_text()
REACTS = ("18.3.1", "19.3.1")


def snippet(language: str) -> str:
    """The first lines of a language in the docs."""
    return re.search(rf"```{language}\n(.*?)```", DOC, re.DOTALL)[1]


def put_right(lines: str, shop: Elsewhere, session: str) -> str:
    """The lines as a developer changes them: our address, their name, a session."""
    merchant = shop.outlet.merchant.slug
    changed = lines.replace("https://HOST", shop.ours).replace("acme", merchant)
    assert "HOST" not in changed
    return changed.replace("st_...", session)


def test_the_lines_of_html_give_a_form_its_token(opened, shop, bare):
    bare.body = f"<form>{put_right(snippet('html'), shop, shop.session(bare.origin))}</form>"
    page = opened()
    page.goto(bare.origin)
    offers_times(page)
    picks(page)

    page.wait_for_function("new FormData(document.querySelector('form')).get('delivery_hold')")
    assert value(page) == Hold.objects.get(state="live").token


def test_without_script_the_lines_of_html_lead_to_the_hosted_page(opened, shop, bare):
    bare.body = f"<form>{put_right(snippet('html'), shop, shop.session(bare.origin))}</form>"
    page = opened(javascript=False)
    page.goto(bare.origin)

    link = page.get_by_role("link", name="Choose a delivery time")
    expect(link).to_be_visible()
    assert link.get_attribute("href") == f"{shop.ours}/s/{shop.outlet.merchant.slug}/"


@pytest.fixture(scope="module", params=REACTS)
def react(request, tmp_path_factory) -> str:
    """The docs' component, bundled once for each React."""
    return bundle(snippet("jsx"), react=request.param, folder=tmp_path_factory.mktemp("react"))


@pytest.mark.parametrize("first", ["our script", "react"])
def test_the_lines_for_react_tell_of_a_kept_time(opened, shop, bare, react, first):
    component = react.replace("acme", shop.outlet.merchant.slug)
    bare.body = '<div id="app"></div>'
    page = opened()
    page.goto(bare.origin)
    page.evaluate(component)
    scripts = [
        lambda: page.add_script_tag(url=f"{shop.ours}/embed/v1/slots.js"),
        lambda: page.evaluate("session => show(session)", shop.session(bare.origin)),
    ]
    for run in scripts if first == "our script" else reversed(scripts):
        run()
    offers_times(page)
    assert page.evaluate("document.querySelector('form').checkValidity()") is False
    picks(page)

    page.wait_for_function("window.held")
    assert page.evaluate("held.hold_token") == value(page) != ""
    assert page.evaluate("held.version") == 1
