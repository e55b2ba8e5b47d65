"""A depot's devices: added, their key shown once, switched off, and nobody else's."""

import pytest
from django.test import Client

from portal.models.people import Role
from scheduling import clock
from scheduling.models import Device
from scheduling.services.devices import device_of
from tests.factories import NOW, make_membership, make_network

pytestmark = [pytest.mark.django_db, pytest.mark.once]


@pytest.fixture(autouse=True)
def _now():
    clock.set_source(lambda: NOW)
    yield
    clock.set_source(None)


@pytest.fixture
def depot():
    return make_network(vans=2).depot


def staff_of(depot, role=Role.DISPATCHER) -> Client:
    visitor = Client()
    visitor.force_login(make_membership(depot=depot, role=role).user)
    return visitor


def page_of(depot) -> str:
    return f"/dispatch/{depot.slug}/devices/"


def add(visitor, depot, **values):
    vehicle = depot.vehicles.order_by("name").first()
    return visitor.post(page_of(depot), {"vehicle": vehicle.pk, "name": "Mika’s phone"} | values)


def test_a_new_device_is_shown_with_what_to_type_into_the_app_once(depot):
    visitor = staff_of(depot)
    shown = add(visitor, depot)
    device = Device.objects.get()

    assert shown.status_code == 201
    new = shown.context["new"]
    assert device_of(new.login, new.key) == device
    for text in (new.owntracks_url, new.login, new.key, new.traccar_url, new.identifier):
        assert text in shown.content.decode()
    again = visitor.get(page_of(depot)).content.decode()
    assert new.login in again
    assert new.key not in again
    assert "no-store" in shown["Cache-Control"]


def test_what_is_missing_is_said(depot):
    answer = add(staff_of(depot), depot, name="", vehicle="0")

    assert answer.status_code == 422
    assert "Say what it is" in answer.content.decode()
    assert not Device.objects.exists()


def test_a_device_is_switched_off(depot):
    visitor = staff_of(depot)
    add(visitor, depot)
    device = Device.objects.get()

    visitor.post(f"{page_of(depot)}{device.pk}/off/")

    device.refresh_from_db()
    assert not device.active
    assert "No device yet" in visitor.get(page_of(depot)).content.decode()


def test_who_may_only_look_changes_nothing_and_others_see_nothing(depot):
    looks = Role.VIEWER
    stranger = staff_of(make_network().depot)

    assert add(staff_of(depot, looks), depot).status_code == 403
    assert "add-title" not in staff_of(depot, looks).get(page_of(depot)).content.decode()
    assert stranger.get(page_of(depot)).status_code == 404
    add(staff_of(depot), depot)
    device = Device.objects.get()
    other = make_network().depot
    staff_of(other).post(f"{page_of(other)}{device.pk}/off/")
    device.refresh_from_db()
    assert device.active
