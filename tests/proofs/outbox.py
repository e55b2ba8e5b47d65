"""Messages by two channels: the worker is killed, the broker is away, the mail server refuses half."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from time import sleep

from portal.benchmarks.stack import Stack, running
from tests.fakes.mail import MailServer
from tests.fakes.sms import SmsServer, sms_settings, texting
from tests.proofs.afterwards import mail_taken, message_id
from tests.proofs.kill_worker import kill_child, kill_timetable, kill_whole
from tests.proofs.outbox_rows import KIND
from tests.proofs.run import Outcome, Run
from tests.proofs.within import call, started

ROWS = "tests.proofs.outbox_rows"
MAIL_TAKES_S = 0.05
"""Long enough that some kills come while a mail is under way."""


@contextmanager
def two_channels(run: Run) -> Iterator[tuple[Stack, MailServer, SmsServer]]:
    """All processes on PostgreSQL, the web aside. As a test run: production sends SMS to Twilio alone."""
    with mail_taken(answer_after_s=MAIL_TAKES_S) as (mail, mail_url), texting() as sms:
        settings = {"DOORSTEP_TEST": "1", "MESSAGE_LONGEST_WAIT_S": "5"} | sms_settings(sms.url)
        with running(
            run.folder, database="postgres", mail_url=mail_url, settings=settings, forked=run.short
        ) as stack:
            call(stack, f"{ROWS}:lay_out")
            stack.start_worker()
            yield stack, mail, sms


def prove(run: Run) -> Outcome:
    """Half of the kills come before the broker is away, half after it came back empty."""
    count, kills = run.size(2_000, 16), run.size(100, 1)
    chance = run.random("refusals")
    with two_channels(run) as (stack, mail, sms):
        mail.refuse = lambda: chance.random() < 0.5
        happening = started(stack, f"{ROWS}:happen", count=count, seconds=run.size(900, 1))
        killed = kill_often(run, stack, mail, kills // 2)
        stack.redis.end()
        sleep(run.size(300, 1))
        stack.redis.start()
        run.say(f"Redis is back, empty: {len(mail.mails)} mails, {len(sms.texts)} SMS")
        killed += kill_often(run, stack, mail, kills - kills // 2)
        happening.result()
        found = call(stack, f"{ROWS}:look", wait_s=run.size(1_800, 90), hurry=run.short)
    return judged(count, killed, found["rows"], found["waiting"], mail, sms)


def kill_often(run: Run, stack: Stack, mail: MailServer, kills: int) -> int:
    """Kill the worker, its timetable or one of its children, by turns; return how often."""
    ways, chance = (kill_whole, kill_child, kill_timetable), run.random("kills")
    for number in range(kills):
        sleep(chance.uniform(0.1, run.size(4, 1)))
        ways[0 if run.short else number % len(ways)](stack, chance)
        if number % 10 == 9:
            run.say(f"{number + 1} kills, {len(mail.mails)} mails, {mail.refused} refused")
    return kills


def judged(
    count: int,
    kills: int,
    rows: list[tuple[str, str, str, int]],
    waiting: int,
    mail: MailServer,
    sms: SmsServer,
) -> Outcome:
    """Hold the rows against what arrived: each message by its own id, in each channel."""
    known = {channel: [row for row in rows if row[0] == channel] for channel in ("email", "sms")}
    mails = Counter(message_id(each) for each in mail.mails)
    texts = Counter(int(each.callback_url.rstrip("/").split("/")[-2]) for each in sms.texts)
    mailed = {row[2] for row in known["email"]}
    texted = {row[3] for row in known["sms"]}
    here = {each for each in mails if each in mailed}
    there = {each for each in texts if each in texted}
    again = sum(mails[each] for each in here) - len(here) + sum(texts[each] for each in there) - len(there)
    states = Counter(row[1] for row in rows)
    return Outcome.of(
        f"{count} events of {KIND}, {kills} kills, {mail.refused} mails refused: {len(here)} distinct "
        f"Message-IDs by mail, {len(there)} by SMS, {again} duplicates, {dict(states)}, {waiting} wait",
        each_event_went_by_mail_with_an_id_of_its_own=len(here) == len(mailed) == count,
        each_event_went_by_sms_with_an_id_of_its_own=len(there) == len(texted) == count,
        no_more_duplicates_than_kills=again <= kills,
        the_rows_know=states == {"sent": 2 * count},
        nothing_waits=not waiting,
    )
