"""`python -m portal.demo`: lay the town out in the empty database that the settings name, to measure with.

`--rounds 2` books only the beginning of its week.
"""

import argparse
import os
import sys


def main() -> None:
    """Fill the database; refuse one that has anything in it."""
    parser = argparse.ArgumentParser(prog="python -m portal.demo")
    parser.add_argument("--rounds", type=int)
    rounds = parser.parse_args().rounds
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
    django.setup()
    from portal.demo.fleet import set_up
    from portal.demo.week import WEEK, fill
    from scheduling import clock
    from scheduling.models import Depot

    if Depot.objects.exists():
        sys.exit("This database has a depot already: the town is laid out in an empty one only.")
    bookings = fill(set_up(), now=clock.now(), rounds=WEEK[:rounds])
    sys.stdout.write(f"{bookings} bookings\n")


if __name__ == "__main__":
    main()
