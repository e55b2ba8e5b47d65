"""The inside of `injected`: let a rival in at a point of a change, then look at everything."""

import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial, wraps
from importlib import import_module
from operator import attrgetter
from random import Random
from threading import Thread, current_thread
from time import sleep
from typing import Any

from django.core.management import call_command
from django.db import connection, transaction
from django.db.models import Max

from scheduling import events, snapshots
from scheduling.errors import DomainError
from scheduling.invariants import breaches
from scheduling.models import DayPlan, Event
from tests.factories import NOW
from tests.proofs.contests.world import LAID_OUT, World
from tests.proofs.injection_points import POINTS, Point

A_WHILE_S = 0.1
LOOKS_EVERY = 4
"""Contests after which all invariants are looked at, as after a seed's last: what broke stays broken."""
MUCH_LATER = NOW + events.LONGEST_WAIT * 2
effects: Counter[Any] = Counter()
"""How often each event took effect, for good."""


class Died(Exception):
    """What a change dies of."""


def take_effect(event: Event) -> None:
    transaction.on_commit(lambda: effects.update([event.uid]))


def inject(seeds: list[int], share: int) -> dict[str, Any]:
    """Go through the points, all with each seed or a share of them; return counts and what was wrong."""
    events.set_waker(None)
    for kind in events.KINDS:
        events.subscribe(kind, "proof", lambda event, _now: take_effect(event))
    waited, wrong = 0, []
    for seed in seeds:
        call_command("flush", interactive=False, verbosity=0)
        points = POINTS[seed % share :: share]
        for number, point in enumerate(points, start=1):
            rival_waited, faults = _contested(point, Random(f"{seed} {point.name}"))
            if number % LOOKS_EVERY == 0 or number == len(points):
                faults += broken()
            waited += rival_waited
            wrong += [f"{point.name} (seed {seed}): {fault}" for fault in faults]
        print(f"  {connection.vendor} seed {seed}: {len(wrong)} wrong", file=sys.stderr, flush=True)
    return {"points": len(POINTS), "rounds": len(seeds), "waited": waited, "wrong": wrong}


def _contested(point: Point, chance: Random) -> tuple[bool, list[str]]:
    """Run one contest; return whether the rival had to wait, and what is wrong afterwards."""
    snapshots.forget_all()
    before = Event.objects.aggregate(last=Max("pk"))["last"] or 0
    contest = point.contest(World(chance))
    rival = Rival(contest.rival)
    with let_in(point, rival):
        mine = outcome(contest.change)
    rival.join()
    faults = [f"broke: {result!r}" for result in (mine, rival.result) if isinstance(result, Exception)]
    if not rival.let_in:
        faults.append("the point was never reached")
    if point.locked and not rival.waited:
        faults.append("the rival did not wait for the lock")
    if not faults and not contest.came_to(mine, rival.result):
        faults.append(f"came to {mine!r} and {rival.result!r}")
    return rival.waited, [*faults, *everywhere(before)]


def outcome(change: Callable[[], Any]) -> Any:
    """Return what a change came to: None if it was refused or died, an error if it broke."""
    try:
        result = change()
    except (DomainError, Died):
        return None
    except Exception as error:  # noqa: BLE001 - reported as wrong
        return error
    return True if result is None else result


class Rival:
    """A competing change in a thread, on a connection of its own."""

    def __init__(self, change: Callable[[], Any]) -> None:
        self.result: Any = None
        self.waited = self.let_in = False
        self._thread = Thread(target=partial(self._run, change), daemon=True)

    def _run(self, change: Callable[[], Any]) -> None:
        self.result = outcome(change)
        connection.close()

    def enter(self) -> None:
        """Start, and return when it is over or waits for a lock of ours."""
        self.let_in = True
        self._thread.start()
        if connection.vendor == "sqlite" and connection.in_atomic_block:
            sleep(A_WHILE_S)
        else:
            while self._thread.is_alive() and not somebody_waits():
                sleep(0.002)
        self.waited = self._thread.is_alive()

    def join(self) -> None:
        if self.let_in:
            self._thread.join()


def somebody_waits() -> bool:
    """Whether a connection to PostgreSQL waits for a lock. SQLite's writers wait for whole transactions."""
    if connection.vendor == "sqlite":
        return False
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")
        return cursor.fetchone()[0] > 0


@contextmanager
def let_in(point: Point, rival: Rival) -> Iterator[None]:
    """Let the rival in the first time this thread comes to the point."""
    module, _colon, path = point.at.partition(":")
    *owners, name = path.split(".")
    owner = attrgetter(".".join(owners))(import_module(module)) if owners else import_module(module)
    original, thread = getattr(owner, name), current_thread()

    @wraps(original)
    def hooked(*args: Any, **kwargs: Any) -> Any:
        here = current_thread() is thread and not rival.let_in
        if here and point.when == "before":
            rival.enter()
        result = original(*args, **kwargs)
        if here and point.when == "after":
            rival.enter()
            if point.dies:
                raise Died
        return result

    setattr(owner, name, hooked)
    try:
        yield
    finally:
        setattr(owner, name, original)


def broken() -> list[str]:
    """What the invariants say of all days since they were looked at last: by then they are over for them."""
    found = [f"{breach.rule} {breach.subject}: {breach.what}" for breach in breaches()]
    DayPlan.objects.update(state=DayPlan.State.FINISHED)
    return found


def everywhere(before: int) -> Iterator[str]:
    """What must be true after every contest: of events recorded since, and of what is cached."""
    while events.relay(now=MUCH_LATER):
        pass
    for event in Event.objects.filter(pk__gt=before):
        if effects[event.uid] != 1:
            yield f"{event} took effect {effects[event.uid]} times"
    plans = list(DayPlan.objects.select_related("depot").order_by("-pk")[:LAID_OUT])
    for plan, cached in zip(plans, snapshots.snapshots_of(plans, now=NOW), strict=True):
        if cached != snapshots.read_snapshot(plan, version=plan.version, now=NOW):
            yield f"what is cached of {plan} is not what is stored"
