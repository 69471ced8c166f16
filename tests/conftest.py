"""Coverage is measured by the tests of rooms; the long ways through real processes are not traced line by line."""

from collections.abc import Generator

import coverage
import pytest


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Trace no line of a test marked ``system``, nor of what it sets up: tracing doubles the time of all it does."""
    traced = coverage.Coverage.current() if item.get_closest_marker("system") else None
    if traced is None:
        return (yield)
    traced.stop()
    try:
        return (yield)
    finally:
        traced.start()
