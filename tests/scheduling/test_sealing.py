"""Sealed codes open in their own row and column, with a key we have, and nowhere else."""

import logging

import pytest

from scheduling.errors import CodeUnreadable
from scheduling.sealing import key_of, place_of, seal, unseal

OLD, NEW = ("2026a", b"a" * 32), ("2026b", b"b" * 32)
HERE = place_of("notes", "1f", "gate_code")


def test_a_sealed_code_opens_where_it_was_sealed_for():
    sealed = seal("4711#", place=HERE)

    assert "4711" not in sealed
    assert unseal(sealed, place=HERE) == "4711#"


def test_the_same_code_never_looks_the_same():
    assert len({seal("4711#", place=HERE) for _i in range(50)}) == 50


@pytest.mark.parametrize(
    "elsewhere",
    [
        place_of("notes", "2f", "gate_code"),
        place_of("notes", "1f", "door_code"),
        place_of("x", "1f", "gate_code"),
    ],
)
def test_a_code_moved_to_another_row_column_or_table_does_not_open(elsewhere):
    with pytest.raises(CodeUnreadable):
        unseal(seal("4711#", place=HERE), place=elsewhere)


@pytest.mark.parametrize("at", range(0, 40, 3))
def test_a_code_that_was_changed_anywhere_does_not_open(at):
    sealed = seal("4711#", place=HERE)
    changed = sealed[:at] + ("A" if sealed[at : at + 1] != "A" else "B") + sealed[at + 1 :]

    with pytest.raises(CodeUnreadable):
        unseal(changed, place=HERE)


@pytest.mark.parametrize("nonsense", ["", "1", "1.made-up", "1.made-up.", "1.made-up.!!", "2.made-up.AAAA"])
def test_what_was_never_sealed_does_not_open(nonsense):
    with pytest.raises(CodeUnreadable):
        unseal(nonsense, place=HERE)


def test_older_keys_of_the_ring_open_and_the_newest_seals(settings):
    settings.ACCESS_KEYS = [OLD]
    before = seal("4711#", place=HERE)
    settings.ACCESS_KEYS = [NEW, OLD]
    after = seal("4711#", place=HERE)

    assert (key_of(before), key_of(after)) == ("2026a", "2026b")
    assert unseal(before, place=HERE) == unseal(after, place=HERE) == "4711#"


def test_without_its_key_a_code_stays_shut_and_the_log_names_the_key_alone(settings, caplog):
    settings.ACCESS_KEYS = [OLD]
    sealed = seal("4711#", place=HERE)
    settings.ACCESS_KEYS = [NEW]

    with caplog.at_level(logging.DEBUG), pytest.raises(CodeUnreadable):
        unseal(sealed, place=HERE)

    assert "2026a" in caplog.text
    assert "4711" not in caplog.text
    assert sealed not in caplog.text
