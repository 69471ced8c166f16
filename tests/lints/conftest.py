"""The checkout as the lints see it, read once."""

import pytest

from tests.lints.exposed import Exposed, page, read
from tests.lints.lint import checkout
from tests.lints.rulebook import Everything


@pytest.fixture(scope="session")
def exposed(tmp_path_factory: pytest.TempPathFactory) -> Exposed:
    """The families on the page of a running exporter."""
    return read(page(tmp_path_factory.mktemp("exposed")))


@pytest.fixture(scope="session")
def everything(exposed: Exposed) -> Everything:
    """Dashboards and rules of this checkout, beside that page."""
    return checkout(exposed)
