"""Ending what was given out: "this wasn't me"."""

from datetime import datetime

from django.db.models import F

from portal.messaging.subscribe import LINKS_REVOKED
from portal.models import AccessLink
from portal.not_me import Report
from scheduling import events
from scheduling.services.changes import one_change


@one_change
def end_links(*, report: Report, now: datetime) -> bool:
    """End every link, cookie and code given out so far for a delivery, and have a new manage link mailed.

    False, and nothing is changed, where that was done already. A change under way holds its link: it is
    either certain before this, and in the timeline, or refused.
    """
    delivery = report.link.delivery
    links = AccessLink.objects.filter(delivery=delivery, revoked_at=None).order_by("pk")
    live = {link.pk: link.generation for link in links.select_for_update(no_key=True)}
    if live.get(report.link.pk) != report.generation:
        return False
    AccessLink.objects.filter(pk__in=live).update(generation=F("generation") + 1)
    events.record(LINKS_REVOKED, delivery=delivery, actor=report.link.actor, now=now)
    return True
