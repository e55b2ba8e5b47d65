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


class NotForPickup(DomainError):
    """The kept time is for something else: another return, or this one as it was before."""

    code = "not_for_pickup"
    sentence = _("That time was kept for something else. Please choose a time for this return.")
