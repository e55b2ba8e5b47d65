import json
from dataclasses import replace
from io import StringIO
from xml.etree import ElementTree

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from portal.benchmarks import quote
from portal.benchmarks.plot import CURVES, drawn
from portal.management.commands import benchmark

SMALL = ("--days", "2", "--stops", "60", "--slots", "4")
KEYS = {
    "quote_ms", "reference_ms", "read_ms", "ratio", "answers_equal", "reads", "days", "stops", "slots",
    "rows", "build_ms", "concatenate_ms",
}  # fmt: skip


def run(*arguments: str) -> str:
    out = StringIO()
    call_command("benchmark", "quote", *SMALL, *arguments, stdout=out, stderr=StringIO())
    return out.getvalue()


def test_json_has_every_figure_by_name():
    figures = json.loads(run("--json"))

    assert set(figures) >= KEYS
    assert figures["answers_equal"] is True
    assert (figures["days"], figures["stops"], figures["slots"]) == (2, 60, 4)
    assert all(figures[key] > 0 for key in KEYS)


def test_words_say_the_same_for_people():
    told = run("--seed", "3")

    assert "2 days x 60 stops x 4 slots" in told
    assert "seed 3" in told
    assert "the same answers" in told


def test_growth_is_measured_and_drawn(tmp_path, monkeypatch):
    monkeypatch.setattr(quote, "GROWTH", (20, 50, 80))
    file = tmp_path / "growth.svg"

    figures = json.loads(run("--json", "--plot", str(file)))

    assert [each["stops"] for each in figures["growth"]] == [20, 50, 80]
    picture = ElementTree.parse(file).getroot()
    curves = picture.findall("{http://www.w3.org/2000/svg}polyline")
    assert [len(curve.attrib["points"].split()) for curve in curves] == [3] * len(CURVES)


def test_a_curve_needs_two_sizes():
    figures = quote.measure(days=1, stops=20, slots=2, seed=1, visits=1, rounds=1)

    with pytest.raises(ValueError, match="two sizes"):
        drawn([figures])


@pytest.mark.parametrize(("argument", "value"), [("--plot", "growth.png"), ("--stops", "0"), ("--days", "x")])
def test_what_makes_no_sense_is_refused(argument, value):
    with pytest.raises(CommandError):
        run(argument, value)


def test_other_answers_fail_the_command(monkeypatch):
    def differing(**asked):
        return replace(quote.measure(**asked, visits=1, rounds=1), answers_equal=False)

    monkeypatch.setattr(benchmark, "measure", differing)

    with pytest.raises(SystemExit):
        run()
