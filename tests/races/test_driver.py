"""Two at once: one act from two tabs, two phones with the PIN, five guesses and a sixth."""

from functools import partial
from uuid import UUID

import pytest

from portal.driving import Act
from portal.models import DriverAct, ShiftLink
from portal.services.acts import take_act
from portal.services.shift_links import PinVerdict, hand_out, try_pin
from portal.shift_links import pin_of
from scheduling.models import Attempt, Event
from scheduling.services.handing_over import Handover
from tests.portal.driving import Day, make_day
from tests.races.together import at_once

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def day() -> Day:
    return make_day(1)


def bound(day: Day) -> ShiftLink:
    link = hand_out(shift=day.shift, now=day.now)
    assert try_pin(link=link, typed=pin_of(link), now=day.now).verdict is PinVerdict.RIGHT
    return link


def test_one_act_sent_four_times_at_once_is_taken_once_and_answered_alike(day):
    link, [stop] = bound(day), day.stops
    for number, kind in enumerate(("arrive", "hand_over", "late")):
        handover = Handover(outcome="handed_over", happened_at=day.now) if kind == "hand_over" else None
        act = Act(
            uid=UUID(int=number + 1),
            kind=kind,
            happened_at=day.now,
            stop_id=stop.pk,
            route_id=stop.route_id,
            minutes=10,
            handover=handover,
        )

        rows = at_once(*[partial(take_act, link=link, act=act, now=day.now)] * 4)

        assert {row.pk for row in rows} == {DriverAct.objects.get(uid=act.uid).pk}
    assert Attempt.objects.count() == 1
    assert Event.objects.filter(kind__in=("delivery.arrived", "route.running_late")).count() == 2


def test_of_two_phones_with_the_pin_one_is_bound(day):
    link = hand_out(shift=day.shift, now=day.now)
    phones = [ShiftLink.objects.get(pk=link.pk) for _phone in range(4)]

    judged = at_once(*[partial(try_pin, link=each, typed=pin_of(each), now=day.now) for each in phones])

    assert sorted(each.verdict.value for each in judged) == ["elsewhere"] * 3 + ["right"]


def test_nobody_gets_a_sixth_guess_by_coming_at_the_same_moment(day):
    link = hand_out(shift=day.shift, now=day.now)
    wrong = f"{(int(pin_of(link)) + 1) % 10**6:06}"
    guesses = [ShiftLink.objects.get(pk=link.pk) for _guess in range(8)]

    judged = at_once(*[partial(try_pin, link=each, typed=wrong, now=day.now) for each in guesses])

    assert ShiftLink.objects.get().tries == 5
    assert sum(each.verdict is PinVerdict.WRONG for each in judged) <= 4
