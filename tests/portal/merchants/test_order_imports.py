"""A shop's managers bring lists of orders, follow them, and read what was wrong."""

import csv
from io import StringIO

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from portal.models.people import Role
from portal.sheets import harmless, sheet_response
from scheduling import clock, tasks
from scheduling.models import Order, OrderImport
from tests.factories import NOW, make_membership, make_merchant

pytestmark = pytest.mark.django_db

GOOD = b"order,email,sku,item,price\n1,a@example.com,C,Cup,12.90\n"


@pytest.fixture(autouse=True)
def at():
    clock.set_source(lambda: NOW)
    yield
    clock.set_source(None)


@pytest.fixture
def shop():
    return make_merchant()


def somebody(shop, role=Role.MANAGER) -> Client:
    client = Client()
    client.force_login(make_membership(merchant=shop, role=role).user)
    return client


def bring(client, shop, content=GOOD, name="orders.csv"):
    file = SimpleUploadedFile(name, content, content_type="text/csv")
    return client.post(f"/shop/{shop.slug}/orders/", {"file": file})


def test_a_list_is_taken_in_and_its_page_says_how_far_it_is(shop):
    client = somebody(shop)

    page = client.get(bring(client, shop)["Location"])
    assert "Reading: 0 of about 1 lines." in page.content.decode()
    assert "hx-get" in page.content.decode()

    tasks.import_orders()
    over = client.get(page.request["PATH_INFO"]).content.decode()
    assert "Read as UTF-8: 1 orders added, 0 as they were." in over
    assert "hx-get" not in over
    assert Order.objects.get().number == "1"
    assert "orders.csv" in client.get(f"/shop/{shop.slug}/orders/").content.decode()


def test_htmx_gets_the_progress_alone(shop):
    client = somebody(shop)
    address = bring(client, shop)["Location"]

    part = client.get(address, headers={"HX-Request": "true", "HX-Target": "progress"}).content.decode()

    assert part.lstrip().startswith("<section")


def test_each_bad_line_is_told_and_can_be_downloaded(shop):
    client = somebody(shop)
    address = bring(client, shop, GOOD + b"2,nobody,C,Cup,1\n" * 2)["Location"]
    tasks.import_orders()

    page = client.get(address).content.decode()
    assert "Nothing was taken in" in page
    assert "Line 3" in page
    assert not Order.objects.exists()
    rows = list(csv.reader(StringIO(client.get(f"{address}bad.csv").content.decode())))
    assert rows[1] == ["3", "email is no e-mail address."]


@pytest.mark.parametrize(
    ("content", "says"),
    [(b"", "The file is empty."), (b"a,b\n", "These are missing: order"), (b"\x00\x01" * 50, "missing")],
)
def test_what_is_no_list_is_refused_on_the_form(shop, content, says):
    answer = bring(somebody(shop), shop, content)

    assert (answer.status_code, says in answer.content.decode()) == (422, True)
    assert not OrderImport.objects.exists()


def test_no_file_is_asked_for_again(shop):
    answer = somebody(shop).post(f"/shop/{shop.slug}/orders/", {"file": "words"})

    assert (answer.status_code, "Choose the file first." in answer.content.decode()) == (422, True)


def test_a_large_list_may_be_sent_here_and_nowhere_else(shop):
    client = somebody(shop)
    content = GOOD + b"," * 300_000

    assert bring(client, shop, content).status_code == 303
    file = SimpleUploadedFile("orders.csv", content)
    assert client.post(f"/shop/{shop.slug}/keys/", {"file": file}).status_code == 413


def test_lists_are_for_the_shops_own_managers(shop):
    address = bring(somebody(shop), shop)["Location"]
    other = make_merchant()

    assert somebody(shop, Role.RETURNS_DESK).get(address).status_code == 403
    assert bring(somebody(shop, Role.RETURNS_DESK), shop).status_code == 403
    assert somebody(other).get(address).status_code == 404
    assert somebody(other).get(address.replace(shop.slug, other.slug)).status_code == 404
    assert Client().get(address).status_code == 302


def test_a_name_is_words_and_no_page(shop):
    client = somebody(shop)
    address = bring(client, shop, name="<b>x</b>.csv")["Location"]

    assert "<b>x" not in client.get(address).content.decode()


@pytest.mark.parametrize("cell", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", " =1", "\r=1"])
def test_no_cell_that_we_hand_out_is_a_formula(cell):
    assert harmless(cell) == f"'{cell}"
    assert harmless(-1) == -1
    assert harmless("a=1") == "a=1"
    assert sheet_response("a.csv", [[cell]]).content.decode().lstrip('"').startswith("'")
