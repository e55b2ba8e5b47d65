"""What is bought in the demo's shops, and by which rules it comes back: all of it made up."""

from typing import Any, Final

from scheduling.bought import ItemBought

GOODS: Final[dict[str, tuple[ItemBought, ...]]] = {
    "nordkaupa": (
        ItemBought(
            "RAIN-M", "Rain jacket, M", 8900, tax_minor=1806, category="clothes", weight_g=900, size="M"
        ),
        ItemBought("CUP-2", "Enamel cup", 1290, 2, tax_minor=262, category="kitchen", weight_g=250),
        ItemBought(
            "SOCK-38",
            "Wool socks, 38–40",
            990,
            tax_minor=201,
            category="clothes",
            tags=("sale",),
            weight_g=90,
            size="38–40",
            discount_minor=600,
        ),
    ),
    "aamupuoti": (
        ItemBought("OATS-1", "Rolled oats, 1 kg", 249, 2, tax_minor=31, category="food", weight_g=1000),
        ItemBought("POT-1", "Porridge pot", 3490, tax_minor=708, category="kitchen", weight_g=1400),
    ),
    "kotikolo": (
        ItemBought(
            "SHELF-B", "Bookshelf, birch", 24_900, tax_minor=5052, category="furniture", weight_g=31_000
        ),
        ItemBought("LAMP-3", "Reading lamp", 5900, tax_minor=1197, category="lamps", weight_g=1800),
    ),
}
"""What each order holds; prices in cents, tax included."""

RULES: Final[dict[str, list[dict[str, Any]]]] = {
    "nordkaupa": [
        {
            "name": "Much reduced: exchange or credit",
            "discount_from_percent": 30,
            "resolutions": ["exchange", "credit"],
        },
        {
            "name": "Clothes: 60 days to try on",
            "categories": ["clothes"],
            "days": 60,
            "methods": ["pickup", "swap", "dropoff"],
        },
        {"name": "Everything else: 30 days", "days": 30, "fees_minor": {"pickup": 290}},
    ],
    "aamupuoti": [
        {
            "name": "Food: only if something is wrong with it",
            "categories": ["food"],
            "accepts": False,
            "fault_days": 2,
        },
        {"name": "Everything else: 30 days", "days": 30, "fees_minor": {"pickup": 290}},
    ],
    "kotikolo": [
        {
            "name": "Furniture: fetched by two people",
            "categories": ["furniture"],
            "methods": ["pickup"],
            "fees_minor": {"pickup": 1990},
        },
        {"name": "Everything else: 30 days", "days": 30, "methods": ["pickup", "swap", "dropoff"]},
    ],
}
"""What each shop lets come back, as `returns.rules` reads it: the first rule that fits decides."""
