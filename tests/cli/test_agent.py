import subprocess
import sys

LOADED = """
import sys
import servicemap.commands.collect, servicemap.collecting
print(*{name.partition(".")[0] for name in sys.modules})
"""


def test_the_agent_loads_nothing_that_a_small_host_could_not_bear() -> None:
    loaded = subprocess.run([sys.executable, "-c", LOADED], capture_output=True, text=True, check=True).stdout.split()

    assert "collectors" in loaded
    heavy = {"numpy", "pandas", "pyarrow", "chdb", "faust", "aiohttp", "clickhouse_driver", "confluent_kafka", "sinks"}
    assert heavy.isdisjoint(loaded)
