"""A language that shows which words go through gettext, and which pages have no room for longer ones.

"When shall we come?" reads "⟦Whén shäll wé çömé? ~~~~~⟧": what stands outside the brackets was never given to
a translator, and every sentence is a third longer, as German and Finnish ones are.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.utils.translation import trans_real

KEPT = re.compile(r"(%\(\w+\)[sd]|%[sd%]|\{\w*\}|<[^>]+>|&\w+;)")
BENT = str.maketrans("aceinouyACEINOUY", "äçéïñöüÿÄÇÉÏÑÖÜŸ")
BRACKETED = re.compile(r"⟦[^⟦⟧]*⟧")


def bend(sentence: str) -> str:
    """Return a sentence in the pseudo-language; placeholders and markup stay as they are."""
    parts = KEPT.split(sentence.rsplit("\x04", 1)[-1])
    bent = "".join(part if index % 2 else part.translate(BENT) for index, part in enumerate(parts))
    return f"⟦{bent} {'~' * (len(sentence) // 3)}⟧"


def unbent(text: str) -> str:
    """Return what of a page's text no translator ever saw; brackets may hold each other."""
    while BRACKETED.search(text):
        text = BRACKETED.sub(" ", text)
    return text


class Pseudo:
    """Stands in for a catalogue: everything but the words comes from the real one."""

    def __init__(self, real: Any) -> None:
        self._real = real

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)

    def gettext(self, sentence: str) -> str:
        return bend(sentence)

    def ngettext(self, one: str, many: str, count: int) -> str:
        return bend(one if count == 1 else many)


@contextmanager
def speaking(language: str = "en") -> Iterator[None]:
    """Answer in the pseudo-language wherever `language` was asked for, in every thread."""
    real = trans_real.translation(language)
    trans_real._translations[language] = Pseudo(real)
    trans_real._default = None
    try:
        yield
    finally:
        trans_real._translations[language] = real
        trans_real._default = None
