"""What portal keeps about a merchant; the merchant itself is scheduling's."""

from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

DOORSTEP_ACCENT = "#0f5c63"
ACCENT_PATTERN = r"^#[0-9a-f]{6}$"


class Brand(models.Model):
    """How a merchant's pages and mails look: one accent and one letter; and its own pages afterwards.

    In `feedback_url` and `again_url` the sign {order} stands for an order's number.
    """

    merchant = models.OneToOneField("scheduling.Merchant", models.CASCADE, related_name="brand")
    accent = models.CharField(
        _("accent colour"),
        max_length=7,
        default=DOORSTEP_ACCENT,
        validators=[RegexValidator(ACCENT_PATTERN, _("Write six hexadecimal digits, such as #0f5c63."))],
    )
    letter = models.CharField(_("letter in the logo"), max_length=2)
    feedback_url = models.URLField(
        _("its page that asks how it was"), max_length=300, blank=True, default="", db_default=""
    )
    again_url = models.URLField(
        _("its page for ordering again"), max_length=300, blank=True, default="", db_default=""
    )

    class Meta:
        verbose_name = _("brand")
        verbose_name_plural = _("brands")
        constraints = [
            # It ends up in a stylesheet, so the database too refuses anything but a colour.
            models.CheckConstraint(
                condition=Q(accent__regex=ACCENT_PATTERN), name="brand_accent_is_a_colour"
            ),
            models.CheckConstraint(condition=~Q(letter=""), name="brand_letter_not_empty"),
        ]

    def __str__(self) -> str:
        return f"{self.letter} {self.accent}"
