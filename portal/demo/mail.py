"""Mail and SMS as files, and only what a visitor of the demo could have got."""

from collections.abc import Sequence

from django.core.mail import EmailMessage
from django.core.mail.backends.filebased import EmailBackend

from portal.demo.week import SEEDED_CONTACTS


class ToVisitors(EmailBackend):
    """Django's own backend of files; what made-up customers are sent is gone at once."""

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        """Write what goes to somebody else; return how many mails left."""
        real = [mail for mail in email_messages if not all(to.endswith(SEEDED_CONTACTS) for to in mail.to)]
        super().send_messages(real)
        return len(email_messages)
