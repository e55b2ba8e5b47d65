"""Seal customers' gate and door codes, and shops' keys at Stripe, with the newest key."""

import sys
from typing import Any

from django.core.management.base import BaseCommand

from returns.services.stripe_accounts import reseal_keys
from scheduling.sealing import newest_key
from scheduling.services.codes import rotate_codes


class Command(BaseCommand):
    """Exits 1 if some codes can't be opened with any of the keys."""

    help = "Seals every access code with the first of ACCESS_KEYS; the others can be dropped afterwards."

    def handle(self, *args: Any, **options: Any) -> None:
        """Do it, and say how many."""
        rotated = rotate_codes()
        self.stdout.write(f"{rotated.sealed} codes sealed anew with the key {newest_key()}.")
        sealed, lost = reseal_keys()
        self.stdout.write(f"{sealed} keys and secrets of shops at Stripe sealed anew.")
        if lost:
            self.stderr.write(
                f"{lost} keys of shops at Stripe can't be opened: give our old key, or theirs again."
            )
        if rotated.lost:
            self.stderr.write(
                f"{rotated.lost} codes can't be opened: their key is not among ACCESS_KEYS. Give it "
                "again, or leave them: they are removed after their delivery."
            )
        if rotated.lost or lost:
            sys.exit(1)
