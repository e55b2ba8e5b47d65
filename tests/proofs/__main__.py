"""`python -m tests.proofs [NAME,NAME] [--seed N] [--short]`: run proofs; exit 1 if one falls short."""

import argparse
import sys
import tempfile
from pathlib import Path
from time import monotonic

from tests.proofs.catalogue import PROOFS
from tests.proofs.run import Outcome, Proof, Run


def main() -> int:
    """Run what was asked for, one after the other, and print the figures last."""
    options = parse()
    wanted = [PROOFS[name] for name in options.only]
    outcomes = {proof.name: tried(proof, seed=options.seed, short=options.short) for proof in wanted}
    print()
    for proof in wanted:
        print(line_of(proof, outcomes[proof.name]))
    return 0 if all(outcome.holds for outcome in outcomes.values()) else 1


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="make prove", description="Prove what must never happen, at full size."
    )
    parser.add_argument(
        "only", nargs="?", type=names, default=list(PROOFS), help="some of: " + ", ".join(PROOFS)
    )
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--short", action="store_true", help="the short form, as in `make test`")
    return parser.parse_args()


def names(text: str) -> list[str]:
    """The proofs that were named. argparse turns ValueError into a sentence."""
    found = [name for name in text.split(",") if name]
    if unknown := set(found) - set(PROOFS):
        raise argparse.ArgumentTypeError(f"no such proof: {', '.join(sorted(unknown))}")
    return found or list(PROOFS)


def tried(proof: Proof, *, seed: int, short: bool) -> Outcome:
    """Run one proof in a folder of its own; a proof that breaks has fallen short, and the others go on."""
    print(f"{proof.name}: {proof.sentence} (seed {seed}{', short form' if short else ''})", file=sys.stderr)
    started = monotonic()
    with tempfile.TemporaryDirectory(prefix=f"doorstep-{proof.name}-", ignore_cleanup_errors=True) as folder:
        try:
            outcome = proof.prove(Run(seed=seed, short=short, folder=Path(folder)))
        except Exception as error:  # noqa: BLE001 - said in its line, with its reason
            outcome = Outcome("broke off", (f"{type(error).__name__}: {error}"[:600],))
    print(f"  {line_of(proof, outcome)}  [{monotonic() - started:.0f} s]", file=sys.stderr, flush=True)
    return outcome


def line_of(proof: Proof, outcome: Outcome) -> str:
    """One line: the figures, what was asked, and what falls short."""
    verdict = "holds" if outcome.holds else f"FALLS SHORT ({'; '.join(outcome.misses)})"
    return f"{proof.name}: {outcome.figures} (asked: {proof.asked}): {verdict}"


if __name__ == "__main__":
    sys.exit(main())
