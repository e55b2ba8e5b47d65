"""Whoever sends refunds dies at eight points, answers are lost, workers are killed: each is made once."""

import json
import os
import signal
from contextlib import suppress
from random import Random
from threading import Lock
from time import monotonic, sleep
from typing import Any

from portal.benchmarks.stack import Stack, running
from tests.fakes.stripe_server import Asked, Fault, Payment, StandIn, standing_in
from tests.proofs import within
from tests.proofs.run import Outcome, Run

POINTS = (
    "while it begins",
    "once it has begun",
    "once stripe was asked",
    "once stripe has made it",
    "once it was answered",
    "while it is noted",
    "once it is noted",
    "once stripe broke",
)
LOST = 0.2
"""So often an answer is lost afterwards, half of them of what was made."""
WORKER_KILLS = 5
PATIENCE_S = 240


def prove(run: Run) -> Outcome:
    """On PostgreSQL; in the short form on SQLite, without the worker of its own."""
    each = run.size(50, 1)
    with standing_in() as stripe:
        settings = {"DOORSTEP_TEST": "1", "STRIPE_API_BASE": stripe.url}
        database = "sqlite" if run.short else "postgres"
        with running(run.folder, database=database, settings=settings, forked=run.short) as stack:
            rows = within.call(stack, "tests.proofs.refund_rows:lay_out", count=each * len(POINTS))
            for intent, captured in rows["payments"].items():
                stripe.payments[intent] = Payment(captured, "EUR")
            died = die_everywhere(run, stack, stripe, rows["refunds"])
            killed = 0 if run.short else kill_workers(run, stack, stripe)
            lose_answers(stripe, run.random("answers"))
            left = within.call(stack, "tests.proofs.refund_rows:go_on", hours=12)
            stripe.fault = lambda asked: None
            found = within.call(stack, "tests.proofs.refund_rows:look", merchant=rows["merchant"])
    return judged(run, stripe, rows["refunds"], found, died=died, killed=killed, left=left)


def die_everywhere(run: Run, stack: Stack, stripe: StandIn, refunds: list[str]) -> int:
    """Have a process of its own send each refund and die at its point; half of them a day ago."""
    died = 0
    for number, refund in enumerate(refunds):
        point, old = POINTS[number % len(POINTS)], (number + number // len(POINTS) + run.seed) % 2 == 0
        stripe.fault, stripe.on_made = lambda asked: None, lambda made: None
        if point == "once stripe broke":
            stripe.fault = lambda asked: Fault(status=500, made=True)
        started = stack.fork("-m", "tests.proofs.within", *_asked(refund, point, old))
        if point == "once stripe was asked":
            stripe.fault = lambda asked, pid=started.pid: _kill(pid) or Fault()
        if point == "once stripe has made it":
            stripe.on_made = lambda made, pid=started.pid: _kill(pid)
        died += started.wait()[0] != 0
        if old:
            for key in [key for key in stripe.keys if key.startswith(refund)]:
                del stripe.keys[key]
        if number % 40 == 39:
            run.say(f"{number + 1} processes died at {len(POINTS)} points")
    stripe.fault, stripe.on_made = lambda asked: None, lambda made: None
    return died


def _asked(refund: str, point: str, old: bool) -> tuple[str, str]:
    return "tests.proofs.refund_rows:send", json.dumps({"refund": refund, "point": point, "old": old})


def _kill(pid: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


def kill_workers(run: Run, stack: Stack, stripe: StandIn) -> int:
    """Let the real worker go on with it, and kill it with all its children while Stripe answers it."""
    kills, lock, answered = 0, Lock(), 0

    def cue(made: dict[str, Any]) -> None:
        nonlocal kills, answered
        with lock:
            answered += 1
            if kills < WORKER_KILLS and answered % 7 == 3:
                kills += 1
                stack.worker.kill()

    stripe.on_made = cue
    until, best, since = monotonic() + PATIENCE_S, -1, monotonic()
    while monotonic() < until and since > monotonic() - 75:
        if not stack.worker.alive:
            stack.start_worker()
        sleep(2)
        left = within.call(stack, "tests.proofs.refund_rows:waiting")
        if left != best:
            best, since = left, monotonic()
            run.say(f"the worker has {left} left, killed {kills} times")
    stripe.on_made = lambda made: None
    stack.worker.kill()
    return kills


def lose_answers(stripe: StandIn, chance: Random) -> None:
    """Lose some answers from now on, whether what was asked for was done or not."""
    lock = Lock()

    def fault(asked: Asked) -> Fault | None:
        with lock:
            drawn = chance.random()
        return Fault(made=drawn < LOST / 2) if drawn < LOST and asked.method == "POST" else None

    stripe.fault = fault


def judged(
    run: Run, stripe: StandIn, refunds: list[str], found: Any, *, died: int, killed: int, left: int
) -> Outcome:
    """Compare what Stripe made with what was to be paid, row by row and to the cent."""
    made = [len(stripe.made_for(refund)) for refund in refunds]
    paid = {refund_id: each["amount"] for refund_id, each in stripe.refunds.items()}
    for line in found["breaches"][:5]:
        run.say(line)
    return Outcome.of(
        f"{died} processes and {killed} workers died, {len(stripe.asked):,} requests: {sum(made)} refunds of "
        f"{len(refunds)}, {sum(paid.values()):,} of {found['sum']:,} cents, reconciled {found['checked']}: "
        f"{found['repaired']} repaired, {found['faults']} faults, {len(found['breaches'])} breaches",
        each_was_made_once=made == [1] * len(refunds) and len(paid) == len(refunds),
        sums_are_right=sum(paid.values()) == found["sum"] and paid == found["made"],
        all_are_paid=found["states"] == {"succeeded": len(refunds)} and left == 0,
        all_returns_are_paid=found["money"] == {"paid": len(refunds)},
        each_was_told_once=found["told"] == len(refunds),
        reconciliation_finds_nothing=(found["repaired"], found["faults"]) == (0, 0)
        and found["checked"] == len(refunds),
        nothing_that_must_never_be=not found["breaches"],
        everybody_died=died == len(refunds),
    )
