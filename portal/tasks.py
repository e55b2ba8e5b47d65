"""Portal's share of the timetable. Tasks read the clock, call one function, and bear repetition."""

from time import monotonic
from typing import Final

from celery import shared_task

from portal.messaging.posting import sender
from portal.messaging.sending import Outcome, try_message
from portal.metrics import messages
from portal.services import erasure
from portal.services.codes import forget_codes
from portal.services.day_before import deliveries_to_ask
from portal.services.hook_queue import forget_old, give_up_late, pause_silent
from portal.services.messages import due_messages, forget_former
from portal.services.photos import sweep_photos
from portal.services.proofs import forget_proofs
from portal.services.repeats import forget_repeats
from portal.services.sessions import forget_sessions
from scheduling import clock
from scheduling.services.answering import ask_day_before
from scheduling.tasks import Waker

AT_ONCE: Final = 20
LONGEST_S: Final = 20
"""Then no other mail is begun, and the next task goes on: the relay must have its turn too.

Far from the task's own limit, so that what is begun can end however slowly a mail server answers.
"""


@shared_task
def forget_old_answers() -> int:
    """Forget answers that no program asks for again, widgets and codes that are over; return how many."""
    now = clock.now()
    return forget_repeats(now=now) + forget_sessions(now=now) + forget_codes(now=now) + forget_former()


@shared_task
def forget_old_people() -> int:
    """Take out what was kept for long enough, and files that nobody needs; return how many."""
    now = clock.now()
    return forget_proofs(now=now) + erasure.forget_old(now=now) + sweep_photos(wall=clock.wall())


@shared_task
def send_due_messages() -> int:
    """Send what is due, oldest event first, until nothing is; return how many messages went out.

    A mail server that is away holds up no SMS, nor the other way round.
    """
    until, sent, away = monotonic() + LONGEST_S, 0, set[str]()
    while monotonic() < until and (due := _due(away)):
        for pk in due:
            if monotonic() >= until:
                return sent
            tried = try_message(pk=pk, now=clock.now())
            messages.labels(tried.outcome.name.lower()).inc()
            sent += tried.outcome is Outcome.SENT
            if tried.outcome is Outcome.SERVER_AWAY:
                away.add(tried.channel)
                break
    return sent


def _due(away: set[str]) -> list[int]:
    return due_messages(now=clock.now(), limit=AT_ONCE, besides=away)


@shared_task
def ask_the_day_before() -> int:
    """Ask those of tomorrow whether we may come, where it is late enough; return how many were asked."""
    now = clock.now()
    asked = [ask_day_before(delivery_id=pk, now=now) for pk in deliveries_to_ask(now=now)]
    return sum(event is not None for event in asked)


@shared_task
def send_due_webhooks() -> int:
    """Tell merchants' endpoints what is due, until nothing is; return how many messages were taken."""
    return sender.run(seconds=LONGEST_S)


wake_webhooks: Final = Waker(send_due_webhooks)


@shared_task
def tend_webhooks() -> int:
    """Pause endpoints that took nothing for a day, give up what is too old; return how many were paused."""
    now = clock.now()
    give_up_late(now=now)
    forget_old(now=now)
    return pause_silent(now=now)
