"""How gunicorn serves: `gunicorn --config deploy/gunicorn.conf.py`. What differs comes from the environment.

It imports nothing of ours: what the master imports, its workers inherit, and new code would never be read.
"""

import gc
import os
import shutil
import socket
import struct
import sys
import tempfile
from pathlib import Path

wsgi_app = "portal.wsgi"
bind = os.environ.get("WEB_BIND") or f"127.0.0.1:{os.environ.get('PORT') or 8000}"
pidfile = os.environ.get("WEB_PIDFILE") or None

# Pages are arithmetic and templates more than waiting, and threads of one process compute by turns. Two
# processes a core with one thread each answered quickest (`manage.py benchmark http`); a proxy in front hands
# on whole requests, so slow clients hold none of them. Where there is one process alone it has threads.
worker_class = "gthread"
workers = int(os.environ.get("WEB_CONCURRENCY") or 1)
threads = int(os.environ.get("WEB_THREADS") or 8)
worker_connections = 200
backlog = 512

# Seconds. `timeout` ends a worker whose main thread hangs; what a request may wait for settings.py bounds.
timeout = 30
graceful_timeout = 25
keepalive = 15
STALLED_S = 10
SWITCH_S = 0.05  # who computes is seldom interrupted for who has just begun: both would be late

limit_request_line = 4094
limit_request_fields = 60
limit_request_field_size = 8190

# Whom to believe about https and addresses is settings.py's to say (TRUSTED_PROXY_HOPS), nobody else's.
forwarded_allow_ips = ""
preload_app = False
control_socket_disable = True
worker_tmp_dir = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None  # noqa: S108 - heartbeats: a disk may stall
accesslog = None  # portal/logs.py writes one line per request, without tokens
errorlog = "-"

# One folder for the counts of all workers: the client reads its name when a worker imports it. Each master
# makes its own, below the one it was given if any: a new one beside the old one counts anew, and whichever
# ends removes nothing but its own. SIGHUP reads this file again in the same process.
COUNTS = "PROMETHEUS_MULTIPROC_DIR"
OURS = f"doorstep-metrics-{os.getpid()}-"
if os.environ.get("METRICS_PORT") and OURS not in os.environ.get(COUNTS, ""):
    os.environ[COUNTS] = tempfile.mkdtemp(prefix=OURS, dir=os.environ.get(COUNTS) or None)


def on_starting(server):
    """Remove a mark that another process of our number left when it was killed."""
    if pidfile:
        Path(f"{pidfile}.{os.getpid()}.ready").unlink(missing_ok=True)


def on_exit(server):
    """Throw the counts away, and the mark of readiness."""
    if OURS in os.environ.get(COUNTS, ""):
        shutil.rmtree(os.environ[COUNTS], ignore_errors=True)
    if pidfile:
        Path(f"{pidfile}.{os.getpid()}.ready").unlink(missing_ok=True)


def post_worker_init(worker):
    """Log as all others, answer Prometheus, and let deploy/restart.py know that we are ready."""
    from django.db import connections
    from django.urls import get_resolver

    from portal import metrics
    from scheduling import clock
    from scheduling.reading_ahead import read_ahead

    _ = get_resolver().url_patterns  # every page is imported now, not while somebody waits for it
    read_ahead(now=clock.now())
    connections.close_all()  # requests are answered in other threads
    gc.collect()
    sys.setswitchinterval(SWITCH_S)
    gc.freeze()  # else each full collection looks through all of Django: 50 ms in which nobody is answered
    worker.log.error_log.handlers.clear()
    worker.log.error_log.propagate = True
    metrics.serve()
    if pidfile:
        with Path(f"{pidfile}.{os.getppid()}.ready").open("a") as mark:
            mark.write(f"{worker.pid} {worker.cfg.workers}\n")


def post_fork(server, worker):
    """Give up a client that stops in the middle of a request or answer: a few would hold all threads.

    Accepted connections inherit these from the listener.
    """
    seconds = struct.pack("ll", STALLED_S, 0)
    for listener in server.LISTENERS:
        listener.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, seconds)
        listener.sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, seconds)
