"""The simulated quarter in a real Prometheus, which all tests of this folder ask."""

from collections.abc import Iterator

import pytest

from tests.quarter import Quarter, shared


@pytest.fixture(scope="session")
def quarter(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Quarter]:
    with shared(tmp_path_factory) as found:
        yield found
