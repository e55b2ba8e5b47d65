"""How long an SMS is: in the phones' own alphabet 160 signs fit into one, in any other 70.

The alphabet is GSM 03.38's (3GPP TS 23.038, 6.2.1), its extension table counts double.
"""

from typing import Final

BASIC: Final = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§"
    "¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
EXTENDED: Final = frozenset("^{}\\[~]|€")
PLAINER: Final = str.maketrans(
    {
        "–": "-",
        "—": "-",
        "‑": "-",
        "−": "-",
        "’": "'",
        "‘": "'",
        "“": '"',
        "”": '"',
        "„": '"',
        "…": "...",
        "·": "-",
        "\N{NO-BREAK SPACE}": " ",
        "\N{NARROW NO-BREAK SPACE}": " ",
        "\N{THIN SPACE}": " ",
    }
)
"""Typographic signs that would halve what fits, and what stands for them on phones."""
ONE, ONE_OF_SEVERAL = 160, 153
ONE_WIDE, ONE_WIDE_OF_SEVERAL = 70, 67


def plain(text: str) -> str:
    """Return a text on one line, with plain signs for typographic ones."""
    return " ".join(text.translate(PLAINER).split())


def units(text: str) -> int | None:
    """Return how many of 160 a text takes; None if it has signs beyond the phones' own."""
    if not set(text) <= BASIC | EXTENDED:
        return None
    return len(text) + sum(sign in EXTENDED for sign in text)


def parts(text: str) -> int:
    """Return as how many SMS a text goes, and is paid."""
    length = units(text)
    if length is not None:
        return 1 if length <= ONE else -(-length // ONE_OF_SEVERAL)
    wide = len(text.encode("utf-16-be")) // 2
    return 1 if wide <= ONE_WIDE else -(-wide // ONE_WIDE_OF_SEVERAL)
