"""What the demo's drivers report passes every check list, and is verified."""

from datetime import timedelta
from random import Random

import pytest

from portal.demo.drivers import drive
from portal.demo.shown import drawn_door, drawn_name
from portal.services.proofs import Verdict, verify_all
from portal.signatures import read_strokes
from scheduling.models import Attempt, Proof
from tests.factories import make_booking, make_network, plan_on, some_facts

pytestmark = [pytest.mark.django_db, pytest.mark.once]


def test_photos_and_signatures_are_drawn_where_goods_ask_for_them(settings, tmp_path):
    settings.MEDIA_ROOT = str(tmp_path)
    outlet = make_network()
    make_booking(outlet, facts=some_facts(requirements=("signature",)))
    make_booking(outlet, facts=some_facts(safe_place="porch", parcels=2))
    make_booking(outlet, facts=some_facts(direction="in"))

    drive(now=plan_on(outlet).origin_at + timedelta(hours=30), depot=outlet.depot)

    ends = sorted(Attempt.objects.values_list("outcome", flat=True))
    assert ends == ["collected", "handed_over", "safe_place"]
    assert sorted(Proof.objects.values_list("kind", flat=True)) == ["photo", "signature"]
    assert {one.verdict for one in verify_all()} == {Verdict.VERIFIED}
    assert all(one.distance_m < 60 for one in Attempt.objects.all())


def test_the_same_door_is_drawn_every_time():
    assert drawn_door(2, Random(7)) == drawn_door(2, Random(7))
    assert len(read_strokes(drawn_name(Random(7)))) == 2
