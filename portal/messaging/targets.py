"""Where webhooks may go, and one message going there: a merchant names the address, so nothing is trusted.

https at ports 443 and 8443 to public addresses only. A name is resolved once, its address judged, and that
very address connected to (requests-hardened), so a resolver that answers otherwise the second time gains
nothing. No redirects, no proxies of ours, no more than 64 kB read, all within LONGEST_S.
"""

import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from ipaddress import IPv6Network, ip_address
from threading import Timer
from time import monotonic
from typing import Any, Final
from urllib.parse import SplitResult, urlsplit

import requests
from django.conf import settings
from django.utils.translation import gettext_lazy as _
from requests_hardened import Config, HTTPSession
from requests_hardened.ip_filter import InvalidIPAddress, filter_host
from requests_hardened.ip_filter_adapter import IPFilterAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import HTTPError

from scheduling.errors import DomainError

PORTS: Final = (443, 8443)
CONNECT_S: Final = 3.0
READ_S: Final = 5.0
LONGEST_S: Final = 8.0
"""Then the connection is cut, however slowly something still comes."""
MOST_READ: Final = 64 * 1024
LONGEST_URL: Final = 500
PUBLIC_V6: Final = IPv6Network("2000::/3")
"""All that anybody can reach by IPv6. It leaves out ::/96 and other ways to write an IPv4 address."""
AGENT: Final = "Doorstep-Webhooks/1"


class BadTarget(DomainError):
    """An address to which we send nothing."""

    code = "bad_target"
    sentence = _(
        "Give a whole https address on the public internet, at port 443 or 8443, without a password."
    )


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of one try. Without any answer `status` is None and `error` says why."""

    status: int | None
    ms: int
    error: str = ""
    retry_after_s: int = 0

    @property
    def taken(self) -> bool:
        """Whether it said that it has it."""
        return self.status is not None and 200 <= self.status < 300


def check_target(url: str) -> str:
    """Return the address as it is kept. Raises BadTarget.

    What a name stands for is judged each time that something is sent; written numbers are judged here too.
    """
    parts = _split(url)
    if is_test_target(parts):
        return url
    plain = url.isascii() and url.isprintable() and " " not in url and "\\" not in url
    if (
        not plain
        or len(url) > LONGEST_URL
        or parts.scheme != "https"
        or "@" in parts.netloc
        or parts.fragment
    ):
        raise BadTarget
    if _port(parts) not in PORTS or not parts.hostname or not _is_name_or_public(parts.hostname):
        raise BadTarget
    return url


def is_test_target(parts: SplitResult) -> bool:
    """Whether a test or the demo named this very host and port."""
    named = f"{parts.hostname}:{_port(parts)}"
    return parts.scheme in {"http", "https"} and named in settings.WEBHOOK_TEST_TARGETS


def _split(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        _ = parts.port  # read here: a port that is none is noticed when it is read
    except ValueError as error:
        raise BadTarget from error
    return parts


def _port(parts: SplitResult) -> int:
    return parts.port or (443 if parts.scheme == "https" else 80)


def _is_name_or_public(host: str) -> bool:
    try:
        address = ip_address(host)
    except ValueError:
        # Names have letters in their last part: 127.1 or 0x7f000001 are numbers to some resolvers.
        last = host.rstrip(".").rsplit(".", 1)[-1]
        return (
            "." in host.rstrip(".") and last[:1].isalpha() and last not in {"localhost", "local", "internal"}
        )
    try:
        require_public(str(address))
    except requests.RequestException:
        return False
    return True


def require_public(host: str) -> str:
    """Return the one address that a host stands for, as it is connected to. Raises InvalidIPAddress."""
    found: str = filter_host(host, 443, allow_loopback=False)
    address = ip_address(found.strip("[]"))
    if not address.is_global or (address.version == 6 and address not in PUBLIC_V6):
        raise InvalidIPAddress(address)
    return found


def post(url: str, *, body: bytes, headers: dict[str, str]) -> Answer:
    """Send one message and return what came of it, within LONGEST_S and the time to resolve a name.

    Raises nothing that a target could cause.
    """
    began = monotonic()
    try:
        parts = _split(check_target(url))
        with _session(parts) as session, _cut_off(session) as cut:
            status, retry_after_s = _exchange(session, url, body, headers)
    except BadTarget:
        return _unanswered(began, "not an address we send to")
    except InvalidIPAddress:
        return _unanswered(began, "not a public address")
    except (requests.RequestException, HTTPError, OSError, ValueError) as error:
        late = monotonic() - began >= LONGEST_S
        return _unanswered(began, "too slow" if late else _plain(error))
    if cut.done:
        return _unanswered(began, "too slow")
    return Answer(status, _ms(began), "" if 200 <= status < 300 else f"answered {status}", retry_after_s)


def _exchange(session: requests.Session, url: str, body: bytes, headers: dict[str, str]) -> tuple[int, int]:
    with session.post(
        url, data=body, headers=headers, stream=True, timeout=(CONNECT_S, READ_S), allow_redirects=False
    ) as response:
        # As it comes, not unpacked: a small answer may unpack to a huge one.
        response.raw.read(MOST_READ, decode_content=False)
        return response.status_code, _seconds(response.headers.get("Retry-After", ""))


def _seconds(text: str) -> int:
    """Return the seconds of a Retry-After; 0 for a date or nonsense."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0


def _plain(error: Exception) -> str:
    """Return what went wrong in our words: an error's own may repeat what the target sent."""
    if isinstance(error, requests.exceptions.SSLError):
        return "its certificate is not valid"
    if isinstance(error, requests.Timeout):
        return "too slow"
    return "no connection"


def _ms(began: float) -> int:
    return round((monotonic() - began) * 1000)


def _unanswered(began: float, error: str) -> Answer:
    return Answer(None, _ms(began), error)


# The session, and how it is cut off


class _PublicOnly(IPFilterAdapter):  # type: ignore[misc]
    """As requests-hardened has it, and stricter: global addresses only, in IPv6 of 2000::/3 only."""

    def build_connection_pool_key_attributes(self, *args: Any, **kwargs: Any) -> Any:
        host, pool = super().build_connection_pool_key_attributes(*args, **kwargs)
        require_public(str(host["host"]).strip("[]"))  # a number by now: nothing is resolved again
        return host, pool


class _Watched:
    """A connection that notes a second handle of its socket, which stays good when TLS wraps the first."""

    handles: list[socket.socket]

    def _new_conn(self) -> socket.socket:
        made: socket.socket = super()._new_conn()  # type: ignore[misc]
        self.handles.append(made.dup())
        return made


def _session(parts: SplitResult) -> requests.Session:
    if is_test_target(parts):
        session = requests.Session()
        session.headers["User-Agent"] = AGENT
    else:
        rules = Config(
            ip_filter_enable=True,
            ip_filter_allow_loopback_ips=False,
            never_redirect=True,
            default_timeout=(CONNECT_S, READ_S),
            user_agent_override=AGENT,
        )
        session = HTTPSession(rules)
        session.mount("https://", _PublicOnly(is_https_proto=True))
    session.trust_env = False  # neither proxies nor passwords of ours
    return session


class _Cut:
    done = False


@contextmanager
def _cut_off(session: requests.Session) -> Iterator[_Cut]:
    """Shut the session's connections down when LONGEST_S are over: time-outs begin anew at each byte."""
    cut, handles = _Cut(), _watch(session)

    def end() -> None:
        cut.done = True
        for handle in handles:
            with suppress(OSError):
                handle.shutdown(socket.SHUT_RDWR)

    timer = Timer(LONGEST_S, end)
    timer.daemon = True
    timer.start()
    try:
        yield cut
    finally:
        timer.cancel()
        for handle in handles:
            handle.close()


def _watch(session: requests.Session) -> list[socket.socket]:
    """Have every connection of a session note its socket in the list returned."""
    noted: list[socket.socket] = []

    class Plain(_Watched, HTTPConnection):
        handles = noted

    class Secure(_Watched, HTTPSConnection):
        handles = noted

    class PlainPool(HTTPConnectionPool):
        ConnectionCls = Plain

    class SecurePool(HTTPSConnectionPool):
        ConnectionCls = Secure

    for adapter in session.adapters.values():
        manager = getattr(adapter, "poolmanager")  # noqa: B009 - not among the stubs' names
        manager.pool_classes_by_scheme = {"http": PlainPool, "https": SecurePool}
    return noted
