"""Portal's share of the timetable. Tasks read the clock, call one function, and bear repetition."""

from typing import Final

from celery import shared_task

from portal import metrics
from portal.messaging.sending import Outcome, try_message
from portal.services.messages import due_messages
from scheduling import clock

AT_ONCE: Final = 20


@shared_task
def send_due_messages() -> int:
    """Send what is due, oldest event first; return how many mails went out."""
    sent = 0
    for pk in due_messages(now=clock.now(), limit=AT_ONCE):
        outcome = try_message(pk=pk, now=clock.now())
        metrics.messages.labels(outcome.name.lower()).inc()
        sent += outcome is Outcome.SENT
        if outcome is Outcome.SERVER_AWAY:
            break
    return sent
