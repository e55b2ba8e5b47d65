"""Where an address is: geopy's geocoders behind one setting, and one judgement of what they answer.

    answer = find_address(query="Korkeavuorenkatu 21 B 14, 00130 Helsinki", now=now)
    check_pin(anchor=answer.candidates[0], lat=60.1645, lon=24.9471)

What was typed is never silently rewritten: whatever is not found as typed comes back as a question.
"""

from scheduling.geocoding.answers import Candidate, GeocodeAnswer, Status
from scheduling.geocoding.lookup import find_address, find_postcode, nearest_address
from scheduling.geocoding.pins import PIN_MAY_MOVE_M, PinTooFar, check_pin, metres_between

__all__ = [
    "PIN_MAY_MOVE_M",
    "Candidate",
    "GeocodeAnswer",
    "PinTooFar",
    "Status",
    "check_pin",
    "find_address",
    "find_postcode",
    "metres_between",
    "nearest_address",
]
