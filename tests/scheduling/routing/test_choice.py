import numpy as np
import pytest

from scheduling.routing.choice import DEAR, FAR, FULL, INDEX, Candidates, Wanted, cheapest, keys_of
from scheduling.routing.schedule import NEVER

N_SLOTS = 6


def make_candidates(seed: int, sizes: list[int]):
    """Ranges and costs of some days, tied, empty, without room or too far now and then, of classes or none.

    Slots of which some are absent, and some bar a class.
    """
    random = np.random.default_rng(seed)
    cuts = np.concatenate([[0], np.cumsum(sizes)])
    n = cuts[-1]
    lo = random.integers(0, 1_000, n)
    hi = lo + random.integers(-2, random.choice([5, 400]), n)
    cost_s = random.integers(-50, random.choice([60, 100_000]), n)
    room = random.random(n) < random.choice([0.05, 0.8, 1])
    near = random.random(n) < random.choice([0.05, 0.8, 1])
    kind, barred = random.integers(0, 3, n + 1), random.integers(0, 4, (len(sizes), N_SLOTS))
    kind[-1] = 0
    opens_s = random.integers(0, 1_300, (len(sizes), N_SLOTS))
    last_s = opens_s + random.integers(-20, 200, opens_s.shape)
    last_s[last_s < opens_s] = NEVER
    found = Candidates.of(lo, hi, cuts, kind if seed % 2 else None)
    return found, cost_s.astype(float), room, near, Wanted(opens_s, last_s, barred if seed % 2 else None)


def one_by_one(found, cost_s, room, near, wanted) -> list[list[tuple[int, bool, bool]]]:
    """For each slot its pick, whether only range lacks, and whether only room does."""
    answers = []
    lo, hi = found.ranges
    for day, cut in enumerate(found.cuts[:-1]):
        answers.append([])
        for slot, (opens, last) in enumerate(zip(wanted.opens_s[day], wanted.last_s[day], strict=True)):
            fitting = [
                index
                for index in range(cut, found.cuts[day + 1])
                if max(lo[index], opens) <= min(hi[index], last)
                and lo[index] <= hi[index]
                and not (found.kind is not None and found.kind[index] & wanted.barred[day, slot])
            ]
            roomy = [index for index in fitting if room[index]]
            best = min(((int(cost_s[index]), index) for index in roomy if near[index]), default=(0, -1))[1]
            answers[-1].append((best, bool(roomy) and best < 0, bool(fitting) and not roomy))
    return answers


def told(key: int) -> tuple[int, bool, bool]:
    return (key & INDEX if key < FAR else -1), FAR <= key < FULL, FULL <= key < DEAR


@pytest.mark.parametrize("sizes", [[0], [1, 0, 3], [600], [40, 700, 0, 513, 512], [0, 0]], ids=str)
def test_the_choice_is_that_of_looking_at_each_in_turn(sizes):
    for seed in range(8):
        found, cost_s, room, near, wanted = make_candidates(seed, sizes)
        keys = keys_of(cost_s, far=~near, full=~room, late=(found.ranges[0] > found.ranges[1])[:-1])
        best = cheapest(found, keys, wanted)

        answers = [[told(key) for key in day] for day in best.tolist()]
        assert answers == one_by_one(found, cost_s, room, near, wanted)
