"""Made-up towns in the format that real instances come in."""

from pathlib import Path

import numpy as np


def write_instance(path: Path, *, nodes: int = 41, seed: int = 0) -> Path:
    """A made-up town in the format that real instances come in, its ways neither straight nor even."""
    random = np.random.default_rng(seed)
    where = random.integers(0, 1_000, size=(nodes, 2))
    gaps = np.linalg.norm(where[:, None] - where[None, :], axis=2)
    ways = (gaps * 3 * random.uniform(0.8, 1.4, size=gaps.shape)).astype(int)
    np.fill_diagonal(ways, 0)
    demand = np.r_[0, random.integers(1, 20, nodes - 1)]
    service = np.r_[0, random.integers(120, 900, nodes - 1)]

    def lines(*columns) -> list[str]:
        return [" ".join(map(str, (row, *values))) for row, *values in zip(*columns, strict=True)]

    number = range(1, nodes + 1)
    path.write_text(
        "\n".join(
            [
                f"NAME : {path.stem}", "COMMENT : made up", "TYPE : VRPTW", f"DIMENSION : {nodes}",
                "EDGE_WEIGHT_TYPE : EXPLICIT", "EDGE_WEIGHT_FORMAT : FULL_MATRIX", "CAPACITY : 100",
                "VEHICLES : 9", "EDGE_WEIGHT_SECTION", *(" ".join(map(str, row)) for row in ways),
                "NODE_COORD_SECTION", *lines(number, where[:, 0], where[:, 1]),
                "DEMAND_SECTION", *lines(number, demand),
                "DEPOT_SECTION", "1", "-1",
                "SERVICE_TIME_SECTION", *lines(number, service),
                "TIME_WINDOW_SECTION", *(f"{row} 0 43200" for row in number), "EOF", "",
            ]
        )
    )  # fmt: skip
    return path
