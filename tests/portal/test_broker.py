import pytest
from kombu import Connection

from portal.benchmarks.servers import Redis


@pytest.fixture
def redis(tmp_path):
    server = Redis(tmp_path)
    server.start()
    yield server
    server.close()


def test_who_uses_a_closed_channel_is_told_that_the_connection_is_lost(redis):
    connection = Connection(redis.url, transport="portal.broker:Transport")
    channel = connection.channel()
    lost = connection.connection_errors
    connection.close()

    with pytest.raises(lost, match="closed"):
        channel.qos.ack("the task that was running")


def test_the_queue_works_as_before(redis):
    with Connection(redis.url, transport="portal.broker:Transport") as connection:
        queue = connection.SimpleQueue("letters")
        queue.put("hello")

        assert queue.get(timeout=2).payload == "hello"
