"""What happens in the demo by itself: its vehicles drive on."""

from celery import shared_task

from portal.demo.drivers import drive
from portal.demo.fleet import DEPOT
from scheduling import clock
from scheduling.models import Depot


@shared_task
def drive_on() -> int:
    """Let all happen on the road that is due by now; return how much did."""
    depot = Depot.objects.filter(slug=DEPOT).first()
    return drive(now=clock.now(), depot=depot) if depot else 0
