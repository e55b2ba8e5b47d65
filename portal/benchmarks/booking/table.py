"""The figures of `manage.py benchmark booking` as tables that people read."""

from collections.abc import Iterator, Mapping, Sequence
from statistics import median
from typing import Any


def as_text(found: Mapping[str, Any]) -> str:
    """Return all tables: what each policy came to, then each beside another."""
    lines = [*_policies(found["runs"]), "", *_comparisons(found["comparisons"]), ""]
    lines.append(f"promises broken, routes infeasible: {found['broken']} in {len(found['runs'])} days")
    if fetched := sum(run["pickups"] for run in found["runs"]):
        lines.append(
            f"pickups among those served: {fetched} of {sum(run['accepted'] for run in found['runs'])}"
        )
    if found["pointed_out_true"] is not None:
        lines.append(
            f"pointed out truly (among the two cheapest windows against the final routes): "
            f"{100 * found['pointed_out_true']:.0f} % of quotes"
        )
    if of := found["solved_anew"]:
        lines.append(
            f"{of['quotes']} quotes beside solving the day anew for each window: {of['times_faster']:,} "
            f"times faster, the same cheapest window for {100 * of['same_cheapest']:.0f} %"
        )
    return "\n".join(lines)


def _policies(runs: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    yield "| scenario | nudge | may leave | re-optimised | policy | accepted | a stop | beside windowless |"
    yield "|---|---|---|---|---|---|---|---|"
    keys = ("scenario", "nudge", "outside", "reoptimise", "policy")
    for key in dict.fromkeys(tuple(run[name] for name in keys) for run in runs):
        of = [run for run in runs if tuple(run[name] for name in keys) == key]
        bounds = [run["to_bound"] for run in of if run["to_bound"] is not None]
        yield (
            f"| {key[0]} | {key[1]:g} | {_outside(key[2])} | {key[3] or 'never'} | {key[4]} "
            f"| {100 * median(run['acceptance'] for run in of):.1f} % "
            f"| {median(run['drive_per_stop_s'] for run in of):.0f} s "
            f"| {f'{median(bounds):.2f} x' if bounds else '-'} |"
        )


def _comparisons(comparisons: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    yield "| scenario | nudge | may leave | | against | accepted | driving a stop | less on |"
    yield "|---|---|---|---|---|---|---|---|"
    for each in comparisons:
        yield (
            f"| {each['scenario']} | {each['nudge']:g} | {_outside(each['outside'])} | {each['way']} "
            f"| {each['against']} | {each['acceptance_points']:+.1f} points | {each['drive_percent']:+.1f} % "
            f"| {each['better_on']} of {each['instances']} |"
        )


def _outside(utility: float | None) -> str:
    return "no" if utility is None else f"{utility:g}"
