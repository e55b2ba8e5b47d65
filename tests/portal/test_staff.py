"""What staff see hangs on memberships."""

import pytest
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.test import RequestFactory

from portal import staff
from tests.factories import make_depot, make_membership, make_merchant, make_operator, make_user

pytestmark = [pytest.mark.django_db, pytest.mark.once]


@staff.require_operations
def board(request, depot) -> HttpResponse:
    return HttpResponse(f"depot {depot.pk}")


@staff.require_merchant
def desk(request, merchant) -> HttpResponse:
    return HttpResponse(f"merchant {merchant.pk}")


@staff.require_staff
def hall(request) -> HttpResponse:
    return HttpResponse("welcome")


def by(user, method: str = "get"):
    request = getattr(RequestFactory(), method)("/somewhere/?a=1")
    request.user = user
    return request


def test_an_operator_s_people_see_all_its_depots_and_no_other():
    operator = make_operator()
    mine = {make_depot(operator=operator) for _i in range(2)}
    make_depot()
    user = make_membership(operator=operator, role="dispatcher").user

    assert set(staff.depots_of(user)) == mine


def test_a_depot_s_people_see_that_depot_alone():
    operator = make_operator()
    mine, _sister = make_depot(operator=operator), make_depot(operator=operator)
    user = make_membership(depot=mine, role="viewer").user

    assert list(staff.depots_of(user)) == [mine]
    assert list(staff.merchants_of(user)) == []


def test_several_memberships_add_up_without_repeating():
    operator = make_operator()
    depot, shop = make_depot(operator=operator), make_merchant()
    user = make_membership(operator=operator).user
    make_membership(user, depot=depot, role="viewer")
    make_membership(user, merchant=shop, role="returns_desk")

    assert list(staff.depots_of(user)) == [depot]
    assert list(staff.merchants_of(user)) == [shop]
    assert staff.roles_at(user, depot=depot) == {"manager", "viewer"}
    assert staff.roles_for(user, merchant=shop) == {"returns_desk"}
    assert [bool(row.operator) for row in staff.memberships_for(user)] == [True, False, False]


def test_who_is_not_signed_in_has_nothing():
    nobody = AnonymousUser()
    make_membership(depot=make_depot())

    assert staff.memberships_for(nobody) == []
    assert list(staff.depots_of(nobody)) == []
    assert list(staff.merchants_of(nobody)) == []
    assert staff.roles_at(nobody, depot=make_depot()) == set()


def test_the_right_people_get_the_page():
    depot, shop = make_depot(), make_merchant()

    assert board(by(make_membership(depot=depot).user), depot=depot.slug).content == b"depot %d" % depot.pk
    assert (
        desk(by(make_membership(merchant=shop).user), merchant=shop.slug).content == b"merchant %d" % shop.pk
    )
    assert hall(by(make_membership(merchant=shop).user)).content == b"welcome"


@pytest.mark.parametrize("method", ["get", "post"])
def test_for_everybody_else_it_does_not_exist(method):
    depot, shop = make_depot(), make_merchant()
    strangers = [
        make_user(),
        make_user(is_staff=True, is_superuser=True),
        make_membership(depot=make_depot()).user,
        make_membership(operator=make_operator()).user,
        make_membership(merchant=make_merchant()).user,
    ]

    for stranger in strangers:
        with pytest.raises(Http404):
            board(by(stranger, method), depot=depot.slug)
        with pytest.raises(Http404):
            desk(by(stranger, method), merchant=shop.slug)
    with pytest.raises(Http404):
        board(by(make_membership(depot=depot).user), depot="no-such-depot")
    with pytest.raises(Http404):
        hall(by(make_user()))


def test_who_is_not_signed_in_is_asked_to():
    depot, shop = make_depot(), make_merchant()
    nobody = by(AnonymousUser())

    answers = [board(nobody, depot=depot.slug), desk(nobody, merchant=shop.slug), hall(nobody)]

    assert {answer["Location"] for answer in answers} == {"/staff/login/?next=/somewhere/%3Fa%3D1"}


@pytest.mark.parametrize(("role", "may"), [("manager", True), ("dispatcher", True), ("viewer", False)])
def test_who_may_only_look_changes_nothing_at_a_depot(role, may):
    depot = make_depot()
    user = make_membership(operator=depot.operator, role=role).user

    assert board(by(user), depot=depot.slug).status_code == 200
    if may:
        assert board(by(user, "post"), depot=depot.slug).status_code == 200
    else:
        with pytest.raises(PermissionDenied):
            board(by(user, "post"), depot=depot.slug)


@pytest.mark.parametrize(("role", "may"), [("manager", True), ("returns_desk", True), ("viewer", False)])
def test_who_may_only_look_changes_nothing_at_a_shop(role, may):
    shop = make_merchant()
    user = make_membership(merchant=shop, role=role).user

    if may:
        assert desk(by(user, "post"), merchant=shop.slug).status_code == 200
    else:
        with pytest.raises(PermissionDenied):
            desk(by(user, "post"), merchant=shop.slug)
