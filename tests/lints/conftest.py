"""The checkout as the lints see it, read once."""

import fcntl
import os
from collections.abc import Callable

import pytest

from tests.lints import told
from tests.lints.exposed import Exposed, page, read, together
from tests.lints.lint import checkout
from tests.lints.rulebook import Everything


@pytest.fixture(scope="session")
def exposed(tmp_path_factory: pytest.TempPathFactory) -> Exposed:
    """The families on the page of a running exporter, and on one of what it may read beside the changes."""

    def make() -> str:
        return page(tmp_path_factory.mktemp("exposed"))

    return together(read(_once(tmp_path_factory, "exposed", make)), read(_once(tmp_path_factory, "told", told.page)))


def _once(temporary: pytest.TempPathFactory, name: str, make: Callable[[], str]) -> str:
    """A text that the workers of one test run make only once."""
    base = temporary.getbasetemp()
    common = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    made = common / f"{name}.txt"
    with (common / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not made.exists():
            made.write_text(make())
        return made.read_text()


@pytest.fixture(scope="session")
def everything(exposed: Exposed) -> Everything:
    """Dashboards and rules of this checkout, beside that page."""
    return checkout(exposed)
