"""Open-loop load: every request has its moment, and its time counts from that moment.

Whoever waits for an answer before asking again measures a slow server when it is least busy. Here nobody
waits but a visitor for their own last page; that waiting counts too.
"""

import gc
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from random import Random
from threading import Thread
from time import perf_counter, process_time, sleep

from portal.benchmarks.browser import Answer, Browser
from portal.benchmarks.visitors import Step, Visitor

FINE: Mapping[str, frozenset[int]] = {
    "open": frozenset({200}),
    "address": frozenset({303}),
    "quote": frozenset({200}),
    "hold": frozenset({303, 409}),  # somebody else was quicker: an answer, not an error
    "check": frozenset({200, 303}),
}
"""What may be answered to each step."""

A_MOMENT_S = 0.02
"""So long before they are due visitors get ready."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One request. `took_s` counts from when it was due, `late_s` is what of it was our own doing."""

    step: str
    due_s: float
    took_s: float
    late_s: float
    status: int = 0
    error: str = ""
    timing: str = ""


@dataclass(frozen=True, slots=True)
class Result:
    """All samples of the time that is measured, its length, and what sending cost ourselves."""

    samples: list[Sample]
    seconds: float
    own_cpu_s: float


def send(
    coming: Sequence[Visitor],
    *,
    url: str,
    headers: Mapping[str, str],
    seconds: float,
    at_start: Callable[[], None] = lambda: None,
) -> Result:
    """Let the visitors come, in order; return what they were answered in the `seconds` after moment 0.

    What is due before that warms up. `at_start` is called once, when measuring begins.
    """
    samples: list[Sample] = []
    origin = perf_counter() - min(0.0, *(each.steps[0].at_s for each in coming)) + A_MOMENT_S
    walks = [Thread(target=_walk, args=(each, url, headers, origin, samples)) for each in coming]
    gc.freeze()  # or the collector would look through all of Django every now and then, and all would be late
    warming_up = sum(each.steps[0].at_s < 0 for each in coming)
    _start(walks[:warming_up], coming, origin)
    _sleep_until(origin)
    at_start()
    own_cpu_s = process_time()
    _start(walks[warming_up:], coming[warming_up:], origin)
    _sleep_until(origin + seconds)
    own_cpu_s = process_time() - own_cpu_s
    for walk in walks:
        walk.join()
    gc.unfreeze()
    return Result([sample for sample in samples if sample.due_s >= 0], seconds, own_cpu_s)


def _start(walks: Sequence[Thread], coming: Sequence[Visitor], origin: float) -> None:
    """Start each visitor a moment before they are due."""
    for walk, each in zip(walks, coming, strict=False):
        _sleep_until(origin + each.steps[0].at_s - A_MOMENT_S)
        walk.start()


def _sleep_until(moment: float) -> None:
    sleep(max(0.0, moment - perf_counter()))


def _walk(who: Visitor, url: str, headers: Mapping[str, str], origin: float, samples: list[Sample]) -> None:
    """One visitor's requests. What goes wrong ends the visit; what was still wanted counts as failed, too."""
    browser = Browser(url, {**headers, "X-Forwarded-For": who.network})
    random, free_at, broken = Random(who.number), 0.0, ""  # noqa: S311 - which of the times they take
    for step in who.steps:
        due = origin + step.at_s
        if broken:
            samples.append(Sample(step.name, step.at_s, 0.0, 0.0, error=f"not sent after {broken}"))
            continue
        _sleep_until(due)
        late_s = perf_counter() - max(due, free_at)
        status, error, timing = _tried(browser, who, step, random)
        free_at = perf_counter()
        broken = f"{step.name}: {error}" if error else ""
        samples.append(Sample(step.name, step.at_s, free_at - due, late_s, status, error, timing))
    browser.close()


def _tried(browser: Browser, who: Visitor, step: Step, random: Random) -> tuple[int, str, str]:
    """Return the status of a step, what was wrong with it, and the server's account of it."""
    try:
        answer = _STEPS[step.name](browser, who, random)
    except Exception as error:  # noqa: BLE001 - whatever it was, who asked got no answer
        return 0, type(error).__name__, ""
    wrong = "" if answer.status in FINE[step.name] else f"status {answer.status}"
    return answer.status, wrong, answer.timing


def _open(browser: Browser, who: Visitor, _random: Random) -> Answer:
    return browser.get(f"/s/{who.shop}/")


def _address(browser: Browser, who: Visitor, _random: Random) -> Answer:
    return browser.post(f"/s/{who.shop}/", address=who.address, size="bag")


def _quote(browser: Browser, who: Visitor, _random: Random) -> Answer:
    return browser.get(f"/s/{who.shop}/times/")


def _hold(browser: Browser, who: Visitor, random: Random) -> Answer:
    return browser.post(f"/s/{who.shop}/hold/", offer=random.choice(browser.offers() or ["none"]))


def _check(browser: Browser, who: Visitor, _random: Random) -> Answer:
    return browser.get(f"/s/{who.shop}/check/")


_STEPS: Mapping[str, Callable[[Browser, Visitor, Random], Answer]] = {
    "open": _open,
    "address": _address,
    "quote": _quote,
    "hold": _hold,
    "check": _check,
}
