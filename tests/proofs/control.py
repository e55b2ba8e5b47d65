"""The control: the same race without lock and recheck must oversell, or the race proves nothing."""

from portal.benchmarks.stack import DATABASES, Database, running, web_command
from tests.proofs.last_places import all_rushes, times
from tests.proofs.run import Outcome, Run


def control(run: Run) -> Outcome:
    """On each database; in the short form on PostgreSQL alone."""
    shoppers, places = run.size(64, 10), run.size(50, 4)
    figures, checks = [], {}
    for database in DATABASES[run.size(0, 1) :]:
        least, said, breaches = oversold(run, database, shoppers, places)
        figures.append(said)
        checks[f"{database} oversells"] = least >= 1
        checks[f"{database} breaches are found"] = breaches >= 1
    return Outcome.of(f"{shoppers} shoppers, {places} places: {'; '.join(figures)}", **checks)


def oversold(run: Run, database: Database, shoppers: int, places: int) -> tuple[int, str, int]:
    """Race without what the race proves; return by how many a rush oversold at least, words, and breaches."""
    with running(run.folder / database, database=database, forked=run.short) as stack:
        stack.web = stack.process("web", *web_command(stack.port)[:-1], "tests.proofs.unlocked")
        rushes = all_rushes(run, stack, shoppers, places)
        breaches = int(stack.manage("check_invariants", check=False).split()[-2])
    over = sum(rush.over for rush in rushes)
    said = f"{over} over on {database}{times(rushes)}, {breaches} breaches found"
    return min(rush.over for rush in rushes), said, breaches
