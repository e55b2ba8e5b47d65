"""What was sent to whom about which event: one row per event, channel and person."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class Channel(models.TextChoices):
    EMAIL = "email", _("e-mail")
    SMS = "sms", _("SMS")


class MessageState(models.TextChoices):
    QUEUED = "queued", _("waiting")
    SENT = "sent", _("sent")
    FAILED = "failed", _("given up")


class FormerContact(models.Model):
    """Where a delivery's mails went until its contact changed, until that address has been told so."""

    event = models.OneToOneField("scheduling.Event", models.CASCADE, related_name="+")
    email = models.EmailField()

    def __str__(self) -> str:
        return f"before event {self.event_id}"


class Message(models.Model):
    """A message to be sent, or sent. Holds neither its text nor an address nor a link: those are derived
    when it is sent.

    `person` says whom we mean (`customer:<delivery ref>`, `merchant:<slug>`, `former:<delivery ref>`
    for the contact that it had before). While queued,
    `next_attempt_at` is when to try (again); whoever sends moves it ahead first, so that a killed
    worker's message is tried again later.
    """

    event = models.ForeignKey("scheduling.Event", models.CASCADE, related_name="+")
    channel = models.CharField(max_length=8, choices=Channel.choices, default=Channel.EMAIL)
    person = models.CharField(max_length=64)
    message_id = models.CharField(max_length=200, unique=True)
    state = models.CharField(max_length=8, choices=MessageState.choices, default=MessageState.QUEUED)
    attempts = models.PositiveSmallIntegerField(default=0)
    created_at = models.DateTimeField()
    next_attempt_at = models.DateTimeField(null=True)
    sent_at = models.DateTimeField(null=True, blank=True)
    error = models.CharField(max_length=200, blank=True)

    class Meta:
        verbose_name = _("message")
        verbose_name_plural = _("messages")
        constraints = [
            models.UniqueConstraint(
                fields=["event", "channel", "person"], name="message_once_per_event_channel_person"
            ),
            models.CheckConstraint(
                condition=Q(state="queued", sent_at__isnull=True, next_attempt_at__isnull=False)
                | Q(state="sent", sent_at__isnull=False, next_attempt_at__isnull=True)
                | Q(state="failed", sent_at__isnull=True, next_attempt_at__isnull=True),
                name="message_state_and_times_agree",
            ),
        ]
        indexes = [
            models.Index(fields=["next_attempt_at"], condition=Q(state="queued"), name="message_due"),
        ]

    def __str__(self) -> str:
        return f"{self.channel} {self.state} {self.message_id}"
