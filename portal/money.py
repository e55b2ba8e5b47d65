"""Prices as people read them."""

from decimal import Decimal
from functools import lru_cache

from django.utils.formats import number_format
from django.utils.translation import get_language, gettext

SYMBOLS = {"EUR": "€", "GBP": "£", "USD": "$"}


def money(amount_minor: int, currency: str) -> str:
    """Return minor units as a price: 250, EUR -> €2.50."""
    return _money(amount_minor, currency, get_language())


@lru_cache(maxsize=1024)
def _money(amount_minor: int, currency: str, _language: str | None) -> str:
    amount = number_format(Decimal(abs(amount_minor)) / 100, decimal_pos=2, force_grouping=True)
    symbol = SYMBOLS.get(currency, f"{currency} ")
    sign = "−" if amount_minor < 0 else ""
    return gettext("%(sign)s%(symbol)s%(amount)s") % {"sign": sign, "symbol": symbol, "amount": amount}
