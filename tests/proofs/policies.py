"""What a shop's page says before anybody buys, read as a customer would, against what is decided."""

from portal.benchmarks.stack import running
from tests.proofs import within
from tests.proofs.run import Outcome, Run

ORDERS, SHORT_ORDERS = 500, 12
ASKED, SHORT_ASKED = 40, 8
"""So many orders, and so many ways of asking for each: reasons, conditions, resolutions, ways, numbers."""


def prove(run: Run) -> Outcome:
    """On SQLite, production's settings; in the short form fewer orders."""
    with running(
        run.folder, database="sqlite", settings={"REQUESTS_PER_MINUTE": "0"}, forked=run.short
    ) as stack:
        found = within.call(
            stack,
            "tests.proofs.policy_cases:compare",
            seed=run.seed,
            orders=run.size(ORDERS, SHORT_ORDERS),
            asked=run.size(ASKED, SHORT_ASKED),
        )
    differences = found["differences"]
    return Outcome.of(
        f"{found['orders']:,} orders under {found['versions']} versions of rules, {found['asked']:,} "
        f"questions ({found['allowed']:,} allowed): {len(differences)} decided otherwise than told, "
        f"{found['through']} disallowed got through" + "".join(f"; {each}" for each in differences[:3]),
        text_is_decision=not differences,
        nothing_disallowed_gets_through=found["through"] == 0,
        both_answers_were_given=0 < found["allowed"] < found["asked"],
    )
