"""Where webhooks go, and where they never do. WEBHOOK_TEST_TARGETS is empty but where a test says so."""

import socket
import threading
import time
from collections import deque
from contextlib import contextmanager

import pytest

from portal.messaging import targets
from portal.messaging.targets import BadTarget, check_target, post
from tests.fakes.receiver import Reply, receiving

HOSTILE = [
    "http://hooks.example.com/",
    "https://hooks.example.com:22/",
    "https://hooks.example.com:80/",
    "https://hooks.example.com:99999/",
    "https://user:pw@hooks.example.com/",
    "https://hooks.example.com/#part",
    "ftp://hooks.example.com/",
    "file:///etc/passwd",
    "gopher://127.0.0.1:6379/_FLUSHALL",
    "https://",
    "https:///path",
    "hooks.example.com",
    "https://localhost/",
    "https://a.localhost/",
    "https://printer.local/",
    "https://metadata.google.internal/",
    "https://127.0.0.1/",
    "https://127.1/",
    "https://2130706433/",
    "https://0x7f000001/",
    "https://0/",
    "https://10.0.0.7/",
    "https://172.16.0.1/",
    "https://192.168.1.1/",
    "https://169.254.169.254/latest/meta-data/",
    "https://100.64.0.1/",
    "https://192.0.0.192/",
    "https://224.0.0.1/",
    "https://255.255.255.255/",
    "https://[::1]/",
    "https://[::]/",
    "https://[::7f00:1]/",
    "https://[::169.254.169.254]/",
    "https://[::ffff:127.0.0.1]/",
    "https://[::ffff:0:127.0.0.1]/",
    "https://[64:ff9b::a9fe:a9fe]/",
    "https://[2002:7f00:1::]/",
    "https://[fe80::1%25eth0]/",
    "https://[fd00:ec2::254]/",
    "https://[fec0::1]/",
    "https://[ff02::1]/",
    "https://[::1",
    "https://hooks.example.com\\@127.0.0.1/",
    "https://hooks.example.com /",
    "https://hooks.exämple.com/",
    "https://hooks.example.com/\r\nHost: inside",
    "https://hooks.example.com/" + "x" * 500,
]


@pytest.fixture(autouse=True)
def _no_test_targets(settings):
    settings.WEBHOOK_TEST_TARGETS = []


@pytest.mark.parametrize("url", HOSTILE)
def test_a_hostile_address_is_neither_kept_nor_sent_to(url, monkeypatch):
    monkeypatch.setattr(socket.socket, "connect", lambda *_: pytest.fail("connected"))

    with pytest.raises(BadTarget):
        check_target(url)
    answer = post(url, body=b"{}", headers={})

    assert (answer.status, answer.error) == (None, "not an address we send to")


@pytest.mark.parametrize(
    "url",
    [
        "https://hooks.example.com/",
        "https://hooks.example.com:8443/a?b=c",
        "https://8.8.8.8/",
        "https://[2600::1]/",
    ],
)
def test_a_public_address_is_kept_as_it_is(url):
    assert check_target(url) == url


INSIDE = [
    "127.0.0.1",
    "0.0.0.0",
    "10.1.2.3",
    "169.254.169.254",
    "100.64.0.1",
    "::1",
    "::7f00:1",
    "::ffff:10.0.0.1",
    "::ffff:0:7f00:1",
    "fe80::1",
    "fec0::1",
    "fd00::1",
    "64:ff9b::7f00:1",
    "2002:a00:1::",
    "5f00::1",
]


@contextmanager
def resolving(monkeypatch, *answers: str):
    """A resolver that answers so by turns, and what was connected to."""
    left, connected = deque(answers), []
    real = socket.getaddrinfo

    def resolve(host, port, *rest, **more):
        if host != "hooks.example.com":
            return real(host, port, *rest, **more)  # a number, which needs no resolver
        address = left.popleft() if len(left) > 1 else left[0]
        kind = socket.AF_INET6 if ":" in address else socket.AF_INET
        return [(kind, socket.SOCK_STREAM, 6, "", (address, port))]

    def connect(self, address):
        connected.append(address[0])
        raise ConnectionRefusedError

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    monkeypatch.setattr(socket.socket, "connect", connect)
    yield connected


@pytest.mark.parametrize("inside", INSIDE)
def test_a_name_that_stands_for_an_address_inside_is_not_connected_to(inside, monkeypatch):
    with resolving(monkeypatch, inside) as connected:
        answer = post("https://hooks.example.com/", body=b"{}", headers={})

    assert (answer.status, answer.error) == (None, "not a public address")
    assert connected == []


def test_a_resolver_that_changes_its_mind_gains_nothing(monkeypatch):
    with resolving(monkeypatch, "93.184.215.14", "127.0.0.1") as connected:
        answer = post("https://hooks.example.com/", body=b"{}", headers={})

    assert connected == ["93.184.215.14"]
    assert (answer.status, answer.error) == (None, "no connection")


def test_a_name_that_nobody_knows_is_no_connection(monkeypatch):
    def resolve(*_, **__):
        raise socket.gaierror(socket.EAI_NONAME, "no such name")

    monkeypatch.setattr(socket, "getaddrinfo", resolve)

    assert post("https://hooks.example.com/", body=b"{}", headers={}).error == "no connection"


def test_nothing_but_the_very_host_and_port_that_tests_name_is_let_through(settings):
    settings.WEBHOOK_TEST_TARGETS = ["127.0.0.1:8123"]

    assert check_target("http://127.0.0.1:8123/hooks")
    for near in (
        "http://127.0.0.1:8124/",
        "http://127.0.0.2:8123/",
        "http://localhost:8123/",
        "ftp://127.0.0.1:8123/",
    ):
        with pytest.raises(BadTarget):
            check_target(near)


def test_a_redirect_is_an_answer_and_not_followed(settings):
    with receiving(
        lambda _: Reply(302, {"Location": "http://169.254.169.254/latest/meta-data/"})
    ) as receiver:
        settings.WEBHOOK_TEST_TARGETS = [receiver.target]
        answer = post(receiver.url(), body=b"{}", headers={})

    assert (answer.status, answer.error, answer.taken) == (302, "answered 302", False)
    assert len(receiver.messages) == 1


def test_a_proxy_in_the_environment_is_not_asked(settings, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    with receiving() as receiver:
        settings.WEBHOOK_TEST_TARGETS = [receiver.target]

        assert post(receiver.url(), body=b"{}", headers={}).taken


def test_a_huge_answer_is_read_no_further_than_64_kb(settings):
    with receiving(lambda _: Reply(200, body=b"x" * 5_000_000)) as receiver:
        settings.WEBHOOK_TEST_TARGETS = [receiver.target]
        answer = post(receiver.url(), body=b"{}", headers={})

    assert answer.taken
    assert answer.ms < 2000


@contextmanager
def dripping(said: bytes, *, each_s: float = 0.05):
    """A server that says something byte by byte, and never ends."""
    server = socket.create_server(("127.0.0.1", 0))
    over = threading.Event()

    def serve() -> None:
        try:
            client, _address = server.accept()
            with client:
                while not over.is_set():
                    for sign in said:
                        client.sendall(bytes([sign]))
                        time.sleep(each_s)
        except OSError:
            return

    threading.Thread(target=serve, daemon=True).start()
    yield f"127.0.0.1:{server.getsockname()[1]}"
    over.set()
    server.close()


@pytest.mark.parametrize("said", [b"HTTP/1.1 200 OK\r\nX-A: aaaaaaaaaaaaaaaaaaaaaaaaaaaaa", b"x"])
def test_who_answers_byte_by_byte_is_cut_off(said, settings, monkeypatch):
    monkeypatch.setattr(targets, "LONGEST_S", 0.6)
    with dripping(said) as target:
        settings.WEBHOOK_TEST_TARGETS = [target]
        answer = post(f"http://{target}/", body=b"{}", headers={})

    assert (answer.status, answer.error) == (None, "too slow")
    assert answer.ms < 2000


def test_who_says_nothing_is_too_slow(settings, monkeypatch):
    monkeypatch.setattr(targets, "READ_S", 0.3)
    with receiving(lambda _: Reply(after_s=1)) as receiver:
        settings.WEBHOOK_TEST_TARGETS = [receiver.target]
        answer = post(receiver.url(), body=b"{}", headers={})

    assert (answer.status, answer.error) == (None, "too slow")


@pytest.mark.parametrize(
    ("said", "seconds"), [("30", 30), ("Fri, 27 Nov 2026 09:00:00 GMT", 0), ("-5", 0), ("9" * 30, 0)]
)
def test_retry_after_is_read_in_seconds_alone(said, seconds, settings):
    with receiving(lambda _: Reply(503, {"Retry-After": said})) as receiver:
        settings.WEBHOOK_TEST_TARGETS = [receiver.target]

        assert post(receiver.url(), body=b"{}", headers={}).retry_after_s == seconds
