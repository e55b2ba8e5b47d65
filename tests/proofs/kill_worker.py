"""kill -9 on the worker while events flow: each takes effect once, and every mail arrives in the end."""

import os
import re
import signal
from contextlib import suppress
from random import Random
from time import sleep, time

from portal.benchmarks.servers import wait_until
from portal.benchmarks.stack import Stack
from tests.fakes.mail import MailServer
from tests.proofs.afterwards import Effects, look, shop_and_mail
from tests.proofs.load import Crowd
from tests.proofs.run import Outcome, Run

SHOPPERS = 3
MAIL_TAKES_S = 0.1
"""Long enough that many kills come while a mail is under way."""
RESUME_S = 60
TIMETABLE = re.compile(r"The timetable runs in process (\d+)")


def prove(run: Run) -> Outcome:
    """On PostgreSQL, its web left alone."""
    kills = run.size(100, 3)
    with shop_and_mail(run, answer_after_s=MAIL_TAKES_S) as (stack, merchant, mail):
        with Crowd(run, stack, merchant, SHOPPERS, pause_s=0.3) as crowd:
            outages = kill_again_and_again(run, crowd, mail, kills)
        run.say("nobody shops any more: the last mails are waited for")
        effects = Effects.of(look(run, stack).effects, mail.mails, crowd.ledger)
    longest_s = effects.longest_s(outages)
    for line in (*crowd.traffic.strange, *effects.faults):
        run.say(line)
    return Outcome.of(
        f"{kills} kills, {effects.events} events, {effects.mails} mails: {len(effects.faults)} not exactly "
        f"once, {effects.interrupted} interrupted, {effects.repeated} mails repeated with the same id; "
        f"longest wait for an effect, by interruption and but for restarts, {longest_s:.0f} s",
        each_effect_once=not effects.faults,
        no_more_repeated_mails_than_kills=effects.repeated <= kills,
        effects_resume_in_time=run.short or longest_s < RESUME_S,
        nothing_strange_was_answered=not crowd.traffic.strange,
    )


def kill_again_and_again(run: Run, crowd: Crowd, mail: MailServer, kills: int) -> list[tuple[float, float]]:
    """Kill the worker in three ways by turns, each while events flow; return when there was none."""
    ways, chances = (kill_whole, kill_child, kill_timetable), [run.random("kills", seed=s) for s in run.seeds]
    outages = []
    for number in range(1, kills + 1):
        chance = chances[number % len(chances)]
        crowd.wait_for_changes(run.size(3, 2))
        sleep(chance.uniform(0.2, run.size(4, 1)))
        began = time()
        ways[(run.seed + number) % len(ways)](crowd.stack, chance)
        outages.append((began, time()))
        if number % 10 == 0:
            run.say(f"{number} kills, {len(mail.mails)} mails")
    return outages


def kill_whole(stack: Stack, _chance: Random) -> None:
    """Kill the worker with all its children, as a power cut would, and start it again."""
    stack.worker.kill()
    stack.start_worker()


def kill_child(stack: Stack, chance: Random) -> None:
    """Kill one of the processes that do the tasks; the worker replaces it."""
    pool = sorted(set(stack.worker.children()) - {timetable_of(stack)})
    if pool:
        with suppress(ProcessLookupError):
            os.kill(chance.choice(pool), signal.SIGKILL)


def kill_timetable(stack: Stack, _chance: Random) -> None:
    """Kill the timetable alone: the worker ends by itself, and whoever supervises it starts it again."""
    os.kill(timetable_of(stack), signal.SIGKILL)
    wait_until(lambda: not stack.worker.alive, seconds=60, what="the worker to end without its timetable")
    stack.start_worker()


def timetable_of(stack: Stack) -> int:
    """The process in which the worker's timetable runs."""
    return int(TIMETABLE.findall(stack.worker.said())[-1])
