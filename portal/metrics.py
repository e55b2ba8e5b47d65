"""What is counted, and the port where Prometheus reads it: never the public one.

Counts of all processes of one gunicorn (or one Celery worker) are kept in a folder that they share: whichever
of them is asked, answers for all. Without METRICS_PORT nothing is served, and counts stay in their process.
"""

import atexit
import logging
import os
from collections.abc import Iterator
from shutil import rmtree
from socketserver import ThreadingMixIn
from tempfile import mkdtemp
from threading import Thread
from typing import Final
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from django.conf import settings
from django.db import DatabaseError, connection

SHARED: Final = "PROMETHEUS_MULTIPROC_DIR"
if settings.METRICS_PORT and SHARED not in os.environ:  # the client looks for it once, when it is imported
    os.environ[SHARED] = mkdtemp(prefix="doorstep-metrics-")
    atexit.register(rmtree, os.environ[SHARED], ignore_errors=True)

from prometheus_client import CollectorRegistry, Counter, Histogram, make_wsgi_app  # noqa: E402
from prometheus_client.core import GaugeMetricFamily, Metric  # noqa: E402
from prometheus_client.multiprocess import MultiProcessCollector  # noqa: E402
from prometheus_client.registry import REGISTRY, Collector  # noqa: E402

log: Final = logging.getLogger(__name__)

BUCKETS: Final = (0.005, 0.01, 0.02, 0.04, 0.06, 0.1, 0.2, 0.5, 1, 2.5, 5, 10)

requests: Final = Histogram(
    "doorstep_request_seconds",
    "Requests answered, by route, method and class of status",
    ["route", "method", "status"],
    buckets=BUCKETS,
)
events: Final = Counter("doorstep_events", "What happened: holds, bookings, moves, by event", ["kind"])
refusals: Final = Counter(
    "doorstep_refusals", "Refusals, by code; plan_busy: waits for a lock in vain", ["code"]
)
throttled: Final = Counter("doorstep_throttled", "Requests told to come back later, by limit", ["limit"])
messages: Final = Counter("doorstep_messages", "Attempts to send a message, by outcome", ["outcome"])
webhooks: Final = Counter(
    "doorstep_webhooks", "Attempts to tell a merchant's server, by outcome", ["outcome"]
)
cache_failures: Final = Counter("doorstep_cache_failures", "Times that the cache did not answer")


def count_event(kind: str) -> None:
    """Count an event whose change is certain."""
    events.labels(kind).inc()


def count_refusal(code: str) -> None:
    """Count a refusal."""
    refusals.labels(code).inc()


class Backlog(Collector):
    """What waits, asked from the database when somebody reads."""

    def collect(self) -> Iterator[Metric]:
        """Return depth and lag of the outbox. Three queries."""
        from portal.checks import relay_lag_s
        from scheduling import clock
        from scheduling.selectors.outbox import events_waiting

        try:
            waiting, lag_s = events_waiting(), relay_lag_s(now=clock.now())
        except DatabaseError as error:
            log.warning("The backlog can't be read: %s", type(error).__name__)
            return
        finally:
            connection.close()
        yield GaugeMetricFamily("doorstep_outbox_depth", "Events not handed on yet", value=waiting)
        yield GaugeMetricFamily("doorstep_relay_lag_seconds", "Age of the oldest that could go", value=lag_s)


class Server(ThreadingMixIn, WSGIServer):
    """Several processes may listen at one port: each answers for all of them."""

    daemon_threads = True
    allow_reuse_port = True


class Quiet(WSGIRequestHandler):
    """Scrapes are not worth a line each."""

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's word
        pass


def serve() -> WSGIServer | None:
    """Answer at METRICS_PORT from a thread of this process. Nothing happens where it is not set."""
    if not settings.METRICS_PORT:
        return None
    app = make_wsgi_app(registry())
    server = make_server(settings.METRICS_HOST, settings.METRICS_PORT, app, Server, Quiet)
    Thread(target=server.serve_forever, name="metrics", daemon=True).start()
    return server


def registry() -> CollectorRegistry:
    """Return what is read: the shared counts where there are several processes, and the backlog."""
    found = CollectorRegistry()
    if SHARED in os.environ:
        MultiProcessCollector(found)  # type: ignore[no-untyped-call]
    else:
        found.register(REGISTRY)
    found.register(Backlog())
    return found
