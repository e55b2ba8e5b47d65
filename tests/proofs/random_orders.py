"""The inside of `state-machine`: runs of the machine with one seed after the other, and their counts."""

import sys
from collections import Counter
from contextlib import redirect_stdout
from time import perf_counter
from typing import Any

from django.db import connection
from hypothesis import HealthCheck, seed, settings
from hypothesis.stateful import run_state_machine_as_test

from scheduling import events
from tests.proofs.improving import Improving
from tests.proofs.shopping import Shopping


def shop(*, runs: int, steps: int, number: int, looks_every: int = 1) -> type[Shopping]:
    """Run the machine with one seed; return it with its counts. Raises AssertionError at a breach."""
    counted = {"happened": Counter(), "looks_every": looks_every}
    machine = seed(number)(type("Improving", (Improving,), counted))
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=runs,
            stateful_step_count=steps,
            deadline=None,
            database=None,
            report_multiple_bugs=False,
            suppress_health_check=list(HealthCheck),
        ),
    )
    return machine


def go_shopping(seeds: list[int], runs: int, steps: int, looks_every: int) -> dict[str, Any]:
    """Run the machine with each seed, until something breaks; return counts and what broke."""
    events.set_waker(None)
    counted, happened, started = 0, Counter(), perf_counter()
    for done, number in enumerate(seeds, start=1):
        try:
            with redirect_stdout(sys.stderr):  # where hypothesis tells the steps that break it
                machine = shop(runs=runs, steps=steps, number=number, looks_every=looks_every)
        except Exception as error:  # noqa: BLE001 - whatever broke is what is looked for
            broken = f"seed {number}: {type(error).__name__}: {error}"[:600]
            return {"runs": done * runs, "steps": counted, "broken": broken}
        counted, happened = counted + machine.steps, happened + machine.happened
        rate = counted / (perf_counter() - started)
        print(
            f"  {connection.vendor}: {done * runs} runs, {counted:,} steps, {rate:.0f}/s",
            file=sys.stderr,
            flush=True,
        )
    return {"runs": len(seeds) * runs, "steps": counted, "broken": "", "happened": happened}
