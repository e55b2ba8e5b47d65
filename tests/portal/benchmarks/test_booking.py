"""`benchmark booking`: the rules of the game, a dump that a stranger can check, figures that add up."""

import json
from io import StringIO
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from portal.benchmarks.booking.day import Booking, Rules
from portal.benchmarks.booking.instances import InstanceUnreadable, read, read_all
from portal.benchmarks.booking.policies import POLICIES, Asked, cells_of
from portal.benchmarks.booking.report import Run, comparisons
from portal.benchmarks.booking.scenarios import WINDOWS, Day
from scheduling.routing.insertion import Scores
from tests.portal.benchmarks.day_judge import faults, read_instance
from tests.portal.benchmarks.made_up import write_instance

QUICK = ("--reoptimise-seconds", "0.02", "--final-seconds", "0.02", "--resolve-seconds", "0.02")


@pytest.fixture
def town(tmp_path) -> Path:
    folder = tmp_path / "instances"
    folder.mkdir()
    write_instance(folder / "made-up-1.txt", seed=1)
    write_instance(folder / "made-up-2.txt", seed=2, nodes=36)
    return folder


def run(*arguments: str) -> str:
    out = StringIO()
    call_command("benchmark", "booking", *arguments, *QUICK, stdout=out, stderr=StringIO())
    return out.getvalue()


def test_every_day_passes_a_judge_who_shares_no_code_with_us(town, tmp_path):
    dump = tmp_path / "days.jsonl"

    found = json.loads(
        run("--instances", str(town), "--seed", "1", "--scenario", "hours,load", "--reoptimise", "5,0",
            "--outside=-1", "--pickups", "0.2", "--dump", str(dump), "--json")
    )  # fmt: skip

    lines = [json.loads(line) for line in dump.read_text().splitlines()]
    assert len(lines) == len(found["runs"]) == 2 * 2 * 2 * len(POLICIES)
    for line, told in zip(lines, found["runs"], strict=True):
        assert faults(read_instance(town / f"{line['instance']}.txt"), line) == []
        assert len(line["promises"]) == told["accepted"]
        assert len(line["promises"]) + len(line["rejected"]) == told["arrivals"]
        assert (line["capacity"] is None) == (line["scenario"] == "hours")
        assert sum(each["direction"] == "in" for each in line["promises"]) == told["pickups"] > 0
    assert found["broken"] == 0


def test_the_judge_sees_every_fault(town, tmp_path):
    dump = tmp_path / "days.jsonl"
    run("--instances", str(town), "--scenario", "load", "--policies", "first", "--dump", str(dump), "--json")
    line = json.loads(dump.read_text().splitlines()[0])
    instance = read_instance(town / f"{line['instance']}.txt")
    long_route = max(line["routes"], key=len)
    promise = line["promises"][0]

    def with_fault(**changed) -> list[str]:
        return faults(instance, line | changed)

    assert with_fault() == []
    assert any("another load" in fault for fault in with_fault(loads=line["loads"][::-1]))
    turned = [each | {"direction": "in"} for each in line["promises"]]
    assert any("another load" in fault for fault in with_fault(promises=turned))
    assert any("vans" in fault for fault in with_fault(fleet=1))
    assert any("load" in fault for fault in with_fault(capacity=10))
    assert any("back at" in fault for fault in with_fault(horizon=1_000))
    assert any("are driven" in fault for fault in with_fault(drive_s=1))
    assert any("rejected" in fault for fault in with_fault(rejected=[promise["node"]]))
    assert any("once each" in fault for fault in with_fault(routes=[*line["routes"], long_route[:1]]))
    assert any("promised until" in fault for fault in with_fault(promises=[
        {**each, "closes": 0} if each["node"] == long_route[-1] else each for each in line["promises"]
    ]))  # fmt: skip
    assert any("nothing" in fault for fault in with_fault(promises=line["promises"][1:]))


def test_who_comes_is_as_the_rules_say(town):
    day = Day.of(read(town / "made-up-1.txt"), seed=3, scenario="hours")

    expected = np.random.default_rng(3).permutation(np.arange(1, 41))[:24]
    assert day.arrivals == tuple(expected)
    noise = np.random.default_rng(103).gumbel(size=(24, 6))
    assert np.array_equal(day.taste, noise + np.array([0.3, 0, -0.3, 0, 0.5, 0.8]))
    assert WINDOWS[0] == (0, 7_200)
    assert WINDOWS[-1] == (36_000, 43_200)


def test_every_fifth_who_comes_has_something_to_be_fetched(town):
    instance = read(town / "made-up-1.txt")
    day = Day.of(instance, seed=0, scenario="load", pickups=0.2)
    fetched, brought = day.arrivals[4], day.arrivals[3]

    assert day.pickups == {node for index, node in enumerate(day.arrivals) if index % 5 == 4}
    assert sum(day.visit(fetched).collected) == instance.demand[fetched]
    assert (sum(day.visit(fetched).delivered), sum(day.visit(brought).collected)) == (0, 0)
    assert not Day.of(instance, seed=0, scenario="load").pickups


def test_the_fleet_is_made_for_less_than_is_wanted(town):
    instance = read(town / "made-up-1.txt")
    load = Day.of(instance, seed=0, scenario="load")
    chosen = list(load.arrivals)

    assert load.fleet == max(2, round(instance.demand[chosen].sum() / 120))
    assert load.capacity == 100
    assert Day.of(instance, seed=0, scenario="hours").capacity is None


def asked(costs: list[int | None], booked: dict[int, int], cells=(0, 0, 0, 1)) -> Asked:
    """A question whose windows add so many seconds; None: not feasible."""
    values = np.array([[cost or 0 for cost in costs]])
    row = np.array([[-1 if cost is None else 0 for cost in costs]])
    scores = Scores(row, values, values, values * 25_000 // 3600, values)
    feasible = [window for window, cost in enumerate(costs) if cost is not None]
    return Asked(1, feasible, scores, booked, cells)


def test_policies_nudge_as_they_are_described():
    question = asked([100, 300, None, 200], {2: 1, 3: 3})

    assert POLICIES["first"](question) == [0, 0, 0]
    assert POLICIES["insertion"](question) == [1.0, 0.0, 0.5]
    assert POLICIES["grid"](question) == [0.0, 1.0, 0.0]  # node 2 shares the cell, node 3 does not
    assert POLICIES["label"](question) == [1.0, 0.0, 0.0]
    assert POLICIES["label"](asked([100, 300], {})) == [0.0, 0.0]  # nobody is near: nothing is claimed
    assert POLICIES["insertion"](asked([5, 5], {})) == [0.0, 0.0]


def expected(costs: list[int], nudges) -> float:
    shares = np.exp(2 * np.array(nudges))
    return float(shares @ np.array(costs) / shares.sum())


@pytest.mark.parametrize("seed", range(40))
def test_no_other_nudges_make_less_driving_expected(seed):
    random = np.random.default_rng(seed)
    costs = random.integers(-50, 900, size=random.integers(1, 6)).tolist()

    ours = expected(costs, POLICIES["below"](asked(costs, {})))

    others = [*product((0, 1), repeat=len(costs)), *random.uniform(0, 1, size=(200, len(costs)))]
    assert ours == pytest.approx(min(expected(costs, nudges) for nudges in others))


def test_nothing_is_below_where_all_add_the_same():
    assert POLICIES["below"](asked([5, 5, 5], {})) == [0.0, 0.0, 0.0]


def test_cells_part_the_box_of_all_nodes(town):
    instance = read(town / "made-up-1.txt")

    cells = cells_of(instance)

    assert 0 <= min(cells) <= max(cells) < 36
    far = int(instance.where.sum(axis=1).argmax())
    assert cells[far] > 20


def test_who_may_walk_away_does_when_nothing_is_liked(town):
    day = Day.of(read(town / "made-up-1.txt"), seed=0, scenario="hours")
    never = Rules(0, 0.0, nudge=0.0, final_s=0.0, outside=100.0)

    outcome = Booking(day, "first", never).run()

    assert not outcome.promises
    assert outcome.rejected == day.arrivals


def test_every_policy_meets_the_same_shoppers_and_the_same_days(town):
    arguments = ("--instances", str(town), "--reoptimise", "0", "--nudge", "0", "--json")

    runs = json.loads(run(*arguments))["runs"]

    by_policy = {r["policy"]: r["accepted"] for r in runs if r["instance"] == "made-up-1"}
    assert set(by_policy) == set(POLICIES)
    assert len(set(by_policy.values())) == 1  # without a nudge they choose alike


def of(policy: str, instance: str, accepted: int, per_stop: float, reoptimise: int = 20) -> Run:
    return Run(
        instance, "hours", 0, policy, reoptimise, 2.0, None, 100, 5, accepted, accepted / 100,
        round(accepted * per_stop), per_stop, 0,
    )  # fmt: skip


def test_policies_are_compared_on_the_same_instance():
    runs = [of("first", "a", 80, 100), of("first", "b", 90, 200), of("first", "c", 70, 50)]
    runs += [of("insertion", "a", 85, 90), of("insertion", "b", 91, 210), of("insertion", "c", 72, 40)]

    (found,) = comparisons(runs)

    assert (found.way, found.against, found.instances, found.better_on) == ("insertion", "first", 3, 2)
    assert found.drive_percent == -10.0
    assert found.acceptance_points == 2.0


def test_reoptimisation_is_compared_with_none():
    runs = [of("label", "a", 80, 100), of("label", "a", 60, 125, reoptimise=0)]

    (found,) = comparisons(runs)

    assert (found.way, found.against) == ("label, re-optimised every 20", "never")
    assert (found.acceptance_points, found.drive_percent) == (20.0, -20.0)


def test_people_read_tables(town):
    told = run(
        "--instances", str(town), "--resolve", "1", "--bound-seconds", "0.02", "--policies", "first,insertion"
    )

    assert "| hours | 2 | no | 20 | insertion |" in told
    assert "| insertion | first |" in told
    assert "promises broken, routes infeasible: 0 in 4 days" in told
    assert "beside solving the day anew" in told


def test_days_side_by_side_come_to_the_same_figures_in_the_same_order(town):
    arguments = ("--instances", str(town), "--reoptimise", "0", "--policies", "grid,label", "--json")

    alone, beside = (json.loads(run(*arguments, "--processes", n))["runs"] for n in ("1", "2"))

    names = ("instance", "policy", "accepted")
    assert [[r[name] for name in names] for r in alone] == [[r[name] for name in names] for r in beside]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--instances", "/nowhere"), "there is no instance here"),
        (("--instances", ".", "--policies", "best"), "give some of"),
        (("--instances", ".", "--nudge", "-1"), "invalid"),
        (("--instances", ".", "--seed", ","), "at least one"),
        (("--instances", ".", "--pickups", "0.3"), "invalid"),
    ],
)
def test_what_is_not_understood_is_said(arguments, said):
    with pytest.raises(CommandError, match=said):
        run(*arguments)


def test_a_file_that_is_no_instance_is_named(tmp_path):
    (tmp_path / "notes.txt").write_text("hello\n")

    with pytest.raises(InstanceUnreadable, match=r"notes\.txt"):
        read_all(tmp_path)
