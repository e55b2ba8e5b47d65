"""`manage.py benchmark http`: what was asked for, measured and told."""

import json
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from portal.benchmarks import http
from portal.benchmarks.http import Figures, Parts
from portal.benchmarks.serving import Server, laid_out, running_at, serving
from portal.benchmarks.stack import Database

PARTS_RATE, PARTS_S = 5.0, 20.0
TRY_S = 15.0
"""How long each rate is tried where the highest is looked for."""

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Asked:
    """What to measure. `url` is a portal that runs already; without one we start our own."""

    rate: float
    seconds: float
    database: Database
    processes: int
    threads: int
    seed: int
    highest: bool
    url: str | None

    @property
    def parts_s(self) -> float:
        """How long the separate run takes that tells where the time goes."""
        return min(self.seconds, PARTS_S)

    @property
    def where(self) -> str:
        """What is measured."""
        of_gunicorn = f"{self.processes} x {self.threads} processes x threads of gunicorn"
        return self.url or f"{self.database}, {of_gunicorn}"


@dataclass(frozen=True, slots=True)
class Found:
    """What was measured. `figures` is None where not even the lowest rate was quick."""

    asked: Asked
    figures: Figures | None
    tried: tuple[Figures, ...] = ()
    parts: dict[str, Parts] = field(default_factory=dict)

    @property
    def failed(self) -> bool:
        """Whether there is no figure to show, or an error among what it was made of."""
        return self.figures is None or bool(self.figures.errors)

    @property
    def parts_note(self) -> str:
        """How the parts were measured."""
        return (
            f"medians of a separate run with one process, {PARTS_RATE:g} quotes a second for "
            f"{self.asked.parts_s:g} s: what tells slows a little"
        )

    def as_json(self) -> str:
        """Return everything as one object."""
        found: dict[str, Any] = {"where": self.asked.where}
        if self.figures:
            found |= asdict(self.figures)
        if self.asked.highest:
            found["tried"] = [asdict(figures) for figures in self.tried]
        if self.parts:
            found["parts"] = {step: asdict(parts) for step, parts in self.parts.items()}
            found["parts_note"] = self.parts_note
        return json.dumps(found)

    def as_text(self) -> str:
        """Return the same in a few lines."""
        if self.figures is None:
            return f"{self.asked.where}: at no rate 95 of 100 quotes come within {http.QUICK_MS:g} ms"
        told = [self.asked.where, *_told(self.figures)]
        if self.asked.highest:
            told.insert(0, f"the highest rate at which 95 of 100 quotes come within {http.QUICK_MS:g} ms:")
        if self.parts:
            told += [f"where the server's time goes ({self.parts_note}):", *_told_of_parts(self.parts)]
        return "\n".join(told)


def measured(asked: Asked, *, say: Say) -> Found:
    """Measure. Raises OSError if nobody answers at the address, ImportError where a wheel is missing."""
    if asked.url:
        return _measured_at(running_at(asked.url), asked, say)
    with tempfile.TemporaryDirectory(prefix="doorstep-http-", ignore_cleanup_errors=True) as folder:
        say(f"laying the demo's town out on {asked.database} ...")
        with laid_out(
            Path(folder), database=asked.database, processes=asked.processes, threads=asked.threads
        ) as stack:
            with serving(stack) as server:
                found = _measured_at(server, asked, say)
            if asked.highest:
                return found
            say("looking where the time goes ...")
            stack.environment["WEB_CONCURRENCY"] = "1"
            with serving(stack, wsgi="portal.benchmarks.parts:watching()") as server:
                parts = http.measure_parts(
                    server, rate=PARTS_RATE, seconds=asked.parts_s, seed=asked.seed + 1
                )
    return Found(asked, found.figures, parts=parts)


def _measured_at(server: Server, asked: Asked, say: Say) -> Found:
    if not asked.highest:
        say(f"{asked.rate:g} quotes a second for {asked.seconds:g} s ...")
        return Found(asked, http.measure(server, rate=asked.rate, seconds=asked.seconds, seed=asked.seed))
    tried: list[Figures] = []

    def tried_at(rate: float) -> Figures:
        figures = http.measure(server, rate=rate, seconds=min(asked.seconds, TRY_S), seed=asked.seed)
        say(f"{rate:g} quotes a second: p95 {figures.p95_ms:.1f} ms{'' if figures.quick else ', not quick'}")
        tried.append(figures)
        return figures

    return Found(asked, http.highest(tried_at), tried=tuple(tried))


def _told(figures: Figures) -> Iterator[str]:
    f = figures
    yield f"  {f.rate:g} quotes a second for {f.seconds:g} s, seed {f.seed}: {f.achieved_rate:g} answered"
    yield f"  {f.requests_per_s:g} requests a second in all; times in ms, from when each was due:"
    yield f"  {'step':<9}{'number':>8}{'p50':>9}{'p95':>9}{'p99':>9}{'max':>9}"
    for step, t in f.steps.items():
        yield f"  {step:<9}{t.count:>8}{t.p50_ms:>9.1f}{t.p95_ms:>9.1f}{t.p99_ms:>9.1f}{t.max_ms:>9.1f}"
    yield f"  errors     {', '.join(f'{kind} {count}' for kind, count in f.errors.items()) or 'none'}"
    yield f'  holds      {f.gone} answered "that time has gone"'
    if f.server_cpu_ms:
        yield f"  server     {f.server_cpu_ms:.1f} ms of processor time a request"
    late = "LATE: these times are ours as well" if f.client_was_late else "in time"
    yield (
        f"  client     {f.client_cpu_ms:.1f} ms a request; sent {late} "
        f"(p99 {f.late_p99_ms:.1f} ms, at most {f.late_max_ms:.1f} ms after the moment)"
    )


def _told_of_parts(parts: dict[str, Parts]) -> Iterator[str]:
    names = ("total", "cpu", "core", "queries", "template", "session", "rest")
    yield f"  {'step':<9}" + "".join(f"{name:>10}" for name in names) + f"{'number of queries':>19}"
    for step, of in parts.items():
        times = "".join(f"{getattr(of, f'{name}_ms'):>10.1f}" for name in names)
        yield f"  {step:<9}{times}{of.queries:>19.0f}"
