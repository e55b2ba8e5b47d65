"""Ranges hold on a month that nothing was learned from: the short form of `manage.py benchmark ranges`."""

import json
from contextlib import suppress
from io import StringIO

from django.core.management import call_command

from portal.benchmarks.months import FAMILIES, month
from portal.benchmarks.ranges import family_of


def test_as_many_start_within_their_range_as_it_says_and_narrower_than_in_fixed_ones():
    of = family_of("lognormal", seed=1, days=9, vans=3)

    assert 76 <= of.covers_80 <= 84
    assert 87 <= of.covers_90 <= 93
    assert 76 <= of.shown_covers_80 <= 86
    assert of.back_and_forth < 1
    assert of.wide_s < min(of.fixed_wide_s, of.morning_wide_s)
    wide = [each.wide_s for each in of.groups]
    assert wide == sorted(wide)
    assert wide[0] < wide[-1] / 5


def test_both_families_are_told():
    out = StringIO()
    with suppress(SystemExit):  # a day is too short to hold anything
        call_command("benchmark", "ranges", "--json", "--days", "1", "--vans", "1", stdout=out)

    assert [each["name"] for each in json.loads(out.getvalue())["families"]] == list(FAMILIES)


def test_months_differ_and_repeat():
    first, again, other = (month("heavy", seed=seed, days=1, vans=1) for seed in (1, 1, 2))

    assert first == again
    assert first != other
