"""Redis may be away, hang or come back empty: pages go on, and nobody waits for it."""

import logging
import os
import signal
from time import monotonic

import pytest
from django.core.cache import caches
from redis.backoff import NoBackoff
from redis.retry import Retry

from portal import caching, throttle
from portal.benchmarks.servers import Redis, wait_until
from portal.caching import Rest
from portal.celery import app
from scheduling import tasks
from tests.factories import NOW

TWICE = throttle.Limit("twice", times=2, per_s=60)


@pytest.fixture
def cached(redis, settings, monkeypatch):
    """The production cache, in that Redis, with short rests."""
    monkeypatch.setattr(caching, "rest", Rest(0.2))
    patience = {"socket_connect_timeout": 0.5, "socket_timeout": 0.5, "retry": Retry(NoBackoff(), 0)}
    backend = {"BACKEND": "portal.caching.ForgivingRedisCache", "LOCATION": redis.url, "OPTIONS": patience}
    settings.CACHES = {"default": backend}
    return caches["default"]


def counted(times: int) -> list[int]:
    return [throttle.take(TWICE, "somebody", now=NOW) for _ in range(times)]


def took_s(action) -> float:
    began = monotonic()
    action()
    return monotonic() - began


def test_while_redis_answers_it_counts(cached):
    assert [wait > 0 for wait in counted(3)] == [False, False, True]


def test_while_redis_is_away_nobody_is_turned_away_and_it_is_said_once(cached, redis, caplog):
    counted(3)
    redis.end()
    with caplog.at_level(logging.ERROR, "portal.caching"):
        assert counted(20) == [0] * 20

    said = [record.getMessage() for record in caplog.records if record.name == "portal.caching"]
    assert len(said) == 1
    assert said[0].startswith("The cache is away (")


def test_when_redis_is_back_it_counts_again(cached, redis):
    redis.end()
    counted(1)
    redis.start()

    wait_until(lambda: any(counted(5)), seconds=5, what="throttles to count again")
    assert counted(1)[0] > 0


def test_a_redis_that_hangs_costs_one_timeout_and_then_nothing(cached, redis):
    counted(1)
    os.kill(redis.pid, signal.SIGSTOP)
    try:
        first, then = took_s(lambda: counted(1)), took_s(lambda: cached.get("anything"))
    finally:
        os.kill(redis.pid, signal.SIGCONT)

    assert first < 1.5
    assert then < 0.1


def test_everything_a_cache_does_is_forgiven(cached, redis):
    redis.end()

    assert cached.add("a", 1) is True
    assert cached.get("a", "nothing") == "nothing"
    assert cached.get_many(["a"]) == {}
    assert cached.set("a", 1) is None
    assert cached.set_many({"a": 1}) == []
    assert not any([cached.touch("a"), cached.delete("a"), cached.has_key("a")])
    assert cached.delete_many(["a"]) is cached.clear() is None
    with pytest.raises(ValueError, match="away"):
        cached.incr("a")


def test_after_a_failure_one_asks_and_the_others_do_not_wait(monkeypatch):
    at = [100.0]
    monkeypatch.setattr(caching, "monotonic", lambda: at[0])
    rest = Rest(3)

    assert rest.over()
    assert [rest.begin(), rest.begin()] == [True, False]
    assert not rest.over()
    at[0] = 103.5
    assert [rest.over(), rest.over()] == [True, False]
    rest.end()
    assert [rest.over(), rest.over()] == [True, True]


@pytest.fixture
def queue(redis):
    """The real queue in that Redis instead of the tests' own in memory."""
    before = app.conf.broker_url, app.conf.broker_transport_options
    set_broker(redis.url, {"socket_connect_timeout": 1, "socket_timeout": 10})
    yield redis
    set_broker(*before)


def set_broker(url: str, options: dict) -> None:
    app.conf.update(
        broker_url=url, broker_read_url=url, broker_write_url=url, broker_transport_options=options
    )
    app.set_default()
    app.amqp.__dict__.pop("producer_pool", None)
    app.amqp._producer_pool = None
    app._pool = None


def waiting(redis: Redis) -> int:
    import redis as client

    with client.Redis.from_url(redis.url) as connection:
        return int(connection.llen("celery"))


def test_waking_the_relay_puts_a_message_in_the_queue(queue):
    tasks.Waker(tasks.relay_events)()

    wait_until(lambda: waiting(queue) == 1, seconds=5, what="the message")
    assert waiting(queue) == 1


@pytest.mark.parametrize("fault", ["away", "hung"])
def test_waking_the_relay_waits_for_no_broker_and_raises_nothing(queue, fault):
    waker = tasks.Waker(tasks.relay_events)
    queue.end() if fault == "away" else os.kill(queue.pid, signal.SIGSTOP)

    assert took_s(lambda: [waker() for _ in range(100)]) < 0.2
    if fault == "hung":
        os.kill(queue.pid, signal.SIGCONT)


def test_the_relay_is_woken_again_when_the_broker_is_back_and_empty(queue, monkeypatch):
    monkeypatch.setattr(tasks, "REST_S", 0.1)
    waker = tasks.Waker(tasks.relay_events)
    waker()
    wait_until(lambda: waiting(queue) == 1, seconds=5, what="the first message")
    queue.end()
    waker()
    queue.start()

    def woken() -> bool:
        waker()
        return waiting(queue) > 0

    assert wait_until(woken, seconds=10, what="another message") < 10
