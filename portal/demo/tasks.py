"""What happens in the demo by itself: its vehicles drive on."""

from celery import shared_task

from portal.demo.drivers import drive
from portal.demo.fleet import DEPOT
from portal.demo.whereabouts import tell_places
from scheduling import clock
from scheduling.models import Depot


@shared_task
def drive_on() -> int:
    """Let all happen on the road that is due by now; return how much did."""
    now, depot = clock.now(), Depot.objects.filter(slug=DEPOT).first()
    if depot is None:
        return 0
    done = drive(now=now, depot=depot)
    tell_places(depot, now=now)
    return done
