"""Is it alive, and can it answer: `/healthz` and `/readyz`, for whoever starts and watches the processes.

They are answered before anything else looks at a request: probes come without TLS, without a host name of
ours and often, and must neither be sent to https nor open a session. A proxy in front keeps them off the
public net.
"""

from collections.abc import Callable
from concurrent.futures import Future, wait
from dataclasses import dataclass
from threading import Lock, Thread
from time import monotonic
from typing import Final

from django.http import HttpRequest, HttpResponse, JsonResponse

from portal import checks

GetResponse = Callable[[HttpRequest], HttpResponse]

HEALTH_PATH, READY_PATH = "/healthz", "/readyz"
PATHS: Final = frozenset({HEALTH_PATH, READY_PATH})
LONGEST_S: Final = 3.0


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check found. `detail` says what is wrong, without a secret; nothing where all is well."""

    name: str
    ok: bool
    took_ms: float
    detail: str = ""


class Probe:
    """One check, run in a thread of its own, so that one that hangs holds up no answer.

    While it hangs it is not started again: threads do not pile up.
    """

    def __init__(self, name: str, check: Callable[[], str]) -> None:
        self.name, self._check = name, check
        self._running: Future[Finding] | None = None
        self._lock = Lock()

    def start(self) -> Future[Finding]:
        """Return the run that is under way, or a new one."""
        with self._lock:
            if self._running is None or self._running.done():
                self._running = Future()
                Thread(
                    target=self._run, args=(self._running,), name=f"check-{self.name}", daemon=True
                ).start()
            return self._running

    def _run(self, future: Future[Finding]) -> None:
        began = monotonic()
        try:
            detail = self._check()
        except Exception as error:  # noqa: BLE001 - whatever it is, it is what the check found
            detail = checks.plain(error)
        future.set_result(Finding(self.name, not detail, round((monotonic() - began) * 1000, 1), detail))


VITAL: Final = (Probe("database", checks.database), Probe("migrations", checks.migrations))
"""Without these no page can be answered: 503, and a proxy sends requests elsewhere."""
OTHERS: Final = (
    Probe("cache", checks.cache_answers),
    Probe("broker", checks.broker),
    Probe("relay", checks.relay),
)
"""Without these pages are answered and mails are late: taking the web out of rotation would make it worse."""


def probes(get_response: GetResponse) -> GetResponse:
    """Answer probes, and pass on everything else."""

    def middleware(request: HttpRequest) -> HttpResponse:
        if request.path not in PATHS:
            return get_response(request)
        answer = ready() if request.path == READY_PATH else HttpResponse("ok\n", content_type="text/plain")
        answer["Cache-Control"] = "no-store"
        return answer

    return middleware


def ready() -> HttpResponse:
    """Return 200 where pages can be answered, else 503, with every check; never later than LONGEST_S."""
    vital, others = findings(VITAL, OTHERS)
    fit = all(found.ok for found in vital)
    well = fit and all(found.ok for found in others)
    return JsonResponse(
        {
            "status": "ready" if well else "degraded" if fit else "unready",
            "checks": [
                {"name": found.name, "ok": found.ok, "ms": found.took_ms, "detail": found.detail}
                for found in (*vital, *others)
            ],
        },
        status=200 if fit else 503,
    )


def findings(*groups: tuple[Probe, ...]) -> list[list[Finding]]:
    """Run all probes at once; what has not answered in time has failed."""
    runs = [[(probe, probe.start()) for probe in group] for group in groups]
    wait([run for group in runs for _probe, run in group], timeout=LONGEST_S)
    return [[run.result() if run.done() else late(probe) for probe, run in group] for group in runs]


def late(probe: Probe) -> Finding:
    """Say that a check did not answer in time."""
    return Finding(probe.name, False, LONGEST_S * 1000, "no answer in time")
