"""The demo's clock goes forward only, and remembers."""

from datetime import timedelta

import pytest

from portal.demo.clock import MovableClock
from scheduling import clock

SOON = timedelta(seconds=5)


def test_untouched_it_shows_the_wall_s_time(tmp_path):
    demo = MovableClock(tmp_path / "clock.json")

    assert abs(demo.now() - clock.now()) < SOON


def test_it_jumps_forward_and_a_restart_does_not_forget(tmp_path):
    demo = MovableClock(tmp_path / "deep" / "clock.json")
    tomorrow = demo.now() + timedelta(days=1)

    demo.move_to(tomorrow)

    assert abs(demo.now() - tomorrow) < SOON
    assert abs(MovableClock(tmp_path / "deep" / "clock.json").now() - tomorrow) < SOON


@pytest.mark.parametrize("back", [timedelta(0), timedelta(seconds=1), timedelta(days=400)])
def test_it_never_goes_back(tmp_path, back):
    demo = MovableClock(tmp_path / "clock.json")
    demo.move_to(demo.now() + timedelta(hours=3))
    before = demo.offset

    with pytest.raises(ValueError, match="forward"):
        demo.move_to(demo.now() - back)

    assert demo.offset == before


def test_starting_again_shows_the_wall_s_time_again(tmp_path):
    demo = MovableClock(tmp_path / "clock.json")
    demo.move_to(demo.now() + timedelta(days=2))

    demo.start_again()

    assert abs(demo.now() - demo.wall()) < SOON
    assert MovableClock(tmp_path / "clock.json").offset == timedelta(0)


@pytest.mark.parametrize("garbage", ["", "{", "[]", "{}", '{"offset_s": "x"}', '{"offset_s": -5}'])
def test_a_spoilt_file_is_no_offset(tmp_path, garbage):
    (tmp_path / "clock.json").write_text(garbage)

    assert MovableClock(tmp_path / "clock.json").offset == timedelta(0)


def test_once_installed_everybody_reads_it(tmp_path):
    demo = MovableClock(tmp_path / "clock.json")
    demo.move_to(demo.now() + timedelta(days=30))
    try:
        demo.install()

        assert abs(clock.now() - demo.now()) < SOON
    finally:
        clock.set_source(None)
