"""What customers write of getting in: tidied, never refused for what they cannot see."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduling.errors import BadFacts
from scheduling.ways_in import BIDI_CONTROLS, MOST_TEXT, WayIn, on_one_line, tidied


def test_controls_and_marks_that_turn_text_round_are_dropped():
    assert tidied("Ring\x00 the \u202ebell\u202c\x07\ufeff") == "Ring the bell"
    assert tidied("one\r\ntwo\u2028three\tfour") == "one\ntwo\nthree four"
    assert on_one_line(" A.\n Virtanen ") == "A. Virtanen"


@pytest.mark.parametrize("text", ["الباب الخلفي", "می‌خواهم", "👩‍🦽 at the ramp", "דלת\u200f 3"])
def test_what_letters_need_stays_as_it_was_written(text):
    assert tidied(text) == text


@given(st.text(max_size=60))
def test_whatever_is_typed_nothing_unseen_is_left_and_tidying_twice_changes_nothing(text):
    kept = tidied(text)

    assert not BIDI_CONTROLS & set(kept)
    assert all(letter == "\n" or ord(letter) >= 32 for letter in kept)
    assert tidied(kept) == kept


@pytest.mark.parametrize("said", [{"lift": "perhaps"}, {"text": "x" * (MOST_TEXT + 1)}, {"floor": "x" * 13}])
def test_what_no_form_of_ours_would_send_is_refused(said):
    with pytest.raises(BadFacts):
        WayIn(**said)
