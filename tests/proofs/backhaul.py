"""Pickups ride on delivery routes: hardly more is driven, and what is on board is right on every leg."""

import json
import os
from pathlib import Path
from statistics import median

from portal.benchmarks.booking.policies import POLICIES
from portal.benchmarks.booking.run import Wanted, measured
from portal.benchmarks.stack import DATABASES, running
from tests.portal.benchmarks.day_judge import faults, read_instance
from tests.portal.benchmarks.made_up import write_instance
from tests.proofs import within
from tests.proofs.run import Outcome, Run

MOST = 0.05
"""Of the kilometres of a trip of its own: so little a pickup adds on a street that is served already."""


def backhaul(run: Run) -> Outcome:
    """Fetch on streets already served, by the services, and drive the days; then days of the benchmark."""
    shares, wrong = [], []
    for database in DATABASES[:1] if run.short else DATABASES:
        with running(run.folder / database, database=database, forked=run.short) as stack:
            run.say(f"days on {database}")
            days = {"seeds": run.seeds, "days": run.size(12, 1), "stops": run.size(24, 6)}
            found = within.call(stack, "tests.proofs.fetching:fetch", **days)
        shares += found["shares"]
        wrong += found["wrong"]
    run.say("days of the benchmark")
    judged, fetched, served, broken = _booking_days(run)
    some = "".join(f"; {one}" for one in [*wrong, *broken][:3])
    return Outcome.of(
        f"{len(shares)} pickups on streets already served add {100 * median(shares):.1f} % of a trip of "
        f"their own (median), {100 * max(shares):.1f} % at most; {len(wrong)} loads or rules wrong; "
        f"{judged} booking days with {fetched} pickups among {served} served: "
        f"{len(broken)} promises or loads broken{some}",
        under_5_percent=max(shares) < MOST,
        loads_right_on_every_leg=not wrong,
        nothing_broken=not broken,
        a_fifth_fetched=abs(fetched - served / 5) < served / 20,
    )


def _booking_days(run: Run) -> tuple[int, int, int, list[str]]:
    """Play booking days of which every fifth is a pickup, judged by code that shares none with ours."""
    instances = Path(os.environ.get("INSTANCES") or _made_up(run))
    dump = run.folder / "days.jsonl"
    solves = {"reoptimise_s": 0.02, "final_s": 0.02} if run.short else {"reoptimise_s": 0.1, "final_s": 0.5}
    wanted = Wanted(
        instances=instances,
        seeds=(run.seed,),
        scenarios=("load",) if run.short else ("hours", "load"),
        pickups=0.2,
        policies=("label",) if run.short else tuple(POLICIES),
        reoptimise=(20,),
        nudges=(2.0,),
        outsides=(None,),
        bound_s=0.0,
        resolve=0,
        resolve_s=0.0,
        processes=1,
        dump=dump,
        **solves,
    )
    found = measured(wanted, say=lambda line: None if run.short else run.say(line))
    lines = [json.loads(line) for line in dump.read_text().splitlines()]
    broken = [] if found["broken"] == 0 else [f"{found['broken']} broken by our own count"]
    for line in lines:
        instance = read_instance(instances / f"{line['instance']}.txt")
        broken += [f"{line['instance']}: {fault}" for fault in faults(instance, line)]
    promises = [each for line in lines for each in line["promises"]]
    fetched = sum(each["direction"] == "in" for each in promises)
    return len(lines), fetched, len(promises), broken


def _made_up(run: Run) -> Path:
    folder = run.folder / "towns"
    folder.mkdir()
    for number in range(run.size(12, 2)):
        seed = 100 * run.seed + number
        write_instance(folder / f"made-up-{number}.txt", nodes=run.size(151, 51), seed=seed)
    return folder
