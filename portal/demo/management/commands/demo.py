"""`manage.py demo`: the whole portal on this machine, with a town in it."""

import signal
import time
from argparse import ArgumentParser
from typing import Any, Final

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from portal.demo import layout
from portal.demo.apps import demo_clock
from portal.demo.phones import phones_on
from portal.demo.process import LOOPBACK, bind, serving, working
from portal.demo.shopfront import port as shop_port
from portal.demo.shopfront import shop_open
from portal.demo.till import tills_open
from portal.demo.town import houses
from scheduling import clock

LOOKS_S: Final = 0.2
"""So often somebody looks whether it is to end."""


class Command(BaseCommand):
    """Lay out the town if need be, serve it, and end cleanly on Ctrl-C."""

    help = "Serve the demo on 127.0.0.1: web, worker and timetable in one process."
    requires_system_checks = []
    stopped = False

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--port", type=int, default=8000)

    def handle(self, *args: Any, **options: Any) -> None:
        started = time.perf_counter()
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._stop)
        settings.PUBLIC_URL = f"http://{LOOPBACK}:{options['port']}"
        try:
            server = bind(options["port"])
        except OSError as error:
            raise CommandError(
                f"Port {options['port']} is taken. Try another: make demo PORT={options['port'] + 1}"
            ) from error
        self._prepare()
        if self.stopped:
            return
        # The worker last: what waits for the shop's server from before is sent once that listens.
        with serving(server), phones_on(), tills_open(), shop_open(now=clock.now()) as shop, working():
            self._say(time.perf_counter() - started, shop)
            # Asleep, never waiting for a lock: a signal that comes just before would wake nobody up.
            while not self.stopped:
                time.sleep(LOOKS_S)
            self.stdout.write("\nGoodbye.")

    def _stop(self, *_: object) -> None:
        self.stopped = True

    def _prepare(self) -> None:
        self.stdout.write(f"Doorstep demo: {len(houses())} real addresses of central Helsinki.")
        self.stdout.flush()
        laid = layout.make_ready(now=demo_clock().wall())
        if laid:
            demo_clock().start_again()
            self.stdout.write(f"Laid out a week with {laid.bookings} bookings in {laid.seconds:.0f} s.")

    def _say(self, seconds: float, shop: str) -> None:
        url = settings.PUBLIC_URL
        elsewhere = f"  {shop}/                 a shop on another origin, with the widget in its checkout\n"
        closed = f"  (A shop with the widget would be here too, but port {shop_port()} is taken.)\n"
        self.stdout.write(
            f"\nReady after {seconds:.1f} s. Open\n\n"
            f"  {url}/demo/                the guide: everything is one click from there\n"
            f"  {url}/demo/side-by-side/   a shopper's phone beside the depot's map\n"
            f"  {url}/demo/inbox/          mails and SMS that would have gone out\n"
            f"{elsewhere if shop else closed}\n"
            "Ctrl-C ends it. Nothing leaves this machine.\n"
        )
        self.stdout.flush()
