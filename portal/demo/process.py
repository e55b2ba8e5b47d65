"""Web, worker and timetable in one process, each in threads of its own."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, Thread
from typing import Any

from celery.beat import EmbeddedService, Scheduler
from celery.worker import WorkController
from django.core.servers.basehttp import ThreadedWSGIServer, WSGIRequestHandler, get_internal_wsgi_application

from portal.celery import app

LOOPBACK = "127.0.0.1"
CHATTY = ("celery", "kombu", "django.server", "django.request", "portal.request")


class Worker(WorkController):
    """A worker that says when it takes tasks: the usual signal never fires outside the command line."""

    ready: Event

    def on_consumer_ready(self, consumer: object) -> None:
        self.ready.set()


class QuietHandler(WSGIRequestHandler):
    """One request a line would bury what the demo has to say."""

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's word
        pass


def bind(port: int) -> ThreadedWSGIServer:
    """Listen on this machine only. Raises OSError if the port is taken."""
    server = ThreadedWSGIServer((LOOPBACK, port), QuietHandler)
    server.set_app(get_internal_wsgi_application())
    server.daemon_threads = True
    return server


@contextmanager
def serving(server: ThreadedWSGIServer) -> Iterator[None]:
    """Answer requests until the block ends."""
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.1}, name="web", daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()


@contextmanager
def working() -> Iterator[None]:
    """Run the worker and its timetable until the block ends."""
    for name in CHATTY:
        logging.getLogger(name).setLevel(logging.ERROR)
    worker = Worker(
        app=app,
        pool_cls="threads",
        concurrency=2,
        hostname="demo",
        without_gossip=True,
        without_mingle=True,
        without_heartbeat=True,
    )
    worker.ready = Event()
    thread = Thread(target=worker.start, name="worker", daemon=True)
    thread.start()
    worker.ready.wait(timeout=5)
    service: Any = EmbeddedService  # its annotations say whole seconds, its code takes any
    beat = service(app, thread=True, scheduler_cls=Scheduler, max_interval=0.5)
    beat.start()
    try:
        yield
    finally:
        # Nothing is lost by not waiting: what matters is a row first, and is swept at the next start.
        beat.service.stop(wait=False)
        Thread(target=worker.stop, daemon=True).start()
        thread.join(timeout=1)
