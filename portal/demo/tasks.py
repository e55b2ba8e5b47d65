"""What happens in the demo by itself: its vehicles drive on, and say where they are."""

from celery import shared_task

from portal.demo.drivers import drive
from portal.demo.fleet import DEPOT
from portal.demo.whereabouts import tell_places
from scheduling import clock
from scheduling.models import Depot


@shared_task
def drive_on() -> int:
    """Let all happen on the road that is due by now; return how much did."""
    depot = Depot.objects.filter(slug=DEPOT).first()
    return drive(now=clock.now(), depot=depot) if depot else 0


@shared_task
def say_where() -> int:
    """Have each vehicle that is out say where it is, as its driver's sheet would; return how many did."""
    depot = Depot.objects.filter(slug=DEPOT).first()
    return tell_places(depot, now=clock.now()) if depot else 0
