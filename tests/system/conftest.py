"""What several files of system tests begin with."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.system.places import Place, placed


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    """A served hand-made world of this test's own, and a configuration that reads it."""
    with placed(tmp_path) as here:
        yield here
