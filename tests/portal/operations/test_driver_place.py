"""Where a sheet's phone is: kept on the road, not in a pause, not where the driver does not want it."""

from datetime import timedelta

import pytest

from scheduling import clock
from scheduling.models import LastSeen, Position, Shift
from tests.factories import CENTRE
from tests.portal.driving import Day, Morning, make_day

pytestmark = [pytest.mark.django_db, pytest.mark.once]

WHERE = {"lat": CENTRE[0], "lon": CENTRE[1], "accuracy": 9.5, "speed": 4, "heading": 90}


@pytest.fixture
def day() -> Day:
    day = make_day(2)
    source = Morning(day.now + timedelta(minutes=5))
    clock.set_source(source)
    yield day
    clock.set_source(None)


def tell(phone, **said):
    return phone.client.post("/driver/place/", said)


def test_a_phone_tells_where_it_is_by_how_long_ago_that_was(day):
    answer = tell(day.phone(), **WHERE, age_s=20)

    assert answer.json() == {"kept": 1}
    assert Position.objects.get().at == day.now + timedelta(minutes=5) - timedelta(seconds=20)
    assert LastSeen.objects.get().shift_id == day.shift.pk


def test_the_sheet_says_where_to_tell_it(day):
    assert 'data-url="/driver/place/"' in day.phone().reads()


def test_in_a_pause_nothing_is_kept(day):
    phone = day.phone()
    assert phone.says("pause").status_code == 200

    assert tell(phone, **WHERE).json() == {"kept": 0}


def test_switched_off_nothing_is_kept_nor_shown_until_it_is_on_again(day):
    phone = day.phone()
    tell(phone, **WHERE)
    tell(phone, hides="1")

    assert Shift.objects.get(pk=day.shift.pk).hides_position
    assert not LastSeen.objects.exists()
    assert tell(phone, **WHERE, age_s=2).json() == {"kept": 0}
    tell(phone, hides="0")
    assert tell(phone, **WHERE, age_s=3).json() == {"kept": 1}


def test_what_is_no_place_is_refused(day):
    phone = day.phone()

    for wrong in ({"lat": "nan"}, {"lat": 91}, {"lon": "x"}, {"age_s": -1}, {"hides": "maybe"}):
        assert tell(phone, **{**WHERE, **wrong}).status_code == 422
    assert not Position.objects.exists()


def test_who_has_no_sheet_tells_nothing(day, client):
    assert client.post("/driver/place/", WHERE).status_code == 401
