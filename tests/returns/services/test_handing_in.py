"""Scanned at a point: once, of this depot's shops, what is to be brought; a wrong scan is taken back."""

import pytest

from returns.errors import NotThisCode, NotToHandIn, ReturnChanged
from returns.labels import code_of
from returns.models import Return
from returns.selectors.dropping_off import handed_in_at, points_to_bring
from returns.services.handing_in import hand_in, take_back
from scheduling.models import Event
from tests.factories import NOW, make_network, make_point
from tests.returns.pickups import a_return

pytestmark = pytest.mark.django_db


@pytest.fixture
def outlet():
    return make_network(vans=1)


@pytest.fixture
def point(outlet):
    return make_point(outlet.depot)


def scan(ret, point, code=None):
    return hand_in(code or code_of(ret.ref), depot=point.depot, point_id=point.pk, actor="user:1", now=NOW)


def test_a_scan_at_the_point_is_told(outlet, point):
    ret = a_return(outlet, method="dropoff")

    first, second = scan(ret, point), scan(ret, point, ret.ref.lower())

    assert first == second
    assert (first.parcel, first.point, first.collected_at) == ("handed_in", point, NOW)
    assert [each.data["point"] for each in Event.objects.filter(kind="return.handed_in")] == [point.name]
    assert handed_in_at(outlet.depot) == [ret]


def test_what_is_picked_up_or_called_off_is_not_taken(outlet, point):
    picked_up = a_return(outlet)
    gone = a_return(outlet, method="dropoff")
    Return.objects.filter(pk=gone.pk).update(parcel="cancelled")

    for ret in (picked_up, gone):
        with pytest.raises(NotToHandIn):
            scan(ret, point)


@pytest.mark.parametrize("code", ["", "DSR-NONSENSE00", "https://example.com/"])
def test_what_is_no_return_is_not_taken(outlet, point, code):
    with pytest.raises(NotThisCode):
        scan(None, point, code or " ")


def test_a_return_of_a_shop_that_does_not_sell_from_here_is_not_there(point):
    elsewhere = a_return(make_network(vans=1), method="dropoff")

    with pytest.raises(NotThisCode):
        scan(elsewhere, point)
    assert Return.objects.get(pk=elsewhere.pk).parcel == "approved"


def test_a_wrong_scan_is_taken_back_until_it_has_arrived(outlet, point):
    ret = scan(a_return(outlet, method="dropoff"), point)

    for _twice in range(2):
        back = take_back(ret.pk, depot=outlet.depot, actor="user:1", now=NOW)
    assert (back.parcel, back.collected_at) == ("approved", None)

    scan(ret, point)
    Return.objects.filter(pk=ret.pk).update(parcel="received")
    with pytest.raises(ReturnChanged):
        take_back(ret.pk, depot=outlet.depot, actor="user:1", now=NOW)
    with pytest.raises(NotThisCode):
        take_back(ret.pk, depot=make_network(vans=1).depot, actor="user:1", now=NOW)


def test_points_are_listed_nearest_first_and_only_open_ones(outlet):
    far, near = make_point(outlet.depot, east_m=2_000), make_point(outlet.depot, east_m=100)
    make_point(outlet.depot, east_m=50, active=False)
    make_point(make_network(vans=1).depot, east_m=10)

    found = points_to_bring(a_return(outlet, method="dropoff"))

    assert [each.point for each in found] == [near, far]
    assert found[0].away_m == pytest.approx(100, abs=3)
