"""Which files rows name."""

from scheduling.models import Delivery, Proof


def is_named(path: str) -> bool:
    """Whether a row names a file, by its path below MEDIA_ROOT. Two queries at most."""
    shown = Delivery.objects.filter(safe_place_photo=path).exists()
    return shown or Proof.objects.filter(path=path).exists()
