"""Clock changes in 8 zones over 4 years: local days, windows and cut-offs against an independent oracle."""

from collections import Counter

from portal.benchmarks.stack import running
from tests.proofs import within
from tests.proofs.run import Outcome, Run

ZONES = (
    "Europe/Helsinki",
    "America/New_York",
    "America/Santiago",  # put forward at midnight: a day begins at 01:00
    "Africa/Cairo",  # as Santiago
    "Asia/Beirut",  # as Santiago, and back at midnight too
    "Africa/Casablanca",  # back and forward around Ramadan
    "Australia/Lord_Howe",  # by half an hour
    "Pacific/Chatham",  # 12:45 ahead
)
LENGTHS = {"23", "23.5", "24", "24.5", "25"}
"""How many hours days have somewhere."""


def clocks(run: Run) -> Outcome:
    with running(run.folder, database="sqlite", forked=run.short) as stack:
        run.say("every minute of 4 years" if not run.short else "around the changes of 4 years")
        found = within.call(
            stack, "tests.proofs.clock_checks:compare", zones=ZONES, seeds=run.seeds[:1], whole=not run.short
        )
    mismatches = sum(one["mismatches"] for one in found)
    lengths = sum((Counter(one["lengths"]) for one in found), Counter())
    days = ", ".join(f"{count:,} of {hours} h" for hours, count in sorted(lengths.items()))
    some = "".join(f"; {line}" for line in [line for one in found for line in one["some"]][:3])
    return Outcome.of(
        f"{len(ZONES)} zones, 4 years, {sum(one['checked'] for one in found):,} comparisons "
        f"(days: {days}): {mismatches} mismatches{some}",
        no_mismatches=mismatches == 0,
        days_of_every_length=set(lengths) >= LENGTHS,
    )
