"""What was bought, as a merchant tells it, before it has rows. Money in minor units."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

MOST_ITEMS: Final = 200
MOST_PAYMENTS: Final = 10
MOST_MINOR: Final = 1_000_000_000
MOST_QUANTITY: Final = 10_000


@dataclass(frozen=True, slots=True)
class ItemBought:
    """One line of an order: `price_minor` for one, tax included; `tax_minor` is the part that is tax.

    `discount_minor` is how much less than usual one cost.
    """

    sku: str
    name: str
    price_minor: int
    quantity: int = 1
    tax_minor: int = 0
    category: str = ""
    tags: tuple[str, ...] = ()
    weight_g: int | None = None
    size: str = ""
    final_sale: bool = False
    serial_number: str = ""
    image_url: str = ""
    discount_minor: int = 0


@dataclass(frozen=True, slots=True)
class Paid:
    """What was captured by one payment."""

    payment_intent: str
    captured_minor: int
    currency: str


@dataclass(frozen=True, slots=True)
class OrderBought:
    """A whole order. `placed_at` is when its customer ordered, None where the merchant doesn't say."""

    number: str
    currency: str
    items: tuple[ItemBought, ...]
    payments: tuple[Paid, ...] = ()
    placed_at: datetime | None = None


WHOLE_UNITS: Final = ("BIF", "CLP", "DJF", "GNF", "JPY", "KMF", "KRW", "MGA", "PYG", "RWF")
WHOLE_TOO: Final = ("VND", "VUV", "XAF", "XOF", "XPF")
THOUSANDTHS: Final = ("BHD", "JOD", "KWD", "OMR", "TND")
DECIMALS: Final = dict.fromkeys(WHOLE_UNITS + WHOLE_TOO, 0) | dict.fromkeys(THOUSANDTHS, 3)
"""Currencies that payments don't count in hundredths, as Stripe counts them (ISK and UGX are).

https://docs.stripe.com/currencies#zero-decimal and #three-decimal, as read in 2026.
"""


def decimals_of(currency: str) -> int:
    """Return how many decimals a currency's amounts have."""
    return DECIMALS.get(currency.upper(), 2)
