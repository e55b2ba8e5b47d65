import numpy as np
import pytest

from scheduling.routing.choice import Candidates, cheapest
from scheduling.routing.schedule import NEVER

N_SLOTS = 6


def make_candidates(seed: int, sizes: list[int]):
    """Ranges and costs of some days, tied or without room now and then; slots of which some are absent."""
    random = np.random.default_rng(seed)
    first = np.concatenate([[0], np.cumsum(sizes)])
    lo = random.integers(0, 1_000, first[-1])
    hi = lo + random.integers(0, random.choice([5, 400]), first[-1])
    cost_s = random.integers(-50, random.choice([60, 100_000]), first[-1])
    room = random.random(first[-1]) < random.choice([0.05, 0.8, 1])
    opens_s = random.integers(0, 1_300, (len(sizes), N_SLOTS))
    last_s = opens_s + random.integers(-20, 200, opens_s.shape)
    last_s[last_s < opens_s] = NEVER
    return Candidates.of(np.arange(first[-1]), lo, hi, first), cost_s, room, opens_s, last_s


def one_by_one(found, cost_s, room, opens_s, last_s) -> list[list[tuple[int, bool]]]:
    """For each slot its pick, and whether only room lacks."""
    answers = []
    for day, cut in enumerate(found.cuts[:-1]):
        answers.append([])
        for opens, last in zip(opens_s[day], last_s[day], strict=True):
            fitting = [
                (int(cost_s[index]), index)
                for index in range(cut, found.cuts[day + 1])
                if max(found.lo[index], opens) <= min(found.hi[index], last)
            ]
            roomy = [(cost, index) for cost, index in fitting if room[index]]
            answers[-1].append((min(roomy)[1] if roomy else -1, bool(fitting and not roomy)))
    return answers


@pytest.mark.parametrize("sizes", [[0], [1, 0, 3], [600], [40, 700, 0, 513, 512], [0, 0]], ids=str)
def test_the_choice_is_that_of_looking_at_each_in_turn(sizes):
    for seed in range(8):
        world = make_candidates(seed, sizes)
        choice = cheapest(*world)
        answers = [
            list(zip(*day, strict=True))
            for day in zip(choice.pick.tolist(), choice.full.tolist(), strict=True)
        ]

        assert answers == one_by_one(*world)
