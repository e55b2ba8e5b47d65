"""What may follow what: a return's parcel, its inspection and its money, each by a table of its own."""

from typing import Final

from scheduling.states import Moves

PARCEL_MOVES: Final[Moves] = {
    "draft": frozenset({"requested", "dropped"}),
    "dropped": frozenset(),
    "requested": frozenset({"approved", "rejected", "cancelled"}),
    "rejected": frozenset(),
    # Approved: it may travel. What its customer may keep travels nowhere.
    # Collected at once: it was not taken at the door, and is on the van already.
    "approved": frozenset({"booked", "collected", "handed_in", "received", "kept", "cancelled"}),
    # Approved again: its pickup was cancelled, or nothing could be collected too often.
    "booked": frozenset({"approved", "collected", "received", "cancelled"}),
    # Booked again: what was noted at the door was taken back. Called off: it was taken at the door after all.
    "collected": frozenset({"booked", "received", "cancelled"}),
    "handed_in": frozenset({"approved", "received"}),
    "received": frozenset({"approved", "collected", "handed_in"}),
    "kept": frozenset(),
    "cancelled": frozenset(),
}
INSPECTION_MOVES: Final[Moves] = {
    "waiting": frozenset({"done", "unneeded"}),
    "done": frozenset({"waiting"}),
    "unneeded": frozenset(),
}
MONEY_MOVES: Final[Moves] = {
    "open": frozenset({"due", "nothing"}),
    "nothing": frozenset({"open"}),
    # Staff: no payment of ours is known, or its card is closed; somebody pays by hand and says so.
    "due": frozenset({"paid", "staff", "open"}),
    "staff": frozenset({"due", "paid", "open"}),
    # Banks may send back what they had taken: a card was closed meanwhile.
    "paid": frozenset({"staff"}),
}
TRAVELLING: Final = frozenset(
    {"requested", "approved", "booked", "collected", "handed_in", "received", "kept"}
)
"""With these what was chosen is no longer its customer's to send back once more."""

PUT_RIGHT: Final[Moves] = {
    # What staff of a shop may put right by hand, with a reason; the other axes are put right first.
    "requested": frozenset({"approved", "rejected"}),
    "rejected": frozenset({"approved"}),
    "cancelled": frozenset({"approved"}),
    "approved": frozenset({"rejected", "cancelled", "received"}),
    "booked": frozenset({"received"}),
    "collected": frozenset({"approved", "received"}),
    "handed_in": frozenset({"approved", "received"}),
    "received": frozenset({"approved", "collected", "handed_in"}),
    "kept": frozenset({"approved"}),
}
