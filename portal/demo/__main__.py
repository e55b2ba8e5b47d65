"""`python -m portal.demo`: lay the town out in the empty database that the settings name, to measure with.

`--rounds 2` books only the beginning of its week, `--most 4` so many deliveries of each round at most.
"""

import argparse
import os
import sys


def main() -> None:
    """Fill the database; refuse one that has anything in it."""
    parser = argparse.ArgumentParser(prog="python -m portal.demo")
    parser.add_argument("--rounds", type=int)
    parser.add_argument("--most", type=int)
    asked = parser.parse_args()
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
    django.setup()
    from django.db import connection

    from portal.demo.fleet import set_up
    from portal.demo.week import fill, part_of_week
    from scheduling import clock
    from scheduling.models import Depot

    if Depot.objects.exists():
        sys.exit("This database has a depot already: the town is laid out in an empty one only.")
    bookings = fill(set_up(), now=clock.now(), rounds=part_of_week(asked.rounds, asked.most))
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")  # as its housekeeping would within a minute: measuring begins at once
    sys.stdout.write(f"{bookings} bookings\n")


if __name__ == "__main__":
    main()
