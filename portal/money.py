"""Prices as people read them."""

from decimal import Decimal
from functools import lru_cache

from django.utils.formats import number_format
from django.utils.translation import get_language, gettext

from scheduling.bought import decimals_of

SYMBOLS = {"EUR": "€", "GBP": "£", "USD": "$"}


def money(amount_minor: int, currency: str) -> str:
    """Return minor units, as Stripe counts them, as a price: 250, EUR -> €2.50; 250, JPY -> JPY 250."""
    return _money(amount_minor, currency, get_language())


@lru_cache(maxsize=1024)
def _money(amount_minor: int, currency: str, _language: str | None) -> str:
    places = decimals_of(currency)
    amount = number_format(Decimal(abs(amount_minor)) / 10**places, decimal_pos=places, force_grouping=True)
    symbol = SYMBOLS.get(currency, f"{currency} ")
    sign = "−" if amount_minor < 0 else ""
    return gettext("%(sign)s%(symbol)s%(amount)s") % {"sign": sign, "symbol": symbol, "amount": amount}
