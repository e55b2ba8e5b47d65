"""Refusals: each has a stable code and a sentence its customer can read."""

from collections.abc import Callable

from django.utils.functional import Promise as LazyText
from django.utils.translation import gettext_lazy as _

_counter: Callable[[str], object] | None = None


def set_counter(counter: Callable[[str], object] | None) -> None:
    """Say what to call with the code of every refusal that is made."""
    global _counter
    _counter = counter


class DomainError(Exception):
    """A refusal. `code` never changes; `sentence` is translated when shown."""

    code = "refused"
    sentence: str | LazyText = _("That is not possible right now.")

    def __init__(self, sentence: str | LazyText | None = None) -> None:
        super().__init__(self.code)
        if sentence is not None:
            self.sentence = sentence
        if _counter is not None:
            _counter(self.code)

    def __str__(self) -> str:
        return str(self.sentence)


class IllegalMove(DomainError):
    """A state machine's table does not allow this step."""

    code = "illegal_move"

    def __init__(self, *, current: str, target: str) -> None:
        super().__init__(_("That has already changed. Please look again."))
        self.current, self.target = current, target


class OfferForged(DomainError):
    """The offer was not made by us, not for this person, or not for this visit."""

    code = "offer_forged"
    sentence = _("We do not recognise that time. Please choose one from the list.")


class AddressNeeded(DomainError):
    """The time was shown for a postcode: nobody can be visited there."""

    code = "address_needed"
    sentence = _("Write the street and the number first: those times were only about right.")


class OfferExpired(DomainError):
    """The offer was ours, and is too old to be granted unseen."""

    code = "offer_expired"
    sentence = _("Those times were a while ago. Here they are afresh.")


class SlotTaken(DomainError):
    """No route of that day can serve the window any more."""

    code = "slot_taken"
    sentence = _("That time has just gone. Here are the next best.")


class VanFull(SlotTaken):
    """The van that brings a delivery has no room, or no time, for more of it."""

    code = "van_full"
    sentence = _("The van that brings it has no room for more. Book this order a time of its own.")


class OrderComesAlready(DomainError):
    """The order is the one that the delivery was booked for."""

    code = "order_comes_already"
    sentence = _("That is the order this delivery was booked for. Write the number of the other one.")


class OrderToldAlready(DomainError):
    """The merchant told this order before; what was bought is never changed."""

    code = "order_told_already"
    sentence = _("You told us this order before. What was bought stays as it was told.")


class CutoffPassed(DomainError):
    """The window can no longer be chosen, or the booking no longer be changed."""

    code = "cutoff_passed"
    sentence = _("It is too late to choose that time. Here are the next best.")


class TooLateToChange(DomainError):
    """The van is being loaded or on its way: what was booked stays."""

    code = "too_late_to_change"
    sentence = _("It is too late to change this delivery here. Please contact the shop.")


class DayHasBegun(DomainError):
    """A van may be under way with it: whoever drives needs to know where to."""

    code = "day_has_begun"
    sentence = _(
        "The day of your delivery has begun, and the van needs to know where to come. "
        "We can erase this the morning after."
    )


class HoldEnded(DomainError):
    """The hold was given back, or belongs to somebody else."""

    code = "hold_ended"
    sentence = _("This time is no longer kept for you. Please choose again.")


class HoldLimit(DomainError):
    """The hold was extended as often as is allowed."""

    code = "hold_limit"
    sentence = _("You have had all the extra time there is. Please confirm, or choose again later.")


class OutsideArea(DomainError):
    """No depot of this merchant serves the address."""

    code = "outside_area"
    sentence = _("We do not deliver to that address yet.")


class TooLarge(DomainError):
    """No vehicle could carry this, even empty."""

    code = "too_large"
    sentence = _("That is more than any of our vans can carry. Please contact the shop.")


class NotChangeable(DomainError):
    """The delivery is cancelled, done, or never was confirmed."""

    code = "not_changeable"
    sentence = _("This delivery can no longer be changed.")


class ChangedMeanwhile(DomainError):
    """Somebody with the same link saved something else since this page was opened."""

    code = "changed_meanwhile"
    sentence = _("This was changed meanwhile, perhaps in another tab.")


class CodeRefused(DomainError):
    """A code is shown for the next stop of a route that is out today, to who drives or dispatches it."""

    code = "code_refused"
    sentence = _("Codes are shown for the next stop of a route that is on the road today, to its own people.")


class CodeGone(DomainError):
    """There is no such code: never given, taken back, or removed after the delivery."""

    code = "code_gone"
    sentence = _("No code is kept here. It was never given, was taken back, or its time is over.")


class CodeUnreadable(DomainError):
    """A code was sealed with a key we no longer have, or is not where it was sealed for."""

    code = "code_unreadable"
    sentence = _("This code can’t be opened any more. Please ask at the door, or call the customer.")


class PlanBusy(DomainError):
    """Somebody else is changing that day; the wait for the lock ran out."""

    code = "plan_busy"
    sentence = _("That day is very busy right now. Please try again in a moment.")


class NeedsSomebody(DomainError):
    """The goods are handed over to somebody: they are never left outside."""

    code = "needs_somebody"
    sentence = _("Somebody must be at home for these goods. We can’t leave them outside.")


class NeedsAnotherTime(DomainError):
    """Somebody wants to be at home, and the delivery comes when nobody needs to be, or the van can't wait."""

    code = "needs_another_time"
    sentence = _(
        "Your time is one at which nobody needs to be at home: we leave it where you said. To be at home "
        "yourself, choose another time."
    )


class NoTimeLonger(SlotTaken):
    """The van has no minutes to spare at a stop: what was booked stays."""

    code = "no_time_longer"
    sentence = _("The van that comes then has no minutes to spare.")


class BadSetUp(DomainError):
    """What staff set up contradicts itself: places kept that are not there."""

    code = "bad_set_up"
    sentence = _("That does not fit what else is set up. Please check the numbers.")


class BadFile(BadSetUp):
    """A file that staff gave us can't be read at all."""

    code = "bad_file"


class PointFull(DomainError):
    """The pickup point has not so many places left."""

    code = "point_full"
    sentence = _("That pickup point has just become full. Your delivery stays as it was.")


class PointCannot(DomainError):
    """The pickup point can't take these goods, or not that day."""

    code = "point_cannot"
    sentence = _("That pickup point can’t take your delivery on that day. It stays as it was.")


class BadFacts(DomainError):
    """What was asked for is impossible: a negative weight, a place off the map."""

    code = "bad_facts"
    sentence = _("Please check the size and the address.")


class BreaksMore(DomainError):
    """By now a change by hand would break something that whoever wants it has not seen."""

    code = "breaks_more"
    sentence = _("Meanwhile it would break something else. Look at it again before you do it.")


class NotOnTheRoad(DomainError):
    """The stop's route has not left, is back, or does not bring it (any more); or stops of it are left."""

    code = "not_on_the_road"
    sentence = _("That is not on the road right now. Please look at the list again.")


class BadAttempt(DomainError):
    """What was reported of a visit makes no sense, or something is missing. Nothing was noted."""

    code = "bad_attempt"
    sentence = _("That does not fit this stop. Look at it again.")


class StepMissing(BadAttempt):
    """A step of the stop’s check list is not done: `step` is its code."""

    code = "step_missing"

    def __init__(self, step: str, sentence: str | LazyText) -> None:
        super().__init__(sentence)
        self.step = step


class BadSignature(BadAttempt):
    """What was sent is no signature."""

    code = "bad_signature"
    sentence = _("We can’t read that signature. Clear it and sign again.")


class StopGone(DomainError):
    """The stop is not on today’s routes any more: cancelled, or moved to another day."""

    code = "stop_gone"
    sentence = _(
        "This stop was cancelled or moved to another day. Keep its parcels on board and call the depot."
    )


class StopDone(DomainError):
    """What happened at the stop was noted already, and was something else."""

    code = "stop_done"
    sentence = _("This stop is done already: what was noted first counts. Call the depot to have it undone.")
