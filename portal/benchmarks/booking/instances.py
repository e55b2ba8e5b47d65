"""Instances of a day: places, ways, demands. A file of the VRPLIB kind, its own time windows ignored."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import vrplib

from scheduling.routing.places import Floats, Ints
from scheduling.routing.travel import Matrix


class InstanceUnreadable(Exception):
    """A file that is no instance, said so that its owner can mend it."""


@dataclass(frozen=True, slots=True)
class Instance:
    """n nodes, 0 the depot; times in seconds.

    seconds: driving, shape (n, n), row = from; service_s, demand: shape (n,); where: shape (n, 2), any scale
    """

    name: str
    seconds: Ints
    service_s: Ints
    demand: Ints
    where: Floats
    capacity: int

    @property
    def nodes(self) -> int:
        return len(self.seconds)

    @property
    def travel(self) -> Matrix:
        return Matrix(self.seconds)


def read_all(folder: Path) -> list[Instance]:
    """Return the instances of a folder in the order of their names. Raises InstanceUnreadable."""
    found = list(_read_each(folder))
    if not found:
        raise InstanceUnreadable(f"{folder}: there is no instance here (*.txt, *.vrp)")
    return found


def _read_each(folder: Path) -> Iterator[Instance]:
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        if path.suffix in {".txt", ".vrp"}:
            yield read(path)


def read(path: Path) -> Instance:
    """Return one instance. Raises InstanceUnreadable."""
    try:
        data = vrplib.read_instance(path)
        instance = Instance(
            name=path.stem,
            seconds=np.asarray(data["edge_weight"], dtype=np.int64),
            service_s=np.asarray(data["service_time"], dtype=np.int64),
            demand=np.asarray(data["demand"], dtype=np.int64),
            where=np.asarray(data["node_coord"], dtype=np.float64),
            capacity=int(data["capacity"]),
        )
    except (OSError, KeyError, ValueError, TypeError, RuntimeError) as error:
        raise InstanceUnreadable(f"{path.name}: {type(error).__name__}: {error}") from error
    shapes = {len(of) for of in (instance.seconds.T, instance.service_s, instance.demand, instance.where)}
    if shapes != {instance.nodes} or instance.nodes < 3:
        raise InstanceUnreadable(f"{path.name}: matrix, service times, demands, coordinates differ in length")
    return instance
