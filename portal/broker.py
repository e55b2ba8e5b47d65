"""Redis as the queue, for workers that outlive it.

Kombu's channel, once closed, answers whoever still uses it with an AttributeError. When Redis goes away under
running tasks that is the worker itself, acknowledging them: it takes the error for a fault of its own and
ends. Told as what it is, a lost connection, it goes on and connects again. (Seen with kombu 5.7 and celery
5.7; https://github.com/celery/kombu/issues/582 is one of its faces.)
"""

from typing import Any

from kombu.transport import redis


class Channel(redis.Channel):
    """Says that it is closed where it is."""

    def _connparams(self, asynchronous: bool = False) -> Any:
        if self.connection is None or self.connection.client is None:
            raise ConnectionError("this channel is closed")
        return super()._connparams(asynchronous=asynchronous)  # type: ignore[misc]


class Transport(redis.Transport):
    """Kombu's own, with our channel."""

    Channel = Channel
