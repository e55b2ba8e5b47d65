"""State machines are tables: what may follow what, and which writes a day plan's state allows."""

from collections.abc import Mapping
from typing import Final

from scheduling.errors import IllegalMove

Moves = Mapping[str, frozenset[str]]

PLAN_MOVES: Final[Moves] = {
    "open": frozenset({"closed"}),
    "closed": frozenset({"locked"}),
    "locked": frozenset({"started"}),
    "started": frozenset({"finished"}),
    "finished": frozenset(),
}
ROUTE_MOVES: Final[Moves] = {
    "tentative": frozenset({"loaded"}),
    "loaded": frozenset({"started"}),
    "started": frozenset({"finished"}),
    "finished": frozenset(),
}
DELIVERY_MOVES: Final[Moves] = {
    "draft": frozenset({"confirmed", "lapsed"}),
    # A draft whose hold ran out may still be confirmed if its time is free when it is asked again.
    "lapsed": frozenset({"confirmed"}),
    "confirmed": frozenset({"on_board", "cancelled"}),
    # Confirmed again: it will be late, and its customer chose another day; it comes back with its vehicle.
    "on_board": frozenset({"delivered", "failed", "cancelled", "confirmed"}),
    # What could not be collected stays where it is: only its customer chooses another time.
    # Back on board only when what was noted at the door is taken back.
    # Called off: its customer sends it back another way, or it was tried in vain too often.
    "failed": frozenset({"at_depot", "confirmed", "on_board", "cancelled"}),
    "at_depot": frozenset({"confirmed", "returned", "on_board"}),
    "delivered": frozenset({"on_board"}),
    "cancelled": frozenset(),
    "returned": frozenset(),
}
STOP_MOVES: Final[Moves] = {
    "held": frozenset({"booked", "released", "lapsed", "waypoint"}),
    "booked": frozenset({"replaced", "cancelled", "waypoint"}),
    # A place the route still drives through because leaving it out would break a promise.
    "waypoint": frozenset(),
    # A vehicle's break or charging: it never leaves its shift.
    "rest": frozenset(),
    "released": frozenset(),
    "lapsed": frozenset(),
    "replaced": frozenset(),
    "cancelled": frozenset(),
}
HOLD_MOVES: Final[Moves] = {
    "live": frozenset({"confirmed", "released", "lapsed"}),
    "lapsed": frozenset({"confirmed"}),
    "released": frozenset(),
    "confirmed": frozenset(),
}

AT_DOOR: Final = frozenset({"tell", "lengthen", "shorten"})
"""What a customer says of their door: where it may be left, longer, less long."""

PICKUPS: Final = frozenset({"hold", "confirm", "move_in", "move_out", "move_within"})
"""What may become of pickups while vehicles are loaded: nothing of theirs is on board."""

# Which writes each state of a day plan allows without a dispatcher. Holds that ran out leave in any.
# Once a day is locked what is loaded stays on its vehicle; once it has started nothing comes in any more, and
# what was served stays as it was.
PLAN_WRITES: Final[Mapping[str, frozenset[str]]] = {
    "open": frozenset(
        {"hold", "confirm", "move_in", "move_out", "move_within", "cancel", "improve", "notes"} | AT_DOOR
    ),
    "closed": frozenset({"confirm", "move_out", "move_within", "cancel", "improve", "narrow", "notes"})
    | AT_DOOR,
    # Stops stay where they are; drivers can still be told, and nobody minds a shorter one.
    "locked": frozenset({"cancel", "narrow", "notes", "tell", "shorten", "answer_late"}),
    "started": frozenset({"notes", "answer_late"}),
    "finished": frozenset(),
}
PICKUP_WRITES: Final[Mapping[str, frozenset[str]]] = {
    **PLAN_WRITES,
    "locked": PLAN_WRITES["locked"] | PICKUPS,
    # Nothing of it is on board: who need not come is told.
    "started": PLAN_WRITES["started"] | {"cancel"},
}
"""The same for what is collected."""

DISPATCH_STATES: Final = frozenset({"closed", "locked", "started"})
"""In which a dispatcher moves stops by hand, sees before what that breaks, and is named for it."""

# While a delivery is still to be handed over, its customer may say how to get in.
TO_COME: Final = frozenset({"confirmed", "on_board"})


def check_move(moves: Moves, current: str, target: str) -> None:
    """Raise IllegalMove unless `target` may follow `current`."""
    if target not in moves[current]:
        raise IllegalMove(current=current, target=target)


def allows(plan_state: str, write: str, *, pickup: bool = False) -> bool:
    """Whether a day plan in this state takes this write, of a delivery or of a pickup."""
    return write in (PICKUP_WRITES if pickup else PLAN_WRITES)[plan_state]
