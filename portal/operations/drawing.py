"""A board as map-routes.js draws it."""

import json

from scheduling.selectors.board import Board
from scheduling.selectors.board_routes import BoardRoute, BoardStop

COLOURS = 6


def drawn(board: Board) -> str:
    """The routes as JSON, each from the depot to the depot. See static/js/map-routes.js."""
    return json.dumps([_route(board, route, index) for index, route in enumerate(board.routes)])


def colour(index: int) -> int:
    """Which of the route colours in static/css/map.css."""
    return index % COLOURS + 1


def _route(board: Board, route: BoardRoute, index: int) -> dict[str, object]:
    depot = {"lat": board.depot_lat, "lon": board.depot_lon, "kind": "depot", "label": ""}
    return {
        "key": route.key,
        "label": route.vehicle,
        "colour": colour(index),
        "points": [depot, *(_stop(stop) for stop in route.stops), depot],
    }


def _stop(stop: BoardStop) -> dict[str, object]:
    return {"lat": stop.lat, "lon": stop.lon, "kind": _kind(stop), "label": _label(stop)}


def _kind(stop: BoardStop) -> str:
    if stop.rest:
        return "rest" if stop.address else "depot"
    if stop.held_until:
        return "held"
    return "point" if stop.point else "booked"


def _label(stop: BoardStop) -> str:
    numbered = stop.served and not stop.held_until
    return f"{stop.number}. {stop.address}" if numbered else stop.address
