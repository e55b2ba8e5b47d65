"""Whether a delivery's street may hear that a van comes."""

from datetime import datetime

from scheduling import events
from scheduling.errors import NotChangeable
from scheduling.models import Delivery
from scheduling.services.changes import one_change


@one_change
def tell_street(*, delivery: Delivery, tells: bool, actor: str, now: datetime) -> bool:
    """Let a delivery count, or no longer, among those of whose van its street may hear.

    Returns whether that changed anything. Raises NotChangeable unless it is still to come.
    """
    waiting = Delivery.objects.filter(pk=delivery.pk, state=Delivery.State.CONFIRMED)
    # The condition is judged by the update itself: of two presses at once one changes it.
    changed = bool(waiting.filter(tells_street=not tells).update(tells_street=tells))
    if not changed and not waiting.exists():
        raise NotChangeable
    if changed:
        events.record("delivery.street", delivery=delivery, actor=actor, now=now, data={"tells": tells})
    return changed
