"""How often: small throttles in the cache, per link, session, address or network.

Counts are kept in fixed windows with the cache's atomic `add` and `incr`; what the window before counted
weighs in by the part of it still in sight, so that nobody gets twice the limit around a boundary. What is
refused does not count. Several processes share the counts through Redis.
"""

from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from ipaddress import IPv6Address, ip_address, ip_network
from math import ceil
from typing import Final

from django.conf import settings
from django.core.cache import cache
from django.http import HttpRequest

from portal.metrics import throttled

NETWORK_BITS: Final = {4: 24, 6: 56}


@dataclass(frozen=True, slots=True)
class Limit:
    """At most `times` in any `per_s` seconds, for each key."""

    name: str
    times: int
    per_s: int


@dataclass(frozen=True, slots=True)
class Counted:
    """What a count came to: in how many seconds to come back (0: it may), how many are left, until when."""

    wait_s: int
    left: int
    resets_in_s: int


def take(limit: Limit, key: str, *, now: datetime) -> int:
    """Count one more for `key`. Return 0 if it is within the limit, else in how many seconds to come back."""
    return count(limit, key, now=now).wait_s


def count(limit: Limit, key: str, *, now: datetime) -> Counted:
    """Count one more for `key`, and say what that came to."""
    window, into_s = divmod(int(now.timestamp()), limit.per_s)
    counter, counter_before = (_counter(limit, key, w) for w in (window, window - 1))
    kept = cache.get_many((counter, counter_before))
    before = kept.get(counter_before, 0)
    carried = before * (limit.per_s - into_s) / limit.per_s
    so_far = _increase(counter, limit.per_s, new=counter not in kept) + carried
    if so_far <= limit.times:
        return Counted(0, int(limit.times - so_far), limit.per_s - into_s)
    _give_back(counter)
    throttled.labels(limit.name).inc()
    return Counted(_wait_s(limit, before, into_s), 0, limit.per_s - into_s)


def take_all(*claims: tuple[Limit, str], now: datetime) -> int:
    """Count one more for each (limit, key). Return the longest wait in seconds, 0 if all allow it."""
    return max(take(limit, key, now=now) for limit, key in claims)


def take_distinct(limit: Limit, key: str, member: str, *, now: datetime) -> int:
    """As `take`, but a `member` seen in this window or the one before costs nothing: counts distinct ones."""
    window = int(now.timestamp()) // limit.per_s
    seen, seen_before = (f"{_counter(limit, key, w)}:{_digest(member)}" for w in (window, window - 1))
    # The mark is set before counting, and lifted if refused, so that of two at once only one counts.
    if not cache.add(seen, 1, timeout=2 * limit.per_s) or cache.get(seen_before):
        return 0
    wait_s = take(limit, key, now=now)
    if wait_s:
        cache.delete(seen)
    return wait_s


def _counter(limit: Limit, key: str, window: int) -> str:
    return f"throttle:{limit.name}:{_digest(key)}:{window}"


def _digest(text: str) -> str:
    """Keys name people and networks: the cache need not know them."""
    return sha256(text.encode()).hexdigest()[:32]


def _increase(counter: str, per_s: int, *, new: bool) -> int:
    """Count one more, in as few ways to Redis as can be: most counters are new, or there already."""
    if new and cache.add(counter, 1, timeout=2 * per_s):
        return 1
    try:
        return cache.incr(counter)
    except ValueError:  # it ran out between the two lines
        cache.set(counter, 1, timeout=2 * per_s)
        return 1


def _give_back(counter: str) -> None:
    with suppress(ValueError):  # it ran out, and what it counted with it
        cache.decr(counter)


def _wait_s(limit: Limit, before: int, into_s: int) -> int:
    """Return the seconds until one more fits: as the window before fades, or in the next window."""
    left_s = limit.per_s - into_s
    if before < 1:
        return left_s
    return min(left_s, max(1, ceil(limit.per_s / before)))


def network_of(request: HttpRequest) -> str:
    """Return the network a request comes from: /24 for IPv4, /56 for IPv6.

    Of X-Forwarded-For only what our own proxies wrote counts: with TRUSTED_PROXY_HOPS = n the n-th entry from
    the right. Whatever a client writes there itself stands further left and is never read.
    """
    peer: str = request.META.get("REMOTE_ADDR", "")
    hops = settings.TRUSTED_PROXY_HOPS
    entries = [entry.strip() for entry in request.META.get("HTTP_X_FORWARDED_FOR", "").split(",")]
    address = entries[-hops] if hops and len(entries) >= hops else peer
    return _network(address) or _network(peer) or "unknown"


def _network(address: str) -> str | None:
    try:
        found = ip_address(address)
    except ValueError:
        return None
    if isinstance(found, IPv6Address) and found.ipv4_mapped:
        found = found.ipv4_mapped
    return str(ip_network(f"{found}/{NETWORK_BITS[found.version]}", strict=False))
