"""How long a program may ask again for the answer to a change."""

from datetime import datetime, timedelta
from typing import Final

from portal.models.keys import Repeatable

KEPT_FOR: Final = timedelta(days=7)


def forget_repeats(*, now: datetime) -> int:
    """Forget what nobody asks again; return how many."""
    count, _each = Repeatable.objects.of_everybody().filter(created_at__lte=now - KEPT_FOR).delete()
    return int(count)
