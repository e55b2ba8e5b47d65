"""A worker whose timetable has died is no use: it would sit there, and mails would stay.

`celery worker --beat` starts the timetable as a child and never looks at it again. Whoever supervises the
worker can only see that it ended, so then it ends.
"""

import logging
from typing import Any, Final

from celery import bootsteps
from celery.worker import state

log = logging.getLogger(__name__)

LOOK_EVERY_S: Final = 2.0
FAILED: Final = 70


class EndsWithItsTimetable(bootsteps.StartStopStep):
    """Looks at the timetable's process, where this worker has one."""

    requires = ("celery.worker.components:Timer", "celery.worker.components:Beat")

    def start(self, worker: Any) -> None:
        """Begin to look."""
        if worker.beat:
            log.info("The timetable runs in process %s", worker.beat.pid)
            worker.timer.call_repeatedly(LOOK_EVERY_S, end_without_timetable, (worker,))


def end_without_timetable(worker: Any) -> None:
    """Have the worker finish its tasks and end, if its timetable has died."""
    ending = state.should_stop is not None or state.should_terminate is not None
    if worker.beat.is_alive() or ending:
        return
    log.error("The timetable has died: the worker ends, to be started with a new one")
    state.should_stop = FAILED  # type: ignore[assignment]
