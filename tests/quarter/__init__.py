"""A simulated quarter of the exporter's own /metrics in a real Prometheus, for panels, rules and pictures.

One exporter polls the pretend organisation on the double of GitHub; source, books, snapshot and births are the real
ones, and every clock is the world's. No sample is made up: Prometheus has what a scrape would have read at that time.

    python -m tests.quarter --out DIR --days 90 --step 30m
    python -m tests.quarter --serve DIR --listen 127.0.0.1:9090

A folder of tests shares the ordinary quarter by a fixture in its conftest.py:

    @pytest.fixture(scope="session")
    def quarter(tmp_path_factory):
        with shared(tmp_path_factory) as found:
            yield found
"""

from tests.quarter.filling import Filled, fill
from tests.quarter.scraping import END, STEP, Plan
from tests.quarter.serving import Quarter, serving, shared

__all__ = ["END", "STEP", "Filled", "Plan", "Quarter", "fill", "serving", "shared"]
