"""The page on which returns are scanned at a depot's points."""

import pytest
from django.test import Client

from portal.models.people import Role
from returns.labels import code_of
from returns.models import Return
from scheduling import clock
from tests.factories import NOW, make_membership, make_network, make_point
from tests.returns.pickups import a_return

pytestmark = [pytest.mark.django_db, pytest.mark.once]


@pytest.fixture(autouse=True)
def _now():
    clock.set_source(lambda: NOW)
    yield
    clock.set_source(None)


@pytest.fixture
def outlet():
    return make_network(vans=1)


@pytest.fixture
def point(outlet):
    return make_point(outlet.depot, name="Kulman kioski")


def staff_of(depot, role=Role.DISPATCHER) -> Client:
    visitor = Client()
    visitor.force_login(make_membership(depot=depot, role=role).user)
    return visitor


def scan(visitor, point, code):
    return visitor.post(f"/depot/{point.depot.slug}/returns/", {"point": point.pk, "code": code})


def test_one_scan_after_the_other_at_the_same_point(outlet, point):
    visitor = staff_of(outlet.depot)
    made = [a_return(outlet, method="dropoff") for _i in range(2)]

    pages = [scan(visitor, point, code_of(ret.ref)).content.decode() for ret in made]

    assert f"Taken: {made[1].ref} for {outlet.merchant.name}." in pages[1]
    assert f'value="{point.pk}"' in pages[1]
    assert "checked" in pages[1]
    assert made[0].ref in pages[1]
    assert set(Return.objects.values_list("parcel", flat=True)) == {"handed_in"}


def test_what_is_not_taken_says_why_and_keeps_what_was_typed(outlet, point):
    visitor = staff_of(outlet.depot)

    answer = scan(visitor, point, "nonsense")

    assert answer.status_code == 409
    assert "That is no return of ours" in answer.content.decode()
    assert 'value="nonsense"' in answer.content.decode()
    assert scan(visitor, point, "").status_code == 422


def test_a_wrong_scan_is_taken_back(outlet, point):
    visitor, ret = staff_of(outlet.depot), a_return(outlet, method="dropoff")
    scan(visitor, point, ret.ref)

    visitor.post(f"/depot/{outlet.depot.slug}/returns/{ret.ref}/take-back/")

    assert Return.objects.get(pk=ret.pk).parcel == "approved"
    assert ret.ref not in visitor.get(f"/depot/{outlet.depot.slug}/returns/").content.decode()


def test_who_only_looks_scans_nothing_and_others_see_nothing(outlet, point):
    ret = a_return(outlet, method="dropoff")

    looker, stranger = staff_of(outlet.depot, Role.VIEWER), staff_of(make_network(vans=1).depot)

    assert scan(looker, point, ret.ref).status_code == 403
    assert scan(stranger, point, ret.ref).status_code == 404
    assert Return.objects.get(pk=ret.pk).parcel == "approved"
