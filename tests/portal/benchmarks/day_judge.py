"""Judges one line of `benchmark booking --dump`, from the instance file alone. Shares no code with us."""

from pathlib import Path


def read_instance(path: Path) -> dict:
    """The matrix, service times and demands of a VRPLIB file, by hand."""
    words = path.read_text().split()
    number = {key: int(words[words.index(key) + 2]) for key in ("DIMENSION", "CAPACITY")}
    size = number["DIMENSION"]

    def section(name: str, width: int) -> list[list[int]]:
        start = words.index(name) + 1
        values = list(map(int, words[start : start + size * width]))
        return [values[row * width : (row + 1) * width] for row in range(size)]

    return {
        "size": size,
        "capacity": number["CAPACITY"],
        "seconds": section("EDGE_WEIGHT_SECTION", size),
        "demand": [row[1] for row in section("DEMAND_SECTION", 2)],
        "service": [row[1] for row in section("SERVICE_TIME_SECTION", 2)],
    }


def legs_of(instance: dict, route: list[int], fetched: set[int]) -> list[int]:
    """What is on board on each leg: all that is still to be brought, and all that was fetched."""
    legs = []
    for behind in range(len(route) + 1):
        brought = [instance["demand"][node] for node in route[behind:] if node not in fetched]
        taken = [instance["demand"][node] for node in route[:behind] if node in fetched]
        legs.append(sum(brought) + sum(taken))
    return legs


def faults(instance: dict, line: dict) -> list[str]:
    """Everything that is wrong with a day: promises, loads, the horizon, the fleet, what is counted."""
    found, driven, seen, on_board = [], 0, [], []
    window = {promise["node"]: (promise["opens"], promise["closes"]) for promise in line["promises"]}
    fetched = {promise["node"] for promise in line["promises"] if promise["direction"] == "in"}
    if len(line["routes"]) > line["fleet"]:
        found.append(f"{len(line['routes'])} routes for {line['fleet']} vans")
    for route in line["routes"]:
        clock, here = 0, 0
        for node in route:
            driven += instance["seconds"][here][node]
            clock = max(clock + instance["seconds"][here][node], window.get(node, (0, 0))[0])
            if node not in window:
                found.append(f"{node} was promised nothing")
            elif clock > window[node][1]:
                found.append(f"{node} is served at {clock}, promised until {window[node][1]}")
            clock, here = clock + instance["service"][node], node
        driven += instance["seconds"][here][0]
        if clock + instance["seconds"][here][0] > line["horizon"]:
            found.append(f"a route is back at {clock + instance['seconds'][here][0]}")
        on_board += [legs_of(instance, route, fetched)]
        most = max(on_board[-1])
        if line["capacity"] is not None and most > line["capacity"]:
            found.append(f"a load of {most} where {line['capacity']} fit")
        seen += route
    if on_board != line["loads"]:
        found.append("on some leg another load is said than is on board")
    if sorted(seen) != sorted(window):
        found.append("the routes do not serve those who have a promise, once each")
    if set(window) & set(line["rejected"]):
        found.append("somebody was rejected and has a promise")
    if driven != line["drive_s"]:
        found.append(f"{line['drive_s']} s are said, {driven} s are driven")
    return found
