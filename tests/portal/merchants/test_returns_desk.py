"""The returns desk in pages: a scanner's field, one form an item, all of it without JavaScript."""

import io

import pytest
from django.test import Client
from PIL import Image

from portal.models.people import Role
from returns.models import Return, ReturnPhoto
from returns.services.pickups import book_pickup
from scheduling import clock
from tests.factories import NOW, make_membership, make_merchant, make_network, make_order, make_return
from tests.returns.pickups import a_hold, a_swap, sent_out, tried

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def at():
    clock.set_source(lambda: NOW)
    yield
    clock.set_source(None)


@pytest.fixture
def ret():
    return make_return(make_order(payments=()))


def somebody(shop, role=Role.RETURNS_DESK) -> Client:
    client = Client()
    client.force_login(make_membership(merchant=shop, role=role).user)
    return client


@pytest.fixture
def desk(ret):
    """Somebody of the returns desk: `desk(rest, **fields)` posts, without fields it looks."""
    client = somebody(ret.merchant)

    def ask(rest="", **fields):
        path = f"/shop/{ret.merchant.slug}/returns/desk/{rest}"
        return client.post(path, fields) if fields else client.get(path)

    return ask


def filled(item, **values):
    usual = {
        "received": item.quantity,
        "accepted": item.quantity,
        "grade": "as_new",
        "disposition": "stock",
        "exception": "",
        "deduction": "",
        "deduction_reason": "",
    }
    return {f"i{item.pk}-{name}": value for name, value in (usual | values).items()}


def scanned(desk, ret):
    assert desk("scan/", code=ret.ref).status_code == 303
    return ret.items.all()


def test_a_scan_leads_to_the_parcel_and_its_first_item(desk, ret):
    item = scanned(desk, ret)[0]

    page = desk(f"{ret.ref}/").content.decode()

    assert page.count("autofocus") == 1
    assert page.index("autofocus") < page.index(f'name="i{item.pk}-received"')


def test_who_works_at_the_desk_is_led_to_no_page_that_says_no(desk, ret):
    path = f"/shop/{ret.merchant.slug}/keys/"
    manager = somebody(ret.merchant, Role.MANAGER).get(f"/shop/{ret.merchant.slug}/returns/desk/")

    assert path not in desk().content.decode()
    assert path in manager.content.decode()


def test_an_unknown_code_is_said_where_it_was_scanned(desk):
    page = desk("scan/", code="NOSUCHTHING")

    assert page.status_code == 422
    assert "Nobody announced that" in page.content.decode()
    assert 'value="NOSUCHTHING"' in page.content.decode()


def test_a_whole_parcel_from_the_scan_to_the_money(desk, ret):
    for item in scanned(desk, ret):
        assert desk(f"{ret.ref}/items/{item.pk}/", **filled(item)).status_code == 303
    assert "pay €101.90 back" in desk(f"{ret.ref}/").content.decode()

    answer = desk(f"{ret.ref}/finish/", go="1")

    assert answer["Location"].endswith(f"/returns/desk/?done={ret.ref}")
    ret.refresh_from_db()
    assert (ret.inspection, ret.money) == ("done", "staff")
    page = desk(f"?done={ret.ref}").content.decode()
    assert f"{ret.ref} is finished" in page
    refund = ret.refunds.get()
    assert desk(f"{ret.ref}/refunds/{refund.pk}/by-hand/", **{"hand-reason": ""}).status_code == 422
    desk(f"{ret.ref}/refunds/{refund.pk}/by-hand/", **{"hand-reason": "By bank transfer"})
    ret.refresh_from_db()
    assert ret.money == "paid"


def test_the_desk_hears_that_the_new_was_handed_over_already():
    outlet = make_network(vans=1)
    ret = a_swap(outlet)
    booking = book_pickup(ret.pk, a_hold(outlet, ret).token, actor="link:1", now=NOW)
    tried(sent_out(outlet, booking), "handed_over")

    page = somebody(ret.merchant).get(f"/shop/{ret.merchant.slug}/returns/desk/{ret.ref}/").content.decode()

    assert "its customer has the new one already" in page


def test_what_does_not_add_up_is_said_at_its_item_and_keeps_what_was_typed(desk, ret):
    item = scanned(desk, ret)[0]

    page = desk(f"{ret.ref}/items/{item.pk}/", **filled(item, deduction="2.50"))

    assert page.status_code == 422
    assert "its customer reads it" in page.content.decode()
    assert 'value="2.50"' in page.content.decode()


def test_an_empty_box_needs_one_choice_alone(desk, ret):
    item = scanned(desk, ret)[0]

    desk(f"{ret.ref}/items/{item.pk}/", **filled(item, exception="empty_box"))

    item.refresh_from_db()
    assert (item.received, item.accepted, item.exception) == (0, 0, "empty_box")


def test_wrong_clicks_are_taken_back(desk, ret):
    items = scanned(desk, ret)
    for item in items:
        desk(f"{ret.ref}/items/{item.pk}/", **filled(item))
    desk(f"{ret.ref}/finish/", go="1")

    desk(f"{ret.ref}/open-again/", **{"open-reason": "too early"})
    desk(f"{ret.ref}/items/{items[0].pk}/again/", go="1")
    assert Return.objects.get(pk=ret.pk).items.filter(inspected_at=None).count() == 1
    desk(f"{ret.ref}/put-right/", **{"right-to": "approved", "right-reason": "another parcel"})

    ret.refresh_from_db()
    assert (ret.parcel, ret.inspection, ret.money) == ("approved", "waiting", "open")


def test_a_photo_is_kept_and_shown_to_the_desk_alone(desk, ret, settings, tmp_path):
    settings.MEDIA_ROOT = str(tmp_path)
    item = scanned(desk, ret)[0]
    sent = io.BytesIO()
    Image.new("RGB", (40, 30), "red").save(sent, "JPEG")
    sent.seek(0)
    sent.name = "cup.jpg"

    assert (
        desk(f"{ret.ref}/items/{item.pk}/", **filled(item), **{f"i{item.pk}-photo": sent}).status_code == 303
    )

    photo = ReturnPhoto.objects.get(of=item, taken="desk")
    assert desk(f"{ret.ref}/photos/{photo.pk}/")["Content-Type"] == "image/jpeg"
    assert desk(f"{ret.ref}/photos/{photo.pk + 1}/").status_code == 404


def test_another_shops_people_find_nothing(ret):
    stranger = somebody(make_merchant())
    for rest in ("", f"{ret.ref}/"):
        assert stranger.get(f"/shop/{ret.merchant.slug}/returns/desk/{rest}").status_code == 404
    own = make_return()
    mine = somebody(own.merchant)
    path = f"/shop/{own.merchant.slug}/returns/desk/"
    assert mine.get(f"{path}{ret.ref}/").status_code == 404
    assert mine.post(f"{path}scan/", {"code": ret.ref}).status_code == 422
    item = ret.items.first()
    assert mine.post(f"{path}{own.ref}/items/{item.pk}/", filled(item)).status_code == 404


def test_the_desk_asks_the_database_as_often_for_one_parcel_as_for_many(
    desk, ret, django_assert_max_num_queries
):
    for _ in range(4):
        make_return(make_order(ret.merchant))

    with django_assert_max_num_queries(16):
        desk()
