import pytest
from kombu import Connection

from portal import broker
from portal.celery import app


def test_who_uses_a_closed_channel_is_told_that_the_connection_is_lost(redis):
    connection = Connection(redis.url)
    channel = connection.channel()
    lost = connection.connection_errors
    connection.close()

    with pytest.raises(lost, match="closed"):
        channel.qos.ack("the task that was running")


def test_the_queue_works_as_before(redis):
    with Connection(redis.url) as connection:
        queue = connection.SimpleQueue("letters")
        queue.put("hello")

        assert queue.get(timeout=2).payload == "hello"


@pytest.mark.parametrize(("url", "encrypted"), [("redis://h/1", False), ("rediss://h/1", True)])
def test_the_address_alone_says_whether_the_way_is_encrypted(url, encrypted):
    connection = app.connection_for_write(url)

    assert isinstance(connection.transport, broker.Transport)
    assert bool(connection.ssl) == encrypted
