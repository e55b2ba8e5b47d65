"""The set-up pages: every page opens, what services write stays theirs, no secret shows."""

import pytest
from django.contrib import admin
from django.urls import reverse

from portal import access
from portal.models import Brand, Membership, Message, User, Widget
from portal.tasks import send_due_messages
from scheduling import clock, events
from scheduling.models import Depot, Hold, MerchantDepot, VehicleClass
from tests.factories import NOW, make_booking, make_link, make_network, make_user

pytestmark = [pytest.mark.django_db, pytest.mark.once]

MODELS = sorted(admin.site._registry, key=lambda model: model._meta.label)
WRITTEN_BY_STAFF = {
    "portal.Brand",
    "portal.User",
    "portal.Widget",
    "scheduling.AccessRule",
    "scheduling.Blackout",
    "scheduling.Buffer",
    "scheduling.Depot",
    "scheduling.Merchant",
    "scheduling.MerchantDepot",
    "scheduling.Operator",
    "scheduling.PickupPoint",
    "scheduling.ShiftPattern",
    "scheduling.TheftZone",
    "scheduling.Vehicle",
    "scheduling.VehicleClass",
}


def url(model, page: str, *args) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{page}", args=args)


def rows_of(model):
    manager = model._default_manager
    return getattr(manager, "of_everybody", manager.all)()


@pytest.fixture
def staff_client(client):
    client.force_login(make_user(is_staff=True, is_superuser=True))
    return client


@pytest.fixture
def booking(mail_server):
    clock.set_source(lambda: NOW)
    booking = make_booking(make_network())
    events.relay(now=NOW)
    send_due_messages()
    yield booking
    clock.set_source(None)


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model._meta.label)
def test_every_page_opens(staff_client, booking, model):
    assert staff_client.get(url(model, "changelist")).status_code == 200
    for row in rows_of(model)[:1]:
        assert staff_client.get(url(model, "change", row.pk)).status_code == 200


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model._meta.label)
def test_staff_write_set_up_rows_and_nothing_else(staff_client, booking, model):
    code = staff_client.get(url(model, "add")).status_code

    assert code == (200 if model._meta.label in WRITTEN_BY_STAFF else 403)
    if model._meta.label not in WRITTEN_BY_STAFF:
        for row in rows_of(model)[:1]:
            assert staff_client.post(url(model, "change", row.pk), {}).status_code == 403
            assert staff_client.post(url(model, "delete", row.pk), {"post": "yes"}).status_code == 403


def test_no_page_shows_a_token(staff_client, booking):
    secrets = [access.token_of(make_link(booking, kind)) for kind in (access.FOLLOW, access.MANAGE)]
    secrets += Hold.objects.values_list("token", flat=True)

    for model in MODELS:
        pages = [
            url(model, "changelist"),
            *(url(model, "change", row.pk) for row in rows_of(model)),
        ]
        for page in pages:
            content = staff_client.get(page).content.decode()
            assert not [secret for secret in secrets if secret in content], page


def test_what_plans_were_computed_from_stays_as_it_was(staff_client, booking):
    kind, depot = VehicleClass.objects.get(), Depot.objects.get()

    staff_client.post(
        url(VehicleClass, "change", kind.pk), {"name": "Renamed", "capacity_g": 1, "speed_m_per_h": 1000}
    )
    staff_client.post(url(Depot, "change", depot.pk), {"name": "North", "slug": "north", "time_zone": "UTC"})

    assert VehicleClass.objects.values_list("name", "capacity_g").get() == ("Renamed", 800_000)
    assert Depot.objects.values_list("name", "time_zone").get() == ("North", "Europe/Helsinki")


def test_staff_add_people_with_their_work(staff_client):
    response = staff_client.post(
        url(User, "add"),
        {
            "email": "New@Shop.example",
            "name": "New",
            "usable_password": "true",
            "password1": "quite a long sentence",
            "password2": "quite a long sentence",
            "memberships-TOTAL_FORMS": 0,
            "memberships-INITIAL_FORMS": 0,
        },
    )

    user = User.objects.get(email="new@shop.example")
    assert response.status_code == 302
    assert user.check_password("quite a long sentence")
    assert not user.is_staff


def test_a_share_that_its_depot_cannot_give_is_refused_beside_its_field(staff_client, booking):
    outlet = MerchantDepot.objects.get()
    page = url(MerchantDepot, "change", outlet.pk)
    form = staff_client.get(page).context["adminform"].form
    sent = {name: form[name].value() for name in form.fields if form[name].value() is not None}
    sent |= {"postcodes": "[]", "polygon": "[]", "active": "on"}
    sent |= {f"slot_patterns-{name}": 0 for name in ("TOTAL_FORMS", "INITIAL_FORMS")}

    refused = staff_client.post(page, sent | {"reserved": 3})

    assert refused.status_code == 200
    assert "First say how many places a day the depot has" in refused.content.decode()
    Depot.objects.update(places_a_day=3)
    assert staff_client.post(page, sent | {"reserved": 3}).status_code == 302
    assert MerchantDepot.objects.get().reserved == 3
    depot = staff_client.post(
        url(Depot, "change", outlet.depot_id), {"name": "North", "slug": "north", "places_a_day": 2}
    )
    assert "the depot has 2 places a day, kept are 3 for" in depot.content.decode()
    assert Depot.objects.get().places_a_day == 3


@pytest.mark.parametrize(("accent", "kept"), [("#aa3300", True), ("#AA3300", False), ("red;}", False)])
def test_a_brand_s_colour_is_checked(staff_client, booking, accent, kept):
    merchant = booking.delivery.merchant

    staff_client.post(url(Brand, "add"), {"merchant": merchant.pk, "accent": accent, "letter": "A"})

    assert Brand.objects.filter(accent=accent).exists() == kept


def test_staff_can_end_a_link(staff_client, booking):
    link = make_link(booking)
    token = access.token_of(link)
    assert access.link_from_token(token, now=NOW) is not None

    staff_client.post(
        url(access.AccessLink, "changelist"), {"action": "end_links", "_selected_action": [str(link.pk)]}
    )

    assert access.link_from_token(token, now=NOW) is None


def test_messages_and_memberships_name_whom_they_are_for(booking):
    membership = Membership(user=make_user(name="Ana"), merchant=booking.delivery.merchant, role="viewer")

    assert str(membership) == f"Ana: Viewer, {booking.delivery.merchant}"
    assert str(Message.objects.get()).startswith("email sent <")


def test_the_pages_that_may_show_a_widget_are_written_as_origins(staff_client):
    merchant = make_network().merchant
    page, sent = reverse("admin:portal_widget_add"), {"merchant": merchant.pk}

    wrong = staff_client.post(page, sent | {"pages": "shop.example"})
    assert "Write each page" in wrong.content.decode()
    for pages in ("https://shop.example/", "https://shop.example\nhttps://www.shop.example"):
        assert staff_client.post(page, sent | {"pages": pages}).status_code == 302

    widget = Widget.objects.of(merchant).get()
    assert widget.origins == ["https://shop.example", "https://www.shop.example"]
    shown = staff_client.get(url(Widget, "change", widget.pk)).content.decode()
    assert "https://www.shop.example" in shown
