"""A shop's developer tries the widget: who may, what is allowed by what, and what the lines say."""

from urllib.parse import urlencode

import pytest
from django.test import Client

from portal.models.people import Role
from portal.models.widget import WidgetSession
from portal.services.sessions import list_origins, listed_origins
from tests.factories import make_membership, make_merchant, make_network
from tests.portal.merchants.test_widget import somebody
from tests.portal.widget.conftest import Frame, _few_addresses, at

__all__ = ["_few_addresses", "at"]
pytestmark = [pytest.mark.django_db, pytest.mark.once]
HERE = "http://localhost"


@pytest.fixture
def shop():
    return make_network(days=9).merchant


@pytest.fixture
def manager(shop) -> Client:
    client = Client(SERVER_NAME="localhost")
    client.force_login(make_membership(merchant=shop, role=Role.MANAGER).user)
    return client


def path(shop, more: str = "") -> str:
    return f"/shop/{shop.slug}/widget/try/{more}"


def lines(page: str, way: str) -> str:
    from html import unescape

    return unescape(page.split(f'id="{way}-lines"><code>')[1].split("</code>")[0])


def test_it_may_show_the_frame_only_once_the_shop_listed_this_page_as_any_other(shop, manager):
    list_origins(merchant=shop, origins=["https://shop.example"])
    frame = f"/embed/v1/frame/{shop.slug}/"

    assert "This page may not show your widget yet" in manager.get(path(shop)).content.decode()
    assert manager.post(path(shop, "open/")).json()["error"]["code"] == "origin_not_listed"
    assert HERE not in Client().get(frame)["Content-Security-Policy"]
    assert manager.post(path(shop, "list/")).status_code == 303

    assert listed_origins(shop) == ["https://shop.example", HERE]
    assert "This page may not show" not in manager.get(path(shop)).content.decode()
    assert f"https://shop.example {HERE}" in Client().get(frame)["Content-Security-Policy"]


def test_only_this_page_of_ours_frames_anything_and_still_without_unsafe_words(shop, manager):
    here, beside = manager.get(path(shop)), manager.get(f"/shop/{shop.slug}/widget/")

    assert "frame-src 'self'" in here["Content-Security-Policy"]
    assert "frame-src 'none'" in beside["Content-Security-Policy"]
    assert "unsafe" not in here["Content-Security-Policy"]
    assert "style=" not in here.content.decode()


def test_to_look_changes_nothing(shop, manager):
    manager.get(path(shop))

    assert not WidgetSession.objects.of_everybody().exists()
    assert listed_origins(shop) == []


def test_a_session_opened_here_works_here_and_nowhere_else(shop, manager):
    manager.post(path(shop, "list/"))

    token = manager.post(path(shop, "open/"), {"address": "Testikatu 1, 00100 Helsinki"}).json()["session"]

    assert Frame(shop, token, page=HERE)("open").json()["view"] == "times"
    assert Frame(shop, token)("open").status_code == 401
    assert WidgetSession.objects.of(shop).get().created_by.startswith("user:")


@pytest.mark.parametrize(
    ("address", "view"), [("", "where"), ("Testikatu 99, 00100 Helsinki", "place"), ("Nowhere 1", "where")]
)
def test_an_address_that_is_not_sure_is_asked_about_in_the_widget(shop, manager, address, view):
    manager.post(path(shop, "list/"))

    token = manager.post(path(shop, "open/"), {"address": address}).json()["session"]

    assert Frame(shop, token, page=HERE)("open").json()["view"] == view


def test_who_is_no_manager_there_opens_and_lists_nothing(shop):
    list_origins(merchant=shop, origins=[HERE])

    for client, status in (
        (somebody(shop, Role.VIEWER), 403),
        (somebody(make_merchant(), Role.MANAGER), 404),
        (Client(), 302),
    ):
        assert client.get(path(shop)).status_code == status
        assert client.post(path(shop, "open/")).status_code == status
        assert client.post(path(shop, "list/")).status_code == status
    assert not WidgetSession.objects.of_everybody().exists()


def test_the_lines_follow_the_form(shop, manager):
    said = {"name": "when", "theme": "dark", "label": 'Your "times"', "accent": "#9c2f1d", "required": "on"}

    page = manager.get(f"{path(shop)}?{urlencode(said)}").content.decode()

    assert f'name="when"\n  merchant="{shop.slug}"\n  theme="dark"' in lines(page, "html")
    assert 'label="Your &quot;times&quot;"' in lines(page, "html")
    assert 'label={"Your \\"times\\""}' in lines(page, "react")
    assert "  --doorstep-accent: #9c2f1d;\n" in lines(page, "css")
    for way in ("html", "react", "vue", "svelte"):
        assert " required" in lines(page, way)
    assert page.count("Untested: we have not run these lines.") == 2


def test_what_is_no_value_of_css_is_said_and_left_out(shop, manager):
    said = {"accent": "red; } body { display: none", "radius": "4px"}

    answer = manager.get(f"{path(shop)}?{urlencode(said)}")

    assert answer.status_code == 422
    assert "Write one value of CSS" in answer.content.decode()
    assert "--doorstep-radius: 4px;" in lines(answer.content.decode(), "css")
    assert "--doorstep-accent" not in lines(answer.content.decode(), "css")


def test_htmx_gets_the_lines_alone(shop, manager):
    answer = manager.get(path(shop), headers={"HX-Request": "true", "HX-Target": "snippets"})

    assert answer.content.decode().startswith('<section class="stack" id="snippets"')
