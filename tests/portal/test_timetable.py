from types import SimpleNamespace

import pytest
from celery.worker import state

from portal.celery import app
from portal.timetable import FAILED, EndsWithItsTimetable, end_without_timetable


@pytest.fixture(autouse=True)
def _running(monkeypatch):
    """Celery says in this module that its worker is to end."""
    monkeypatch.setattr(state, "should_stop", None)


def worker(*, alive: bool) -> SimpleNamespace:
    return SimpleNamespace(beat=SimpleNamespace(is_alive=lambda: alive))


def test_a_worker_whose_timetable_has_died_ends_and_says_that_it_failed():
    end_without_timetable(worker(alive=False))

    assert state.should_stop == FAILED


def test_a_worker_whose_timetable_lives_goes_on():
    end_without_timetable(worker(alive=True))

    assert state.should_stop is None


def test_a_worker_that_is_asked_to_end_has_not_failed(monkeypatch):
    monkeypatch.setattr(state, "should_stop", 0)

    end_without_timetable(worker(alive=False))

    assert state.should_stop == 0


def test_every_worker_looks_after_its_timetable():
    assert EndsWithItsTimetable in app.steps["worker"]
