"""What shoppers wait for: quotes and holds over HTTP at a steady rate, and where the time goes."""

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import ceil, inf
from statistics import median
from typing import Self

from portal.benchmarks.load import Result, Sample, send
from portal.benchmarks.serving import Server
from portal.benchmarks.visitors import visitors

QUICK_MS = 60.0
"""What 95 of 100 quotes must be answered in."""

LATE_MS = 5.0
"""If one request in a hundred leaves us later than this, the figures are ours as well as the server's."""

LEAST_STEP = 2.0
"""So near, in quotes a second, the highest rate is found."""


@dataclass(frozen=True, slots=True)
class Times:
    """How long one kind of request took, from the moment it was due to the last byte, in milliseconds."""

    count: int
    p50_ms: float
    p95_ms: float
    p99_ms: float
    max_ms: float

    @classmethod
    def of(cls, seconds: Sequence[float]) -> Self:
        """Return the percentiles of some times; of none, zeros."""
        ordered = sorted(seconds) or [0.0]
        at = [ordered[ceil(share * len(ordered)) - 1] * 1000 for share in (0.5, 0.95, 0.99, 1.0)]
        return cls(len(seconds), *(round(ms, 2) for ms in at))


@dataclass(frozen=True, slots=True)
class Figures:
    """One run. `rate` quotes a second were due, `achieved_rate` were answered well.

    gone: holds that were answered "that time has gone"; errors: how many, by step and kind
    late_p99_ms, late_max_ms: how late we ourselves sent; client_was_late: so late that it matters
    client_cpu_ms, server_cpu_ms: processor time per request, of all processes; the latter only if ours
    """

    rate: float
    seconds: float
    seed: int
    achieved_rate: float
    requests_per_s: float
    steps: dict[str, Times]
    errors: dict[str, int]
    gone: int
    late_p99_ms: float
    late_max_ms: float
    client_was_late: bool
    client_cpu_ms: float
    server_cpu_ms: float

    @property
    def p95_ms(self) -> float:
        """The 95th percentile of quotes; endless if none was answered."""
        return self.steps["quote"].p95_ms if "quote" in self.steps else inf

    @property
    def quick(self) -> bool:
        """Whether nothing failed and quotes came in time."""
        return not self.errors and self.p95_ms < QUICK_MS


def measure(server: Server, *, rate: float, seconds: float, seed: int) -> Figures:
    """Return the figures of one run."""
    result, server_cpu_s = _run(server, rate=rate, seconds=seconds, seed=seed)
    samples, requests = result.samples, max(1, len(result.samples))
    well = [sample for sample in samples if not sample.error]
    late = Times.of([sample.late_s for sample in well])
    return Figures(
        rate=rate,
        seconds=seconds,
        seed=seed,
        achieved_rate=round(sum(sample.step == "quote" for sample in well) / seconds, 2),
        requests_per_s=round(len(samples) / seconds, 1),
        steps={step: Times.of([each.took_s for each in of]) for step, of in _by_step(well).items()},
        errors=dict(Counter(f"{each.step}: {each.error}" for each in samples if each.error)),
        gone=sum(sample.status == 409 for sample in well),
        late_p99_ms=late.p99_ms,
        late_max_ms=late.max_ms,
        client_was_late=late.p99_ms > LATE_MS,
        client_cpu_ms=round(result.own_cpu_s * 1000 / requests, 2),
        server_cpu_ms=round(server_cpu_s * 1000 / requests, 2),
    )


def highest(measure_at: Callable[[float], Figures]) -> Figures | None:
    """Return the figures at the highest rate at which quotes are quick; None if there is no such rate.

    It doubles until they are not, then halves the difference down to LEAST_STEP.
    """
    best, low, high, rate = None, 0.0, inf, 10.0
    while high - low > LEAST_STEP:
        figures = measure_at(rate)
        if figures.quick:
            best, low = figures, rate
        else:
            high = rate
        rate = 2 * low if high == inf else (low + high) / 2
    return best


@dataclass(frozen=True, slots=True)
class Parts:
    """Where the server's time for one kind of request goes: medians, in milliseconds.

    total_ms: in our code; cpu_ms: what of it was computing, in the thread that answers
    core_ms: scoring and making tapes; queries_ms: `queries` statements, connecting and committing
    template_ms, session_ms, rest_ms: what remains without those
    """

    count: int
    total_ms: float
    cpu_ms: float
    core_ms: float
    queries_ms: float
    template_ms: float
    session_ms: float
    rest_ms: float
    queries: float

    @classmethod
    def of(cls, timings: Sequence[Mapping[str, float]]) -> Self:
        """Return the medians of what `Server-Timing` said of several requests."""

        def middle(name: str) -> float:
            return round(median(timing[name] for timing in timings), 2)

        return cls(
            count=len(timings),
            total_ms=middle("total"),
            cpu_ms=middle("cpu"),
            core_ms=middle("core"),
            queries_ms=middle("queries"),
            template_ms=middle("template"),
            session_ms=middle("session"),
            rest_ms=middle("rest"),
            queries=middle("count"),
        )


def measure_parts(server: Server, *, rate: float, seconds: float, seed: int) -> dict[str, Parts]:
    """Return where the time goes, by step, of a server that tells (portal.benchmarks.parts)."""
    result, _cpu = _run(server, rate=rate, seconds=seconds, seed=seed)
    told = [sample for sample in result.samples if sample.timing]
    return {step: Parts.of([_durations(each.timing) for each in of]) for step, of in _by_step(told).items()}


def _run(server: Server, *, rate: float, seconds: float, seed: int) -> tuple[Result, float]:
    """Return the samples of a run, and the processor time that the server used for it."""
    before: list[float] = []
    result = send(
        visitors(rate=rate, seconds=seconds, seed=seed),
        url=server.url,
        headers=server.headers,
        seconds=seconds,
        at_start=lambda: before.append(server.cpu_s()),
    )
    return result, server.cpu_s() - before[0]


def _by_step(samples: Sequence[Sample]) -> dict[str, list[Sample]]:
    found: dict[str, list[Sample]] = defaultdict(list)
    for sample in samples:
        found[sample.step].append(sample)
    return {step: found[step] for step in ("open", "address", "quote", "hold", "check") if step in found}


def _durations(timing: str) -> dict[str, float]:
    """Return the numbers of a `Server-Timing`: `core;dur=1.5, rest;dur=3` as core: 1.5, rest: 3."""
    parts = (part.strip().split(";dur=") for part in timing.split(","))
    return {name: float(number) for name, number in parts}
