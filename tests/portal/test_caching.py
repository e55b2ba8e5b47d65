from portal.benchmarks.servers import free_port
from portal.caching import ForgivingRedisCache


def test_operations_share_a_client_since_making_one_takes_as_long_as_asking():
    cache = ForgivingRedisCache(f"redis://127.0.0.1:{free_port()}/0", {})

    assert cache._cache.get_client("one", write=True) is cache._cache.get_client("other")
