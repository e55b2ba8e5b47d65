"""Portal's share of the timetable. Tasks read the clock, call one function, and bear repetition."""

from time import monotonic
from typing import Final

from celery import shared_task

from portal.messaging.sending import Outcome, try_message
from portal.services.messages import due_messages
from scheduling import clock

AT_ONCE: Final = 20
LONGEST_S: Final = 20
"""Then the next task goes on with the rest: the relay must have its turn too."""


@shared_task
def send_due_messages() -> int:
    """Send what is due, oldest event first, until nothing is; return how many mails went out."""
    began, sent = monotonic(), 0
    while monotonic() - began < LONGEST_S and (due := due_messages(now=clock.now(), limit=AT_ONCE)):
        for pk in due:
            outcome = try_message(pk=pk, now=clock.now())
            sent += outcome is Outcome.SENT
            if outcome is Outcome.SERVER_AWAY:
                return sent
    return sent
