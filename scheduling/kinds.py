"""Kinds of slots, as they are counted: each slot is of exactly one, and many together are one number."""

from collections.abc import Iterable
from enum import IntFlag

from scheduling.answers import SlotAnswer


class SlotKind(IntFlag):
    """What a time is sold as comes before how it is presented: a flexible time stays one when pointed out."""

    POINTED_OUT = 1
    USUAL = 2
    FLEXIBLE = 4
    UNATTENDED = 8


NONE = SlotKind(0)
"""Of rows that were kept before kinds were."""


def kind_of(answer: SlotAnswer) -> SlotKind:
    """Return the kind of one slot."""
    if answer.unattended:
        return SlotKind.UNATTENDED
    if answer.narrows_to_s:
        return SlotKind.FLEXIBLE
    return SlotKind.POINTED_OUT if answer.pointed_out else SlotKind.USUAL


def kinds_of(answers: Iterable[SlotAnswer]) -> SlotKind:
    """Return the kinds of all slots that could be chosen."""
    # Plain numbers: every question asks this twice of a hundred answers, and flags add up slowly.
    return SlotKind(sum({kind_of(answer).value for answer in answers if answer.open}))
