"""Which of the demo's vehicles stand in a jam, and until when: kept in a file, as the clock is."""

import json
from datetime import datetime

from portal.demo import folder


def hold_up(route_id: int, *, until: datetime) -> None:
    """Let a route's vehicle go nowhere until an instant."""
    folder.HELD_UP.parent.mkdir(parents=True, exist_ok=True)
    folder.HELD_UP.write_text(json.dumps(_read() | {str(route_id): until.isoformat()}))


def held_until(route_id: int) -> datetime | None:
    """Return until when a route's vehicle stands; None if it never was held up."""
    until = _read().get(str(route_id))
    return datetime.fromisoformat(until) if until else None


def let_go() -> None:
    """Forget all of it."""
    folder.HELD_UP.unlink(missing_ok=True)


def _read() -> dict[str, str]:
    try:
        return dict(json.loads(folder.HELD_UP.read_text()))
    except (OSError, ValueError, TypeError):
        return {}
