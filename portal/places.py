"""What pages say of an address that was typed."""

from django.utils.translation import gettext as _

from scheduling.geocoding import Candidate, GeocodeAnswer


def line_of(candidate: Candidate) -> str:
    """Return Korkeavuorenkatu 21, 00130 Helsinki."""
    town = f"{candidate.postcode} {candidate.city}".strip()
    return ", ".join(filter(None, [candidate.line, town]))


def not_found(answer: GeocodeAnswer) -> str:
    """Return why no address can be offered, or nothing."""
    if answer.status == "down":
        return _("The address finder does not answer right now. What you typed is kept: try again soon.")
    if answer.status == "unknown":
        return _("We can’t find this address. Check the street and the number, and add the town or postcode.")
    return ""
