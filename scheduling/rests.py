"""When a shift rests, so that nobody is on the road for longer than a limit without a break. Pure.

Routes are planned against windows. So the limit becomes windows: a break begins at the latest when the
limit is reached, counted from the shift's start or from the earliest end of the break before, and the
shift ends where the next break would be due.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True)
class RestTime:
    """When the rest of set-up row `number` may begin (`closes_at` exclusive), and how long it takes."""

    number: int
    opens_at: datetime
    closes_at: datetime
    takes: timedelta
    is_break: bool


def spread(
    rests: Iterable[RestTime], *, starts_at: datetime, ends_at: datetime, limit: timedelta | None
) -> tuple[list[RestTime], datetime]:
    """Return the rests that a shift gets, in order, with the windows it gets them in; and its end.

    Between its start, its breaks and its end there is never more than `limit`, if there is one. Rests that
    could not be over by its end are none of it.
    """
    due_at, kept = ends_at if limit is None else starts_at + limit, []
    during = [
        replace(one, opens_at=max(one.opens_at, starts_at)) for one in rests if one.closes_at > starts_at
    ]
    for rest in sorted(during, key=lambda one: (one.opens_at, one.closes_at, one.number)):
        if rest.opens_at + rest.takes > ends_at:
            continue
        if not rest.is_break or limit is None:
            kept.append(rest)
        elif rest.opens_at < due_at:
            kept.append(replace(rest, closes_at=min(rest.closes_at, due_at)))
            # Who begins it late is on the road for less before its end, but plans may begin it early.
            due_at = max(due_at, rest.opens_at + rest.takes + limit)
    ends_at = min(ends_at, due_at)
    return [rest for rest in kept if rest.opens_at + rest.takes <= ends_at], ends_at
