"""Webhooks: a target that fails half the time is told everything all the same; a dead one holds up nobody."""

import socket
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from threading import Lock
from typing import Any

from portal.benchmarks.stack import Stack, running
from tests.fakes.receiver import Received, Receiver, Reply, receiving
from tests.proofs.browsing import percentile
from tests.proofs.run import Outcome, Run
from tests.proofs.within import call, started

ROWS = "tests.proofs.hook_rows"
SHOPS = ("/a", "/b", "/c", "/d")
DELIVERIES = 5
DEAD = "/d"
GROWTH = 1.10
A_SECOND = 12.0


@contextmanager
def shops(run: Run, receiver: Receiver, *more_targets: str, **settings: str) -> Iterator[Stack]:
    """All processes on PostgreSQL, the web aside, and shops whose endpoints are at the receiver.

    As a test run: production's settings would refuse a receiver on this machine.
    """
    switches = {
        "DOORSTEP_TEST": "1",
        "WEBHOOK_TEST_TARGETS": ",".join((receiver.target, *more_targets)),
    }
    with running(run.folder, database="postgres", settings=switches | settings, forked=run.short) as stack:
        targets = {path: receiver.url(path) for path in SHOPS}
        receiver.secrets |= call(stack, f"{ROWS}:lay_out", targets=targets, deliveries=DELIVERIES)
        stack.start_worker()
        yield stack


# A target that fails half the time


class Unlucky:
    """Refuses every second message by chance, in many ways; `acknowledged` are those it said 2xx to."""

    def __init__(self, run: Run) -> None:
        self._chance, self._lock = run.random("replies"), Lock()
        self.acknowledged: Counter[str] = Counter()
        self.refused = 0

    def __call__(self, message: Received) -> Reply:
        with self._lock:
            if self._chance.random() < 0.5:
                self.refused += 1
                return self._chance.choice(
                    [
                        Reply(500),
                        Reply(502),
                        Reply(404),
                        Reply(302, {"Location": "http://127.0.0.1:1/"}),
                        Reply(503, {"Retry-After": "0"}),
                    ]
                )
            self.acknowledged[message.id] += 1
            return Reply(self._chance.choice([200, 202, 204]), body=b"")


def webhooks(run: Run) -> Outcome:
    """Everything that happens is told; what was told is what the rows say, and nothing else."""
    count, unlucky = run.size(10_000, 40), Unlucky(run)
    waits = {"WEBHOOK_LONGEST_WAIT_S": str(run.size(2, 1))}
    with receiving(unlucky) as receiver, shops(run, receiver, **waits) as stack:
        call(stack, f"{ROWS}:happen", events_a_second=0, count=count)
        run.say(f"{count} events happened, {len(receiver.taken)} told")
        rows = call(stack, f"{ROWS}:look", wait_s=run.size(1500, 120))
        happened = set(call(stack, f"{ROWS}:happened"))
    told, sent = set(unlucky.acknowledged), set(rows["sent"])
    again = sum(unlucky.acknowledged.values()) - len(told)
    return Outcome.of(
        f"{count} events, {unlucky.refused} of {len(receiver.messages)} messages refused: "
        f"{len(told & happened)} taken, {len(sent - told)} false successes, {again} taken twice, "
        f"{receiver.foreign} not verified, {rows['states'].get('failed', 0)} given up",
        all_delivered=told == happened and len(happened) == count,
        no_false_success=sent <= told,
        the_rows_know=sent == happened,
        all_verify=not receiver.foreign,
        half_were_refused=unlucky.refused > 0.4 * len(receiver.messages),
        every_delivery_is_told_without_gaps=without_gaps(receiver.taken),
        each_try_says_the_same=alike(receiver.messages),
    )


def without_gaps(taken: list[Received]) -> bool:
    """Whether what was taken of each delivery is 1, 2, 3."""
    numbers: dict[str, set[int]] = defaultdict(set)
    for message in taken:
        numbers[message.payload["data"]["delivery"]].add(message.payload["data"]["sequence"])
    return all(found == set(range(1, len(found) + 1)) for found in numbers.values())


def alike(messages: list[Received]) -> bool:
    """Whether each message had one body however often it was sent."""
    bodies: dict[str, set[bytes]] = defaultdict(set)
    for message in messages:
        bodies[message.id].add(message.body)
    return all(len(found) == 1 for found in bodies.values())


# A target that is dead


@contextmanager
def silent() -> Iterator[str]:
    """A target that takes connections and never says anything."""
    with socket.create_server(("127.0.0.1", 0), backlog=1024) as server:
        yield f"127.0.0.1:{server.getsockname()[1]}"


def dead_target(run: Run) -> Outcome:
    """One of the shops' targets dies, by turns with times in which all are well; the others are timed.

    By short turns: whatever else this machine does then meets both alike.
    """
    seconds, turns = run.size(20, 2), run.size(12, 1)
    waits: dict[bool, list[float]] = {False: [], True: []}
    with (
        silent() as dead,
        receiving(lambda _: Reply(after_s=0.02)) as receiver,
        shops(run, receiver, dead) as stack,
    ):
        phase(stack, receiver, run.size(5, 1))  # the first of everything is slow
        for turn in range(2 * turns):
            ill = (turn + turn // 2 + run.seed) % 2 == 1  # first by turns: ill, well, well, ill
            url = f"http://{dead}{DEAD}" if ill else receiver.url(DEAD)
            call(stack, f"{ROWS}:point", path=DEAD, url=url)
            found = phase(stack, receiver, seconds)
            waits[ill] += found
            run.say(f"{'one dead' if ill else 'all well'}: {said_of(found)}")
    well, ill = (percentile(sorted(waits[one]), 0.95) for one in (False, True))
    expected = int(A_SECOND * seconds) * turns * (len(SHOPS) - 1) // len(SHOPS)
    return Outcome.of(
        f"{turns} times {seconds} s each way: all well {said_of(waits[False])}; "
        f"one dead {said_of(waits[True])}: p95 {100 * (ill / well - 1):+.1f} %",
        the_others_are_told_everything=min(len(waits[False]), len(waits[True])) >= expected,
        the_others_wait_hardly_longer=run.short or ill < well * GROWTH,
        all_verify=not receiver.foreign,
    )


def phase(stack: Stack, receiver: Receiver, seconds: int) -> list[float]:
    """Let things happen for so long; return how many seconds each took to the shops that are well."""
    before = len(receiver.taken)
    started(stack, f"{ROWS}:happen", events_a_second=A_SECOND, count=int(A_SECOND * seconds)).result()
    call(stack, f"{ROWS}:look", wait_s=30, besides=DEAD)
    return [waited_s(message) for message in receiver.taken[before:] if message.path != DEAD]


def waited_s(message: Received) -> float:
    """How long after it happened a message came."""
    payload: Mapping[str, Any] = message.payload
    return message.at - datetime.fromisoformat(payload["timestamp"]).timestamp()


def said_of(waits: list[float]) -> str:
    """How long the middle and the slow ones took."""
    p50, p95 = (1000 * percentile(sorted(waits), share) for share in (0.5, 0.95))
    return f"{len(waits)} told, p50 {p50:.0f} ms, p95 {p95:.0f} ms"
