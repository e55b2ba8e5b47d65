"""What is written and counted about each request: an id, one line, no token, and little time."""

import json
import logging
import sys
import urllib.request

import pytest
from django.http import HttpResponse
from prometheus_client import REGISTRY
from structlog.contextvars import get_contextvars

from portal import logs, metrics, throttle
from portal.benchmarks.servers import free_port
from portal.middleware import watched
from scheduling import events
from scheduling.errors import SlotTaken
from tests.factories import NOW, make_booking, make_link, make_merchant, make_network

GIVEN = "edge-01.4f2a9c"


@pytest.fixture
def lines():
    """Every line of this process, as production writes it."""
    written: list[str] = []

    class Collect(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            written.append(self.format(record))

    handler, root = Collect(logging.DEBUG), logging.getLogger()
    handler.setFormatter(logs.Formatter(for_machines=True))
    before = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield written
    root.removeHandler(handler)
    root.setLevel(before)


def about_requests(lines: list[str]) -> list[dict]:
    return [line for line in map(json.loads, lines) if line["logger"] == "portal.request"]


def counted(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(name, labels) or 0.0


# Ids


@pytest.mark.parametrize(
    ("hops", "given", "taken"),
    [
        (1, GIVEN, True),
        (0, GIVEN, False),
        (1, "short", False),
        (1, "x" * 65, False),
        (1, "with space and more", False),
        (1, 'quote"and\\more', False),
    ],
)
def test_an_id_is_taken_from_our_own_proxy_alone_and_only_if_it_is_well_formed(
    client, settings, hops, given, taken
):
    settings.TRUSTED_PROXY_HOPS = hops

    answer = client.get("/nowhere/", headers={"X-Request-ID": given})

    assert (answer["X-Request-ID"] == given) is taken
    assert logs.GIVEN_ID.fullmatch(answer["X-Request-ID"])


def test_every_line_of_a_request_has_its_id_and_the_next_request_has_another(rf, lines):
    def view(request):
        logging.getLogger("scheduling.somewhere").warning("a thing happened")
        return HttpResponse()

    first, second = (watched(view)(rf.get("/"))["X-Request-ID"] for _ in range(2))

    ids = [json.loads(line)["request_id"] for line in lines]
    assert ids == [first, first, second, second]
    assert first != second
    assert get_contextvars() == {}


# Lines


@pytest.mark.django_db
def test_a_request_is_one_line_with_its_route_its_queries_and_its_time(client, lines):
    client.get(f"/s/{make_merchant().slug}/")

    (line,) = about_requests(lines)
    assert line["route"] == "/s/<slug:merchant>/"
    assert (line["method"], line["status"], line["level"]) == ("GET", 200, "info")
    assert line["queries"] >= 1
    assert line["ms"] >= line["db_ms"] > 0


@pytest.mark.django_db
def test_no_line_holds_a_token_not_even_the_one_of_a_crash(client, lines):
    token = make_link(make_booking(make_network(days=2))).pk.hex * 2
    client.get(f"/l/{token}/")
    try:
        raise RuntimeError(f"can't open https://times.example.org/l/{token}/")
    except RuntimeError:
        logging.getLogger("somebody").exception("GET /l/%s/ failed", token)
    logging.getLogger("somebody").warning("seen", extra={"route": f"/l/{token}/"})

    assert len(lines) >= 3
    assert not any(token in line for line in lines)
    assert any("/l/[token]" in json.loads(line).get("exception", "") for line in lines)


def test_people_read_lines_instead_of_objects():
    record = logging.LogRecord("somebody", logging.INFO, __file__, 1, "a %s", ("thing",), None)

    line = logs.Formatter(for_machines=False).format(record)

    assert "a thing" in line
    assert "{" not in line


# Counts


@pytest.mark.django_db
def test_requests_are_counted_by_route_and_never_by_address(client):
    labels = {"route": "/s/<slug:merchant>/", "method": "GET", "status": "4xx"}
    before = counted("doorstep_request_seconds_count", **labels)

    client.get("/s/no-such-shop/")

    assert counted("doorstep_request_seconds_count", **labels) == before + 1


def test_a_method_that_somebody_made_up_is_no_label(client):
    labels = {"route": "none", "method": "other", "status": "4xx"}
    before = counted("doorstep_request_seconds_count", **labels)

    client.generic("BREW", "/nowhere/")

    assert counted("doorstep_request_seconds_count", **labels) == before + 1


@pytest.mark.django_db(transaction=True)
def test_events_are_counted_when_their_change_is_certain():
    before = counted("doorstep_events_total", kind="plan.closed")

    events.record("plan.closed", actor="test", now=NOW)

    assert counted("doorstep_events_total", kind="plan.closed") == before + 1


def test_refusals_are_counted_by_code():
    before = counted("doorstep_refusals_total", code="slot_taken")

    with pytest.raises(SlotTaken):
        raise SlotTaken

    assert counted("doorstep_refusals_total", code="slot_taken") == before + 1


def test_who_is_told_to_come_back_later_is_counted():
    once = throttle.Limit("once-in-a-test", times=1, per_s=60)
    for _ in range(3):
        throttle.take(once, "somebody", now=NOW)

    assert counted("doorstep_throttled_total", limit="once-in-a-test") == 2


# The port


@pytest.mark.django_db(transaction=True)
def test_metrics_are_read_at_a_port_of_their_own_with_the_backlog(settings, client):
    settings.METRICS_PORT = free_port()
    events.record("plan.closed", actor="test", now=NOW)
    server = metrics.serve()
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{settings.METRICS_PORT}/metrics") as answer:
            text = answer.read().decode()
    finally:
        server.shutdown()
        server.server_close()

    assert "doorstep_outbox_depth 1.0" in text
    assert "doorstep_relay_lag_seconds" in text
    assert "doorstep_request_seconds_bucket" in text
    assert client.get("/metrics").status_code == 404


def test_without_a_port_nothing_is_served(settings):
    settings.METRICS_PORT = 0

    assert metrics.serve() is None


def test_watching_a_request_takes_few_calls(rf):
    # Counted, not timed: a clock would measure what else the machine does.
    watch, request = watched(lambda request: HttpResponse()), rf.get("/nowhere/")
    watch(rf.get("/nowhere/"))  # what is made once is made now
    calls = 0

    def count(_frame: object, event: str, _what: object) -> None:
        nonlocal calls
        calls += event in {"call", "c_call"}

    sys.setprofile(count)
    try:
        watch(request)
    finally:
        sys.setprofile(None)

    assert 0 < calls < 1000  # about 550, and much of that is pytest catching the line
