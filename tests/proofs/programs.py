"""What merchants' programs send: what the description allows, what it does not, one change many times."""

import json
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from random import Random
from threading import Barrier
from typing import Any
from urllib.parse import urlsplit

from portal.benchmarks.stack import DATABASES, Database, Stack, running
from tests.proofs import within
from tests.proofs.run import Outcome, Run

API = "/api/v1"
SETTINGS = {
    "API_REQUESTS_PER_MINUTE": "1000000",
    "REQUESTS_PER_MINUTE": "0",
}
"""Without limits: else they would answer nearly all."""
HELSINKI = {"line": "Fabianinkatu 21", "postcode": "00130", "city": "Helsinki"}


@dataclass(frozen=True)
class Answer:
    status: int
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True)
class Program:
    """A shop's program, one connection for each request."""

    stack: Stack
    key: str

    def __call__(self, method: str, path: str, body: bytes = b"", **headers: str) -> Answer:
        connection = HTTPConnection(urlsplit(self.stack.url).netloc, timeout=60)
        said = {"Authorization": f"Bearer {self.key}", "Content-Type": "application/json"}
        more = {name.replace("_", "-"): value for name, value in headers.items()}
        try:
            connection.request(method, API + path, body, self.stack.headers | said | more)
            answer = connection.getresponse()
            return Answer(answer.status, answer.read())
        finally:
            connection.close()

    def offers(self, shopper: str) -> list[str]:
        question = {"address": HELSINKI, "location": {"lat": 60.17, "lon": 24.94}, "load": {"grams": 100}}
        answer = self("POST", "/quotes", json.dumps(question | {"shopper": shopper}).encode())
        return [one["offer"] for one in answer.json["offers"] if one["offer"]]


@contextmanager
def a_program(run: Run, database: Database) -> Iterator[Program]:
    """A shop with vans enough, its portal, and a program with a key that may do all."""
    web = {"WEB_CONCURRENCY": str(run.size(4, 2)), "WEB_THREADS": "1"}
    with running(
        run.folder / database, database=database, settings=SETTINGS | web, forked=run.short
    ) as stack:
        vans, days = run.size(20, 2), run.size(14, 4)
        key = within.call(stack, "tests.proofs.programs:lay_out", vans=vans, days=days)
        stack.start_web()
        try:
            yield Program(stack, key)
        finally:
            stack.web.end()


def lay_out(vans: int, days: int) -> str:
    """Inside the portal's settings: a shop; return a key of its."""
    from portal.models.keys import KeyKind, Scope
    from portal.services.keys import issue_key
    from scheduling import clock
    from tests.factories import make_network

    now = clock.now()
    merchant = make_network(vans=vans, days=days, now=now).merchant
    scopes = Scope.values
    return issue_key(
        merchant=merchant, kind=KeyKind.SECRET, name="proof", scopes=scopes, actor="proof", now=now
    )[1]


def counts() -> dict[str, int]:
    """Inside the portal's settings: what there is."""
    from scheduling.invariants import breaches
    from scheduling.models import Booking, Event

    confirmed = Event.objects.filter(kind="booking.confirmed").count()
    return {"bookings": Booking.objects.count(), "events": confirmed, "breaches": len(list(breaches()))}


# One key, many at once


def idempotency(run: Run) -> Outcome:
    """One change sent by many at the same moment, again and again with other keys.

    On each database; in the short form on PostgreSQL, where two processes may both be at it.
    """
    rounds, at_once = run.size(100, 3), run.size(50, 8)
    figures, checks = [], Counter[str]()
    for database in DATABASES[run.size(0, 1) :]:
        with a_program(run, database) as program:
            answers = [_many(program, f"{run.seed}-{number}", at_once) for number in range(rounds)]
            found = within.call(program.stack, "tests.proofs.programs:counts")
        told = Counter(answer.status for each in answers for answer in each)
        alike = all(len({a.body for a in each if a.status == 201}) == 1 for each in answers)
        figures.append(f"{database}: {found['bookings']} effects of {rounds} x {at_once}, {dict(told)}")
        run.say(figures[-1])
        checks["effects"] += found["bookings"] != rounds or found["events"] != rounds
        checks["alike"] += not alike
        checks["else"] += not set(told) <= {201, 409}
        checks["breaches"] += found["breaches"]
    return Outcome.of(
        "; ".join(figures),
        each_took_effect_once=not checks["effects"],
        all_were_answered_alike=not checks["alike"],
        nothing_else_was_answered=not checks["else"],
        nothing_is_broken=not checks["breaches"],
    )


def _kept(program: Program, shopper: str) -> str:
    """Keep the first time for a shopper; return the hold."""
    offer = json.dumps({"offer": program.offers(shopper)[0]}).encode()
    return str(program("POST", "/holds", offer, Idempotency_Key=f"h-{shopper}").json["hold"])


def _order(hold: str, number: str) -> bytes:
    order = {"hold": hold, "order_number": number, "contact": {"email": "aino@example.com"}}
    return json.dumps(order).encode()


def _many(program: Program, name: str, at_once: int) -> list[Answer]:
    body, start = _order(_kept(program, name), name), Barrier(at_once)

    def send(_number: int) -> Answer:
        start.wait()
        return program("POST", "/deliveries", body, Idempotency_Key=name)

    with ThreadPoolExecutor(at_once) as pool:
        return list(pool.map(send, range(at_once)))


# What the description allows, by schemathesis

TESTED = re.compile(r"(\d+) generated")


def api(run: Run) -> Outcome:
    """Have schemathesis make cases of the API's own description until there are enough.

    Once with references as they come, which are nobody's, and once with those of a hold and a delivery.
    """
    examples, seeds = run.size(1_000, 2), run.seeds[:1]
    with a_program(run, "postgres") as program:
        real = _real_references(program, run.folder / "schemathesis.toml")
        done = [_tested(run, program, examples, seed, file) for seed in seeds for file in (None, real)]
        found = within.call(program.stack, "tests.proofs.programs:counts")
        faults = program.stack.web.said().count("Traceback")
    cases = sum(int(tested[1]) for each in done if (tested := TESTED.search(each.stdout)))
    failed = [each for each in done if each.returncode]
    some = "".join(f"; {each.stdout[-600:]}{each.stderr[-200:]}" for each in failed[:1])
    return Outcome.of(
        f"{cases:,} cases in {len(done)} goes, {len(failed)} failed, {faults} tracebacks{some}",
        nothing_failed=not failed,
        no_tracebacks=not faults,
        enough_cases=run.short or cases >= 20_000,
        nothing_is_broken=not found["breaches"],
    )


def _real_references(program: Program, file: Path) -> Path:
    """Keep one time and book another; write down how they are called, as schemathesis reads it."""
    hold, booked = _kept(program, "held"), _order(_kept(program, "booked"), "real")
    said = program("POST", "/deliveries", booked, Idempotency_Key="real").json
    ref, number = said["ref"], said["order_number"]
    file.write_text(
        f'[parameters]\n"path.token" = "{hold}"\n"path.ref" = "{ref}"\n"path.number" = "{number}"\n'
    )
    return file


def _tested(
    run: Run, program: Program, examples: int, seed: int, file: Path | None
) -> "subprocess.CompletedProcess[str]":
    said = [f"Authorization: Bearer {program.key}", "X-Forwarded-Proto: https"]
    tester = str(Path(sys.executable).with_name("schemathesis"))
    return subprocess.run(
        [
            tester, *(["--config-file", str(file)] if file else []),
            "run", program.stack.url + API + "/openapi.json",
            *(part for header in said for part in ("-H", header)),
            "--checks", "all",
            # An address that nobody finds is as described and refused all the same.
            "--exclude-checks", "positive_data_acceptance,ignored_auth",
            "--max-examples", str(examples), "--workers", str(run.size(2, 1)), "--seed", str(seed),
            "--generation-database", "none", "--request-timeout", "60",
            *(["--phases", "fuzzing"] if run.short else []),
        ],
        capture_output=True, text=True, check=False, cwd=run.folder,
    )  # fmt: skip


# What makes no sense


def malformed(run: Run) -> Outcome:
    """Send bodies that are damaged in every way there is, to every address that takes one."""
    times = run.size(5_000, 60)
    statuses: Counter[int] = Counter()
    with a_program(run, "postgres") as program:
        for seed in run.seeds:
            random = run.random("malformed", seed=seed)
            for number in range(times // len(run.seeds)):
                path, body = random.choice(_paths()), damaged(random)
                answer = program("POST", path, body, Idempotency_Key=f"{seed}-{number}")
                statuses[answer.status] += 1
        found = within.call(program.stack, "tests.proofs.programs:counts")
        faults = program.stack.web.said().count("Traceback")
    broken = sum(count for status, count in statuses.items() if status >= 500)
    return Outcome.of(
        f"{sum(statuses.values()):,} bodies, {broken} answered with 5xx, {dict(sorted(statuses.items()))}",
        none_broke_us=not broken and not faults,
        none_took_effect=not found["bookings"],
        nothing_is_broken=not found["breaches"],
    )


def _paths() -> list[str]:
    moving = ["/deliveries/X/reschedule", "/deliveries/X/cancel"]
    return ["/quotes", "/holds", "/deliveries", "/orders", *moving]


GOOD = {
    "address": HELSINKI,
    "location": {"lat": 60.17, "lon": 24.94},
    "load": {"grams": 3_000, "parcels": 1},
    "hold": "x" * 32,
    "offer": "x" * 60,
    "order_number": "10482",
    "contact": {"email": "aino@example.com", "phone": "+358401234567"},
}


def damaged(random: Random) -> bytes:
    """A body of ours, with something about it that is not as it should be."""
    return random.choice(DAMAGES)(random)


def _cut(random: Random) -> bytes:
    whole = json.dumps(GOOD).encode()
    return whole[: random.randrange(len(whole))]


def _flipped(random: Random) -> bytes:
    whole = bytearray(json.dumps(GOOD).encode())
    for _ in range(random.randint(1, 12)):
        whole[random.randrange(len(whole))] = random.randrange(256)
    return bytes(whole)


def _nested(random: Random) -> bytes:
    depth = random.choice([50, 1_000, 30_000])
    return random.choice([b"[" * depth, b'{"a":' * depth, b"[" * depth + b"]" * depth])


def _replaced(random: Random) -> bytes:
    odd = [
        None,
        True,
        -1,
        10**400,
        1e308,
        "",
        "\x00",
        "\ud800",
        [],
        {},
        [[]],
        "x" * 5_000,
        {"$ne": 1},
        "٣",
        "NaN",
    ]
    body = {name: random.choice(odd) if random.random() < 0.4 else value for name, value in GOOD.items()}
    return json.dumps({name: value for name, value in body.items() if random.random() < 0.8}).encode()


def _noise(random: Random) -> bytes:
    return random.randbytes(random.choice([0, 1, 40, 4_000]))


def _huge(random: Random) -> bytes:
    return b'{"address": "' + b"x" * random.choice([100_000, 262_144, 300_000]) + b'"}'


def _unquoted(random: Random) -> bytes:
    return (
        json.dumps(GOOD).replace("60.17", random.choice(["NaN", "Infinity", "-Infinity", "1e999"])).encode()
    )


DAMAGES: tuple[Callable[[Random], bytes], ...] = (
    _cut, _flipped, _flipped, _nested, _replaced, _replaced, _replaced, _noise, _huge, _unquoted
)  # fmt: skip
