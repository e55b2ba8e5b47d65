"""Changes made at the same moment, each with its own connection."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

from django.db import connection

from scheduling.errors import DomainError


def at_once(*changes) -> list[object]:
    """Do these at the same moment, each with its own connection; return what they returned or raised."""
    barrier = Barrier(len(changes))

    def run(change):
        try:
            barrier.wait(timeout=30)
            return change()
        except DomainError as error:
            return error
        finally:
            connection.close()

    with ThreadPoolExecutor(len(changes)) as pool:
        return [future.result() for future in [pool.submit(run, change) for change in changes]]
