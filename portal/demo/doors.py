"""How people in the demo's town say they are reached: a few of them, and every second of those has a gate."""

from datetime import datetime
from typing import Final

from scheduling.models import Delivery
from scheduling.services.notes import save_notes, set_codes
from scheduling.ways_in import WayIn

EVERY: Final = 5
GATE_CODE: Final = "2580#"
WAYS: Final = (
    WayIn(buzzer="Virtanen", entrance="yard", floor="3", lift="no", stairs="more"),
    WayIn(buzzer="Lindqvist", floor="6", lift="yes", speaks="sv", dog="friendly"),
    WayIn(buzzer="Haddad", entrance="street", speaks="ar", text="الرجاء الاتصال قبل خمس دقائق"),
    WayIn(buzzer="Korhonen", floor="1", hearing="hard", mobility="slow", step_back=True),
    WayIn(entrance="back", parking="yard", text="Past the bicycles, then the green door."),
)


def say_way_in(delivery: Delivery, *, number: int, actor: str, now: datetime) -> None:
    """Have one of so many people say how to get in; the same people every time."""
    if number % EVERY:
        return
    turn = number // EVERY
    way_in = WAYS[turn % len(WAYS)]
    save_notes(delivery=delivery, way_in=way_in, kept=False, seen=0, actor=actor, now=now)
    if turn % 2:
        set_codes(delivery=delivery, codes={"gate_code": GATE_CODE}, actor=actor, now=now)
