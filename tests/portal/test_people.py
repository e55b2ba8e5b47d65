import pytest
from django.contrib.auth import authenticate
from django.core.exceptions import ValidationError
from django.db import DataError, IntegrityError, transaction

from portal.models import AccessLink, Brand, Membership, User
from portal.models.people import ROLES, Role
from tests.factories import (
    NOW,
    PASSWORD,
    make_booking,
    make_depot,
    make_merchant,
    make_network,
    make_operator,
    make_user,
)

pytestmark = [pytest.mark.django_db, pytest.mark.both]


def refused(make, *args, **values) -> bool:
    """Whether the database itself refuses the row."""
    try:
        with transaction.atomic():
            make(*args, **values)
    except (IntegrityError, DataError):
        return True
    return False


def test_an_address_is_one_person_however_it_is_written():
    make_user("ana@shop.example")

    assert refused(make_user, " Ana@Shop.example")
    assert refused(User.objects.bulk_create, [User(email="ANA@shop.example")])


def test_people_sign_in_however_they_write_their_address():
    user = make_user("ana@shop.example")

    assert authenticate(username=" ANA@shop.example ", password=PASSWORD) == user
    assert authenticate(username="ana@shop.example", password="wrong") is None


def test_nobody_signs_in_without_a_password():
    user = User.objects.create_user("ana@shop.example")

    assert not user.has_usable_password()
    assert authenticate(username="ana@shop.example", password="") is None


def test_a_superuser_may_open_the_set_up_pages():
    user = User.objects.create_superuser("root@shop.example", PASSWORD)

    assert user.is_staff
    assert user.has_perm("portal.change_brand")


def test_a_membership_is_of_exactly_one_operator_depot_or_merchant():
    user, depot, merchant = make_user(), make_depot(), make_merchant()

    assert refused(Membership.objects.create, user=user, role="manager")
    assert refused(Membership.objects.create, user=user, role="manager", depot=depot, merchant=merchant)
    assert not refused(Membership.objects.create, user=user, role="manager", depot=depot)
    assert refused(Membership.objects.create, user=user, role="viewer", depot=depot)
    assert not refused(Membership.objects.create, user=user, role="viewer", merchant=merchant)


@pytest.mark.parametrize("scope", sorted(ROLES))
@pytest.mark.parametrize("role", [*Role.values, "emperor"])
def test_a_role_is_one_that_exists_there(scope, role):
    row = {"operator": make_operator, "depot": make_depot, "merchant": make_merchant}[scope]()

    allowed = role in ROLES[scope]

    assert refused(Membership.objects.create, user=make_user(), role=role, **{scope: row}) != allowed


def test_a_delivery_has_one_live_link_of_a_kind():
    delivery = make_booking(make_network()).delivery
    AccessLink.objects.create(delivery=delivery, kind="manage", created_at=NOW, revoked_at=NOW)
    AccessLink.objects.create(delivery=delivery, kind="manage", created_at=NOW)

    assert refused(AccessLink.objects.create, delivery=delivery, kind="manage", created_at=NOW)
    assert refused(AccessLink.objects.create, delivery=delivery, kind="erase", created_at=NOW)
    assert not refused(AccessLink.objects.create, delivery=delivery, kind="follow", created_at=NOW)


@pytest.mark.parametrize("accent", ["red", "#0F5C63", "#0f5c6", "#0f5c63;}", "url(x)", ""])
def test_a_brand_takes_colours_only(accent):
    brand = Brand(merchant=make_merchant(), accent=accent, letter="A")

    with pytest.raises(ValidationError):
        brand.full_clean()
    assert refused(brand.save)


def test_a_brand_has_a_colour_and_a_letter():
    brand = Brand.objects.create(merchant=make_merchant(), accent="#aa3300", letter="A")

    assert str(brand) == "A #aa3300"
    assert refused(Brand.objects.create, merchant=make_merchant(), letter="")
