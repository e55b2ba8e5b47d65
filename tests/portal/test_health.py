"""Probes: alive without a database, ready only with one, never redirected, never slow."""

from datetime import UTC, datetime, timedelta
from threading import Event as Flag
from time import monotonic

import pytest
from django.core.cache.backends.locmem import LocMemCache
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder

from portal import checks, health
from portal.services.messages import queue_message
from scheduling import clock, events
from scheduling.models import Event
from scheduling.selectors.outbox import oldest_waiting_event

NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)
needs_rows = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _at_nine():
    clock.set_source(lambda: NOW)
    yield
    clock.set_source(None)


def found(answer) -> dict[str, dict]:
    return {each["name"]: each for each in answer.json()["checks"]}


def test_alive_is_answered_without_a_database_to_any_host_in_plain_http(client, settings):
    settings.SECURE_SSL_REDIRECT = True

    answer = client.get("/healthz", SERVER_NAME="10.0.0.7")

    assert answer.status_code == 200
    assert answer.content == b"ok\n"
    assert answer["Cache-Control"] == "no-store"
    assert not answer.cookies


@needs_rows
def test_ready_names_every_check_and_how_long_it_took(client, settings):
    settings.SECURE_SSL_REDIRECT = True

    answer = client.get("/readyz", SERVER_NAME="10.0.0.7")

    assert answer.status_code == 200
    assert answer.json()["status"] == "ready"
    assert set(found(answer)) == {"database", "migrations", "cache", "broker", "relay"}
    assert all(each["ok"] and each["ms"] >= 0 and not each["detail"] for each in found(answer).values())
    assert answer["Cache-Control"] == "no-store"
    assert not answer.cookies


@needs_rows
@pytest.mark.parametrize(
    ("change", "undo", "name", "status", "said"),
    [
        ("record_unapplied", "record_applied", "0001_initial", 503, "1 not applied"),
        ("record_applied", "record_unapplied", "9999_from_tomorrow", 200, ""),
    ],
)
def test_a_release_waits_for_what_it_needs_and_minds_no_newer_migrations(
    client, change, undo, name, status, said
):
    recorder = MigrationRecorder(connection)
    getattr(recorder, change)("sessions", name)
    try:
        answer = client.get("/readyz")
    finally:
        getattr(recorder, undo)("sessions", name)

    assert answer.status_code == status
    assert answer.json()["status"] == ("ready" if status == 200 else "unready")
    assert found(answer)["migrations"]["detail"] == said


@needs_rows
def test_a_worker_that_lags_degrades_and_takes_no_page_away(client, settings):
    settings.RELAY_LAG_LIMIT_S = 60
    events.record("plan.closed", actor="test", now=NOW - timedelta(seconds=61))

    answer = client.get("/readyz")

    assert answer.status_code == 200
    assert answer.json()["status"] == "degraded"
    assert found(answer)["relay"]["detail"] == "61 s behind"


@needs_rows
def test_lag_counts_what_could_go_and_not_what_waits_for_its_next_attempt():
    event = events.record("plan.closed", actor="test", now=NOW - timedelta(hours=1))
    assert oldest_waiting_event(now=NOW) == NOW - timedelta(hours=1)

    Event.objects.update(leased_until=NOW + timedelta(seconds=30))
    assert oldest_waiting_event(now=NOW) is None
    assert oldest_waiting_event(now=NOW + timedelta(seconds=40)) == NOW + timedelta(seconds=30)

    Event.objects.update(relayed_at=NOW)
    queue_message(event=event, ref="D7K2", now=NOW - timedelta(seconds=20))
    assert checks.relay_lag_s(now=NOW) == 20


def test_two_who_look_at_the_cache_at_once_do_not_meet_there(monkeypatch):
    class Shared(LocMemCache):
        """Tells a second probe to look just before the first one reads."""

        told = False

        def get(self, *args, **kwargs):
            if not Shared.told:
                Shared.told = True
                second.append(checks.cache_answers())
            return super().get(*args, **kwargs)

    second: list[str] = []
    cache = Shared("two-probes", {})
    monkeypatch.setattr(checks, "cache", cache)

    assert [checks.cache_answers(), *second] == ["", ""]
    assert not cache._cache


def test_what_a_check_raises_is_told_without_what_it_said():
    def refused() -> str:
        raise ConnectionError("redis://user:hunter2@cache.example.org refused")

    ((finding,),) = health.findings((health.Probe("cache", refused),))

    assert not finding.ok
    assert finding.detail == "ConnectionError"


def test_a_check_that_hangs_is_given_up_and_not_started_a_second_time(monkeypatch):
    monkeypatch.setattr(health, "LONGEST_S", 0.1)
    let_go, started = Flag(), []

    def hangs() -> str:
        started.append(1)
        let_go.wait(10)
        return ""

    probe, began = health.Probe("database", hangs), monotonic()
    first, second = health.findings((probe,)), health.findings((probe,))
    took_s = monotonic() - began
    let_go.set()

    assert [first[0][0].detail, second[0][0].detail] == ["no answer in time"] * 2
    assert took_s < 2
    assert started == [1]
