"""Long tests begin first and are not traced: coverage is measured by the tests of rooms."""

from collections.abc import Generator

import coverage
import pytest

UNTRACED = ("system", "random")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files with long tests come first, or one worker would still be at them when the others have nothing to do."""
    long = {item.path for item in items if any(item.get_closest_marker(name) for name in UNTRACED)}
    items.sort(key=lambda item: item.path not in long)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Trace no line of a test marked so, nor of what it sets up: tracing doubles the time of all it does."""
    untraced = any(item.get_closest_marker(name) for name in UNTRACED)
    traced = coverage.Coverage.current() if untraced else None
    if traced is None:
        return (yield)
    traced.stop()
    try:
        return (yield)
    finally:
        traced.start()
