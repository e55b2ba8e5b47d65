"""A route while it is driven: what is done, what is next, how many stops are before one's own."""

from dataclasses import dataclass

from scheduling.models import Route, Stop


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a route is: so many stops at somebody's door are done, and so many are left."""

    done: int
    left: int


def progress_of(route: Route) -> Progress:
    """Return how far a route is. One query."""
    done_at = list(Stop.objects.booked().filter(route=route).values_list("done_at", flat=True))
    return Progress(done=sum(at is not None for at in done_at), left=done_at.count(None))


def stops_before(stop: Stop) -> int:
    """Return at how many doors its route stops before it, from now on. One query."""
    before = Stop.objects.booked().to_do().filter(route_id=stop.route_id, position__lt=stop.position)
    return before.count()
