from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.test import RequestFactory

from portal.throttle import Limit, network_of, take, take_all, take_distinct
from tests.factories import NOW

HOURLY = Limit("test", times=3, per_s=3600)


def seconds(count: float):
    return NOW + timedelta(seconds=count)


def test_within_the_limit_nobody_waits():
    assert [take(HOURLY, "a", now=NOW) for _i in range(3)] == [0, 0, 0]


def test_one_more_is_told_when_to_come_back_and_then_may():
    for _i in range(3):
        take(HOURLY, "a", now=NOW)

    wait_s = take(HOURLY, "a", now=NOW)

    assert 0 < wait_s <= 3600
    assert take(HOURLY, "a", now=seconds(2 * 3600)) == 0


def test_keys_do_not_share_a_limit():
    for _i in range(4):
        take(HOURLY, "a", now=NOW)

    assert take(HOURLY, "b", now=NOW) == 0
    assert take(Limit("other", 3, 3600), "a", now=NOW) == 0


def test_nobody_gets_twice_the_limit_around_a_boundary():
    just_before = seconds(3599)
    for _i in range(3):
        take(HOURLY, "a", now=just_before)

    assert take(HOURLY, "a", now=seconds(3601)) > 0
    assert take(HOURLY, "a", now=seconds(3600 + 2400)) == 0


def test_what_is_refused_does_not_count():
    for _i in range(50):
        take(HOURLY, "a", now=NOW)

    assert take(HOURLY, "a", now=seconds(3600 + 1300)) == 0


def test_of_many_at_once_only_as_many_as_allowed_get_through():
    limit = Limit("crowd", times=20, per_s=3600)
    with ThreadPoolExecutor(16) as pool:
        waits = list(pool.map(lambda _i: take(limit, "a", now=NOW), range(200)))

    assert waits.count(0) == 20


def test_the_longest_wait_counts():
    short, long = Limit("short", 1, 60), Limit("long", 1, 3600)
    assert take_all((short, "a"), (long, "a"), now=NOW) == 0

    both, one = take_all((short, "a"), (long, "a"), now=NOW), take(short, "a", now=NOW)

    assert both > one > 0


def test_the_same_place_again_costs_nothing():
    assert [take_distinct(HOURLY, "s", place, now=NOW) for place in "aabbccabc"] == [0] * 9
    assert take_distinct(HOURLY, "s", "d", now=NOW) > 0
    assert take_distinct(HOURLY, "s", "a", now=NOW) == 0


def test_a_place_known_from_the_window_before_costs_nothing():
    for place in "abc":
        take_distinct(HOURLY, "s", place, now=seconds(3500))

    assert [take_distinct(HOURLY, "s", place, now=seconds(3700)) for place in "abc"] == [0, 0, 0]
    assert take_distinct(HOURLY, "s", "d", now=seconds(3700)) > 0


def request_from(address: str, forwarded: str | None = None):
    extra = {"HTTP_X_FORWARDED_FOR": forwarded} if forwarded is not None else {}
    return RequestFactory().get("/", REMOTE_ADDR=address, **extra)


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.77", "192.0.2.0/24"),
        ("2001:db8:12:34ff::1", "2001:db8:12:3400::/56"),
        ("::ffff:192.0.2.77", "192.0.2.0/24"),
        ("", "unknown"),
        ("not an address", "unknown"),
    ],
)
def test_neighbours_in_a_network_count_as_one(address, network):
    assert network_of(request_from(address)) == network


def test_without_proxies_of_ours_the_header_is_not_read(settings):
    settings.TRUSTED_PROXY_HOPS = 0

    assert network_of(request_from("192.0.2.1", "198.51.100.9")) == "192.0.2.0/24"


@pytest.mark.parametrize(
    ("hops", "forwarded", "network"),
    [
        (1, "198.51.100.9", "198.51.100.0/24"),
        (1, "6.6.6.6, 198.51.100.9", "198.51.100.0/24"),
        (2, "6.6.6.6, 198.51.100.9, 203.0.113.1", "198.51.100.0/24"),
        (2, "198.51.100.9", "192.0.2.0/24"),
        (1, "rubbish", "192.0.2.0/24"),
        (1, "", "192.0.2.0/24"),
    ],
)
def test_behind_proxies_the_rightmost_trusted_entry_counts(settings, hops, forwarded, network):
    settings.TRUSTED_PROXY_HOPS = hops

    assert network_of(request_from("192.0.2.1", forwarded)) == network


def test_a_rotating_header_does_not_help(settings):
    settings.TRUSTED_PROXY_HOPS = 1
    requests = [request_from("192.0.2.1", f"10.{i}.0.1, 198.51.100.9") for i in range(10)]

    waits = [take(HOURLY, network_of(request), now=NOW) for request in requests]

    assert [bool(wait) for wait in waits] == [False] * 3 + [True] * 7
