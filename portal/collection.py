"""The code with which a delivery is collected at its pickup point: derived when shown, kept nowhere.

Eight characters that nobody mixes up: 40 bits of an HMAC of the stop at the point, so that no table, event or
log holds one, and sending a delivery elsewhere and back makes another. Only pages behind a manage link show
it, and only mails to the contact on file.
"""

from typing import Final

from django.conf import settings
from django.utils.crypto import salted_hmac

from scheduling.models import Stop
from scheduling.models.orders import REF_ALPHABET

SALT: Final = "portal.collection"
LENGTH: Final = 8
BITS: Final = 5


def code_of(stop: Stop) -> str:
    """Return the code of a stop at a pickup point, as it is read out: 7K3F 9QXM."""
    proof = salted_hmac(SALT, f"{stop.pk}:{stop.delivery_id}", secret=settings.SECRET_KEY, algorithm="sha256")
    number = int.from_bytes(proof.digest(), "big")
    letters = "".join(REF_ALPHABET[number >> BITS * place & 31] for place in range(LENGTH))
    return f"{letters[:4]} {letters[4:]}"
