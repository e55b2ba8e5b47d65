"""Who may have one more of a depot's places, worked out on paper for every small case."""

from datetime import UTC, date, datetime, timedelta
from itertools import product

import pytest

from scheduling.allotments import Reserve, Share

DAY = date(2026, 11, 24)  # a Tuesday
CUTOFF = datetime(2026, 11, 23, 16, tzinfo=UTC)
EVERY_DAY = 0b1111111
MINE, THEIRS, OTHERS = 1, 2, 3


def counted(mine: int, theirs: int = 0, others: int = 0) -> dict:
    taken = {(MINE,): mine, (THEIRS,): theirs, (OTHERS,): others}
    return taken | {(): mine + theirs + others}


def kept_for(merchant: int, places: int, ends_h: int = 0, weekdays: int = EVERY_DAY) -> Reserve:
    return Reserve(merchant, places, ends_h, weekdays)


def on_paper(places: int, taken: tuple[int, int, int], kept: tuple[int, int, int]) -> bool:
    """Put aside what is kept for each and not used: who has nothing there needs a free place."""
    table = ["free"] * places
    for who, count in enumerate(taken, start=1):
        for _stop in range(count):
            table.remove("free")
        for _place in range(max(0, kept[who - 1] - count)):
            if "free" in table:
                table[table.index("free")] = f"kept for {who}"
    return f"kept for {MINE}" in table or "free" in table


def test_every_small_case_is_as_on_paper():
    """Reserves that fit into the depot and were honoured so far."""
    cases = 0
    for places, *numbers in product(range(7), *[range(4)] * 6):
        taken, kept = tuple(numbers[:3]), tuple(numbers[3:])
        if sum(max(count, kept_one) for count, kept_one in zip(taken, kept, strict=True)) > places:
            continue
        reserves = [kept_for(who, count) for who, count in enumerate(kept, start=1)]

        refused = Share(MINE, places, None).refused(counted(*taken), reserves)

        assert (refused == "") is on_paper(places, taken, kept), (places, taken, kept)
        cases += 1
    assert cases > 500


@pytest.mark.parametrize(
    ("share", "taken", "kept", "why"),
    [
        (Share(MINE, None, 1), counted(5), [kept_for(THEIRS, 9)], ""),
        (Share(MINE, 4, None), counted(4), [], "depot_full"),
        (Share(MINE, 4, 2), counted(2), [], "allotment"),
        (Share(MINE, 4, 2), counted(1, 1), [], ""),
        (Share(MINE, 4, None), counted(1, 1), [kept_for(THEIRS, 3)], "reserved"),
        (Share(MINE, 4, None), counted(1, 3), [kept_for(THEIRS, 3)], "depot_full"),
        # Others took what was kept once it was free: of two who are owed the last place the first gets it.
        (Share(MINE, 4, None), counted(0, 0, 3), [kept_for(MINE, 2), kept_for(THEIRS, 2)], ""),
        (Share(MINE, 4, None), counted(2, 0, 1), [kept_for(MINE, 2), kept_for(THEIRS, 2)], "reserved"),
    ],
)
def test_what_takes_a_place_away_has_a_name(share, taken, kept, why):
    assert share.refused(taken, kept) == why


def test_a_reserve_ends_so_many_hours_before_the_slots_cut_off():
    reserve = kept_for(THEIRS, 2, ends_h=4)
    ends_at = CUTOFF - timedelta(hours=4)

    assert reserve.holds_at(ends_at - timedelta(seconds=1), CUTOFF)
    assert not reserve.holds_at(ends_at, CUTOFF)
    assert reserve.holds_at(ends_at, CUTOFF + timedelta(hours=1))


def test_nothing_is_kept_on_days_on_which_the_merchant_sells_nothing():
    monday_only = kept_for(THEIRS, 2, weekdays=0b0000001)

    assert not monday_only.sells_on(DAY)
    assert monday_only.sells_on(DAY - timedelta(days=1))
