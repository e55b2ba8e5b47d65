"""Sending webhooks: several at a time, few to each endpoint, and nobody waits for one that does not answer.

A run reads and writes rows in one thread, others wait for answers. What has no answer soon is left to its
thread, which notes itself what came of it: the run ends, and its worker does other things. Whoever does not
answer is left alone for longer each time. What a killed worker had under way is due again after its lease.
"""

import logging
from collections import Counter
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from threading import current_thread, main_thread
from time import monotonic
from typing import Final
from uuid import UUID

from django.db import connection

from portal.messaging.targets import Answer
from portal.messaging.webhooks import deliver, settle, sign
from portal.models.hooks import WebhookDelivery
from portal.services.hook_queue import claim_delivery, due_deliveries, mark_unmade
from scheduling import clock

log = logging.getLogger(__name__)

THREADS: Final = 32
SLOW_SHARE: Final = THREADS // 2
"""So many threads at most wait for endpoints that did not answer last."""
PATIENCE_S = 0.3
"""So long a run waits for an answer itself."""
LOOK_AGAIN_S: Final = 0.02

Flight = Future[Answer]


@dataclass
class Sender:
    """One process's: `flying` is all that it has under way, also what runs before left to their threads."""

    pool: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(THREADS, "webhook"))
    flying: dict[Flight, WebhookDelivery] = field(default_factory=dict)

    def run(self, *, seconds: float) -> int:
        """Send what is due until nothing is, for so long at most; return how many were taken meanwhile."""
        until, watched, taken = monotonic() + seconds, dict[Flight, float](), 0
        while monotonic() < until and (self._begin(watched) or watched):
            taken += self._end_some(watched)
        while watched:
            taken += self._end_some(watched)
        return taken

    def _begin(self, watched: dict[Flight, float]) -> int:
        """Begin what is due and there are threads for; return how many."""
        under_way, begun = list(self.flying.values()), 0
        room = THREADS - len(under_way)
        if room <= 0:
            return 0
        busy = Counter[UUID](each.endpoint_id for each in under_way)
        slow_room = SLOW_SHARE - sum(bool(each.endpoint.unanswered) for each in under_way)
        for pk in due_deliveries(now=clock.now(), busy=busy, room=room, slow_room=slow_room):
            delivery = claim_delivery(pk=pk, now=clock.now())
            flight = self._send(delivery) if delivery else None
            if flight is not None:
                watched[flight] = monotonic()
                begun += 1
        return begun

    def _send(self, delivery: WebhookDelivery) -> Flight | None:
        try:
            signed = sign(delivery, now=clock.now(), wall=clock.wall())
        except Exception:  # one that can't be made must not hold up the others
            log.exception("Webhook %s can't be made", delivery.pk)
            mark_unmade(delivery, now=clock.now())
            return None
        flight = self.pool.submit(deliver, signed)
        self.flying[flight] = delivery
        return flight

    def _end_some(self, watched: dict[Flight, float]) -> int:
        """Note what came of those that ended; leave to their threads those that take long."""
        ended, _others = wait(watched, timeout=LOOK_AGAIN_S, return_when=FIRST_COMPLETED)
        for flight in ended:
            del watched[flight]
        for flight, since in list(watched.items()):
            if monotonic() - since > PATIENCE_S:
                del watched[flight]
                flight.add_done_callback(self._settle_alone)
        return sum(self._settle(flight) for flight in ended)

    def _settle(self, flight: Flight) -> bool:
        delivery = self.flying.pop(flight)
        return settle(delivery, flight.result(), now=clock.now())

    def _settle_alone(self, flight: Flight) -> None:
        try:
            self._settle(flight)
        finally:
            if current_thread() is not main_thread():  # it was opened for this
                connection.close()


sender: Final = Sender()
"""This process's. Its threads begin with its first run, never before a fork."""
