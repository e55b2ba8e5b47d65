"""Serves the shop on this machine: python -m portal.demo.shop.server --key-file a.txt --secret-file b.txt"""

from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from socketserver import ThreadingMixIn
from threading import Thread
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

from portal.demo.shop.app import Shop
from portal.demo.shop.doorstep import Doorstep
from portal.demo.shop.hooks import Hooks
from portal.demo.shop.orders import Orders

LOOPBACK = "127.0.0.1"


class QuietHandler(WSGIRequestHandler):
    """No line for each request."""

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's word
        pass


class ShopServer(ThreadingMixIn, WSGIServer):
    """A thread for each request."""

    daemon_threads = True


def bind(port: int) -> ShopServer:
    """Listen on this machine only. Raises OSError if the port is taken."""
    return ShopServer((LOOPBACK, port), QuietHandler)


@contextmanager
def selling(server: ShopServer, shop: Shop) -> Iterator[None]:
    """Serve a shop until the block ends."""
    server.set_app(shop)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.1}, name="shop", daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()


def main() -> None:
    """Serve until somebody presses Ctrl-C."""
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=8001)
    parser.add_argument("--doorstep", default="http://127.0.0.1:8000", help="where Doorstep answers")
    parser.add_argument("--merchant", default="nordkaupa", help="the shop's own name there")
    parser.add_argument("--key-file", type=Path, required=True, help="holds the secret key and nothing else")
    parser.add_argument("--secret-file", type=Path, help="holds the webhook's secret and nothing else")
    parser.add_argument("--orders", type=Path, default=Path("orders.sqlite3"), help="where orders are kept")
    given = parser.parse_args()
    orders = Orders(given.orders)
    shop = Shop(
        Doorstep(given.doorstep, given.key_file),
        given.merchant,
        f"http://localhost:{given.port}",
        orders,
        Hooks(given.secret_file, orders) if given.secret_file else None,
    )
    server = bind(given.port)
    server.set_app(shop)
    server.serve_forever()


if __name__ == "__main__":
    main()
