"""What pages say of every phase: all of it, as it stands, and plain."""

import re
from pathlib import Path

import pytest
from django.conf import settings
from django.utils import translation

from portal.customers.status import FOLLOWED, STATUSES, filled, status_of
from scheduling.phases import BEFORE_IT_LEAVES, PHASES

KEPT = Path(__file__).with_name("statuses.txt")
"""What is said, as somebody has read it: whoever changes a sentence changes it here, too."""
VOWELS = re.compile(r"[aeiouy]+")


def said(phase: str, *, follow: bool = False, day: str = "Tuesday 24 November") -> list[str]:
    status = status_of(phase, follow=follow)
    known = {"driver": "The driver" if follow else "Your driver", "stops": 2, "day": day}
    return [str(status.word), *(filled(each, **known) for each in (status.headline, status.then))]


def table() -> str:
    lines = []
    for language, _name in settings.LANGUAGES:
        with translation.override(language):
            for follow in (False, True):
                who = "follow" if follow else "manage"
                lines += [" | ".join([language, who, phase, *said(phase, follow=follow)]) for phase in PHASES]
    return "\n".join(lines) + "\n"


def test_every_phase_has_its_sentences_and_they_are_as_they_were_read():
    assert set(STATUSES) == set(PHASES)
    assert set(FOLLOWED) <= set(PHASES)
    assert table() == KEPT.read_text()


@pytest.mark.parametrize("follow", [False, True])
@pytest.mark.parametrize("phase", PHASES)
def test_no_code_is_ever_read(phase, follow):
    word, headline, then = said(phase, follow=follow)
    assert word
    assert then
    assert bool(headline) == (phase not in BEFORE_IT_LEAVES)
    for text in (word, headline, then):
        assert "_" not in text
        assert "%" not in text


def syllables(word: str) -> int:
    """How many a reader hears, near enough."""
    count = len(VOWELS.findall(word.lower()))
    silent = word.lower().endswith("e") and not word.lower().endswith("le") and count > 1
    return max(1, count - silent)


def reading_age(text: str) -> float:
    """In years: Flesch and Kincaid's grade (Kincaid et al. 1975), and five."""
    words = re.findall(r"[A-Za-z’]+", text)
    sentences = max(1, len(re.findall(r"[.!?]", text)))
    grade = 0.39 * len(words) / sentences + 11.8 * sum(map(syllables, words)) / len(words) - 15.59
    return grade + 5


@pytest.mark.parametrize("phase", PHASES)
def test_twelve_year_olds_can_read_it(phase):
    for follow in (False, True):
        _word, headline, then = said(phase, follow=follow, day="Monday")
        assert reading_age(f"{headline}. {then}" if headline else then) <= 12
