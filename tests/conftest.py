"""Coverage is measured by the tests of rooms; long ways, and a thousand chances, are not traced line by line."""

from collections.abc import Generator

import coverage
import pytest


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Trace no line of a test marked so, nor of what it sets up: tracing doubles the time of all it does."""
    untraced = any(item.get_closest_marker(name) for name in ("system", "random"))
    traced = coverage.Coverage.current() if untraced else None
    if traced is None:
        return (yield)
    traced.stop()
    try:
        return (yield)
    finally:
        traced.start()
