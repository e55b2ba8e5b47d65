"""The ledger itself: it must see what is lost, and must not see what may be."""

import pytest

from tests.proofs.ledger import CANCELLED, Kept, Ledger

BOOKED, MOVED, CALLED_OFF = "booking.confirmed", "booking.moved", "booking.cancelled"
ORDER = "order 1"


def kept(state: str, ref: str = "R", **changes: int) -> dict[str, Kept]:
    return {ORDER: Kept(state, ref, {f"booking.{change}": n for change, n in changes.items()})}


def booked() -> Ledger:
    ledger = Ledger()
    ledger.acknowledge(ORDER, BOOKED, "a", ref="R")
    return ledger


def test_what_was_acknowledged_and_is_there_is_not_lost():
    verdict = booked().judge(kept("a", confirmed=1))

    assert (verdict.lost, verdict.twice, verdict.acknowledged) == ([], [], 1)


@pytest.mark.parametrize(
    "there", [{}, kept("b", confirmed=1), kept("a", ref="Q", confirmed=1), kept("a", confirmed=0)]
)
def test_what_was_acknowledged_and_is_not_so_is_lost(there):
    assert booked().judge(there).lost


def test_an_attempt_in_doubt_may_have_taken_effect_or_not():
    ledger = booked()
    ledger.doubt(ORDER, MOVED, "b")

    before, after = ledger.judge(kept("a", confirmed=1)), ledger.judge(kept("b", confirmed=1, moved=1))

    assert before.lost == after.lost == []
    assert (before.unacknowledged, after.unacknowledged) == (0, 1)


def test_what_was_acknowledged_after_a_doubt_counts_alone():
    ledger = booked()
    ledger.doubt(ORDER, MOVED, "b")
    ledger.acknowledge(ORDER, CALLED_OFF, CANCELLED)

    assert ledger.judge(kept("b", confirmed=1, moved=1, cancelled=1)).lost
    assert not ledger.judge(kept(CANCELLED, confirmed=1, moved=1, cancelled=1)).lost


def test_a_change_done_more_often_than_tried_is_told():
    assert booked().judge(kept("a", confirmed=2)).twice
