"""Refusals of returns: each has a stable code and a sentence its customer can read."""

from collections.abc import Mapping

from django.utils.translation import gettext_lazy as _

from scheduling.errors import DomainError


class MoreThanBought(DomainError):
    """More is to come back than was bought, or than is still with its customer."""

    code = "more_than_bought"
    sentence = _("That is more than you have left to send back. Please look at the numbers again.")


class NotAllowed(DomainError):
    """The shop's rules do not let this item come back so; the sentence names the rule."""

    code = "return_not_allowed"


class ReturnChanged(DomainError):
    """Somebody else, or another tab, was quicker."""

    code = "return_changed"
    sentence = _("Your return has changed meanwhile. Please look at it again.")


class NothingChosen(DomainError):
    """A return without anything in it."""

    code = "nothing_chosen"
    sentence = _("Choose at least one thing to send back.")


class TermsChanged(DomainError):
    """The shop's rules have changed since its customer looked: what it costs is not what they saw."""

    code = "return_terms_changed"
    sentence = _("The shop’s rules have just changed. Please look at what it costs, and send it once more.")


class TooManyPhotos(DomainError):
    """More photos of one thing than anybody looks at."""

    code = "too_many_photos"
    sentence = _("That is one photo too many: four of each thing are enough.")


class BadRules(DomainError):
    """Rules that can't be read; `errors` says for each field what is wrong with it."""

    code = "bad_rules"
    sentence = _("These rules can’t be kept: look at what is marked.")

    def __init__(self, errors: Mapping[str, str]) -> None:
        super().__init__()
        self.errors = dict(errors)


class RulesChanged(DomainError):
    """Somebody published other rules since these were looked at."""

    code = "rules_changed"
    sentence = _("Somebody changed the rules meanwhile. Look at theirs first; yours are still here.")


class NotThisCode(DomainError):
    """What was scanned is no return that may be handed in here."""

    code = "not_this_code"
    sentence = _("That is no return of ours. Scan the code again, or type the number under it.")


class NotToHandIn(DomainError):
    """The return is not to be brought to a point, or is somewhere else already."""

    code = "not_to_hand_in"
    sentence = _(
        "This return is not to be handed in: it is picked up, was called off or is here already. "
        "Its customer can change how it travels at its page."
    )


class NotForPickup(DomainError):
    """The kept time is for something else: another return, or this one as it was before."""

    code = "not_for_pickup"
    sentence = _("That time was kept for something else. Please choose a time for this return.")


class NotYet(DomainError):
    """What comes back was not looked at: what is owed for it is not known."""

    code = "not_inspected"
    sentence = _("It has to be looked at first.")


class NotForStaff(DomainError):
    """A refund that is on its way, or was paid, is not to be paid once more by hand."""

    code = "refund_not_for_staff"
    sentence = _("That refund does not wait for you: it is on its way, or paid already.")


class ReasonNeeded(DomainError):
    """Whoever decides by hand says why."""

    code = "reason_needed"
    sentence = _("Say in a few words why.")


class BadStripeKey(DomainError):
    """Not what Stripe calls a restricted or secret key, or a webhook secret."""

    code = "bad_stripe_key"
    sentence = _("That is no key of Stripe’s. Restricted keys begin with rk_, webhook secrets with whsec_.")


class NotFromStripe(DomainError):
    """An event that nobody but Stripe may send was not signed as Stripe signs it for this shop."""

    code = "not_from_stripe"
    sentence = _("That was not signed by Stripe for this shop.")


class NotToCallOff(DomainError):
    """A return that has left its customer, or a withdrawal, which stands."""

    code = "return_not_cancellable"
    sentence = _("It can’t be called off any more. Please ask the shop.")


class NotExpected(DomainError):
    """What was scanned is no return of this shop's, or one that nobody is waiting for."""

    code = "return_not_expected"
    sentence = _("Nobody announced that. Look for the return’s code, or the order’s number, on the parcel.")


class BadInspection(DomainError):
    """What was noted of an item contradicts itself; the sentence says how."""

    code = "bad_inspection"
    sentence = _("That does not add up. Look at the numbers again.")


class CountedElsewhere(DomainError):
    """More of something is counted than is left for it: the rest is on its way in another return, too."""

    code = "counted_elsewhere"
    sentence = _("That is more than was bought: the rest of it is in another return.")


class MoneyMoved(DomainError):
    """Money is on its way already: what it was decided by stays as it is."""

    code = "money_moved"
    sentence = _("Its money is on its way already. That can’t be taken back here.")


class StatementAnswered(DomainError):
    """Somebody else, or another tab, answered what was stated, or found its order."""

    code = "statement_answered"
    sentence = _("Somebody has answered that meanwhile.")


class NoSuchOrder(DomainError):
    """No delivery of ours brought an order of that number for this shop."""

    code = "no_such_order"
    sentence = _("We brought no order of that number for you. Look at the number again.")


class NothingLeft(DomainError):
    """All of the order is on its way back already."""

    code = "nothing_left"
    sentence = _("All of that order is on its way back already, so there is nothing to withdraw from.")
