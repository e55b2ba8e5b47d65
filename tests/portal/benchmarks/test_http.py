import json
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer, ThreadingHTTPServer
from io import StringIO
from threading import Thread
from time import sleep

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from portal.benchmarks import parts
from portal.benchmarks.http import LEAST_STEP, Figures, Parts, Times, highest, measure
from portal.benchmarks.load import send
from portal.benchmarks.report import Asked, Found
from portal.benchmarks.servers import free_port
from portal.benchmarks.serving import Server
from portal.benchmarks.visitors import Step, Visitor, visitors
from portal.customers.probing import PLACES_PER_SESSION, QUOTES_PER_SESSION
from portal.limits import FORMS

FIGURES = Figures(
    rate=20,
    seconds=60,
    seed=1,
    achieved_rate=20,
    requests_per_s=42,
    steps={"quote": Times(count=1200, p50_ms=20, p95_ms=40, p99_ms=50, max_ms=70)},
    errors={},
    gone=2,
    late_p99_ms=1,
    late_max_ms=3,
    client_was_late=False,
    client_cpu_ms=0.5,
    server_cpu_ms=12,
)
PARTS = Parts(
    3, total_ms=20, cpu_ms=18, core_ms=2, queries_ms=6, template_ms=4, session_ms=1, rest_ms=7, queries=9
)
ASKED = Asked(rate=20, seconds=60, database="sqlite", processes=2, threads=1, seed=1, highest=False, url=None)


@contextmanager
def serving(
    *, takes_s: float = 0, status: int = 200, one_by_one: bool = False, page: bytes = b"ok"
) -> Iterator[str]:
    """A server that answers every page alike."""

    class Answering(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.0" if one_by_one else "HTTP/1.1"

        def do_GET(self) -> None:
            sleep(takes_s)
            self.send_response(status)
            self.send_header("Content-Length", str(len(page)))
            self.send_header("Server-Timing", "total;dur=3.0, count;dur=2")
            self.end_headers()
            self.wfile.write(page)

        def log_message(self, *_args: object) -> None:
            """Say nothing."""

    server = (HTTPServer if one_by_one else ThreadingHTTPServer)(("127.0.0.1", 0), Answering)
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


def looks(*times_s: float, number: int = 0) -> Visitor:
    return Visitor(number, "shop", "Street 1", tuple(Step(at_s, "quote") for at_s in times_s))


def test_as_many_quotes_are_due_as_were_asked_for_and_always_the_same():
    coming = visitors(rate=30, seconds=60, seed=4)
    steps = Counter(step.name for each in coming for step in each.steps if step.at_s >= 0)

    assert 0.93 * 30 * 60 < steps["quote"] < 1.07 * 30 * 60
    assert 0.08 < steps["hold"] / steps["quote"] < 0.12
    assert coming == visitors(rate=30, seconds=60, seed=4) != visitors(rate=30, seconds=60, seed=5)


def test_visitors_stay_within_what_a_session_may_ask():
    coming = visitors(rate=30, seconds=700, seed=1)
    (holds_per_browser, _key), *_others = FORMS["customers:hold"]

    assert len({each.network for each in coming}) == len(coming)
    for each in coming:
        kinds = Counter(step.name for step in each.steps)
        assert kinds["address"] <= PLACES_PER_SESSION.times
        for name, limit in (("quote", QUOTES_PER_SESSION), ("hold", holds_per_browser)):
            at = [step.at_s for step in each.steps if step.name == name]
            assert all(sum(a <= b < a + limit.per_s for b in at) <= limit.times for a in at), name
        assert [step.at_s for step in each.steps] == sorted(step.at_s for step in each.steps)


def test_a_slow_server_cannot_hide_how_long_people_waited_for_it():
    # Ten want something at the same moment of one who serves them one by one.
    with serving(takes_s=0.05, one_by_one=True) as url:
        result = send([looks(0, number=n) for n in range(10)], url=url, headers={}, seconds=1)

    took = sorted(sample.took_s for sample in result.samples)
    assert took[0] >= 0.05
    assert took[-1] >= 0.5


def test_a_question_due_before_the_last_answer_came_counts_from_when_it_was_due():
    with serving(takes_s=0.3) as url:
        result = send([looks(0, 0.1)], url=url, headers={}, seconds=1)

    first, second = result.samples
    assert second.took_s >= 0.5
    assert second.late_s < 0.15  # that was the server's doing, not ours
    assert (first.timing, first.status, first.error) == ("total;dur=3.0, count;dur=2", 200, "")


def test_what_is_asked_while_warming_up_is_not_counted():
    with serving() as url:
        result = send([looks(-1, -0.5, 0.2)], url=url, headers={}, seconds=0.5)

    assert [sample.due_s for sample in result.samples] == [0.2]


def test_errors_are_told_by_kind_and_end_a_visit():
    with serving(status=500) as url:
        figures = measure(Server(url, {}), rate=4, seconds=1, seed=1)
    nobody = send([looks(0)], url=f"http://127.0.0.1:{free_port()}", headers={}, seconds=0.1)

    assert figures.errors
    assert all("open: status 500" in kind for kind in figures.errors)
    assert (figures.steps, figures.achieved_rate, figures.quick) == ({}, 0, False)
    assert [sample.error for sample in nobody.samples] == ["ConnectionRefusedError"]


def test_a_visit_that_breaks_off_for_whatever_reason_is_an_error_for_all_that_was_wanted():
    with serving(page=b"\xff") as url:
        result = send([looks(0, 0.1)], url=url, headers={}, seconds=0.2)

    wrong = [sample.error for sample in result.samples]
    assert wrong == ["UnicodeDecodeError", "not sent after quote: UnicodeDecodeError"]


def test_percentiles_are_times_that_occurred():
    times = Times.of([number / 1000 for number in range(1, 101)])

    assert times == Times(count=100, p50_ms=50, p95_ms=95, p99_ms=99, max_ms=100)


@pytest.mark.parametrize("bearable", [11.0, 37.0, 160.0])
def test_the_highest_rate_is_found(bearable):
    def measured(rate: float) -> Figures:
        p95_ms = 30 if rate <= bearable else 300
        return replace(FIGURES, rate=rate, steps={"quote": replace(FIGURES.steps["quote"], p95_ms=p95_ms)})

    best = highest(measured)

    assert best is not None
    assert bearable - LEAST_STEP < best.rate <= bearable


def test_where_nothing_is_quick_there_is_no_highest_rate():
    assert highest(lambda rate: replace(FIGURES, rate=rate, errors={"quote: status 500": 1})) is None


def test_medians_of_what_the_server_told():
    told = [
        dict.fromkeys(("total", "cpu", "core", "queries", "template", "session", "rest", "count"), n)
        for n in (1.0, 2.0, 9.0)
    ]

    assert Parts.of(told) == Parts(3, 2, 2, 2, 2, 2, 2, 2, 2)


def test_figures_are_told_to_people_and_to_programs():
    found = Found(ASKED, FIGURES, parts={"quote": PARTS})

    told, read = found.as_text(), json.loads(found.as_json())

    assert "sqlite, 2 x 1 processes" in told
    assert "a separate run" in told
    assert (read["steps"]["quote"]["p95_ms"], read["parts"]["quote"]["queries"]) == (40, 9)
    assert not found.failed


def test_a_client_that_was_late_says_so():
    assert "LATE" in Found(ASKED, replace(FIGURES, client_was_late=True)).as_text()


@pytest.mark.parametrize(
    "arguments",
    [
        ("--url", "http://192.0.2.1:80"),
        ("--rate", "0"),
        ("--rate", "inf"),
        ("--url", f"http://127.0.0.1:{free_port()}"),
    ],
)
def test_what_cannot_be_measured_is_refused(arguments):
    with pytest.raises(CommandError):
        call_command("benchmark", "http", *arguments, stdout=StringIO(), stderr=StringIO())


def test_every_part_is_still_called_what_it_was():
    assert all(callable(getattr(owner, name)) for owner, name, _part in parts.watched())


def test_the_time_of_a_part_inside_another_counts_once():
    parts.meter.begin()
    with parts.meter.part("template"):
        sleep(0.02)
        parts.count_query(sleep, 0.3)

    assert (parts.meter.spent_ms["queries"] >= 300, parts.meter.queries) == (True, 1)
    assert 20 <= parts.meter.spent_ms["template"] < 300
    assert parts.meter.report().endswith("count;dur=1")
