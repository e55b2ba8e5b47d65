"""`manage.py erase_person --ref REF`: erase the person behind a delivery, who asked for it."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from portal.services.erasure import erase_person
from scheduling import clock
from scheduling.errors import DomainError
from scheduling.models import Delivery

ACTOR = "command:erase_person"


class Command(BaseCommand):
    """Erase a person, as their own page does; the event says that it was asked for here."""

    help = "Erase the person behind a delivery at its merchant: rows, answers, sessions and files."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Ask for the reference."""
        parser.add_argument("--ref", required=True, help="the delivery's reference, as in its mails")

    def handle(self, *args: Any, ref: str, **options: Any) -> None:
        """Erase; say how many deliveries were theirs, without a name."""
        delivery = Delivery.objects.filter(ref=ref.strip().upper(), booking__isnull=False).first()
        if delivery is None:
            raise CommandError(f"There is no booked delivery {ref}.")
        try:
            person = erase_person(delivery=delivery, actor=ACTOR, now=clock.now())
        except DomainError as error:
            raise CommandError(f"{error} ({error.code})") from error
        refs = ", ".join(each.ref for each in person.deliveries)
        self.stdout.write(f"Erased: {refs}; {len(person.drafts)} times that were not chosen.")
