"""The checkout as the lints see it, read once."""

import pytest

from tests.lints import told
from tests.lints.exposed import Exposed, page, read, together
from tests.lints.lint import checkout
from tests.lints.rulebook import Everything


@pytest.fixture(scope="session")
def exposed(tmp_path_factory: pytest.TempPathFactory) -> Exposed:
    """The families on the page of a running exporter, and on one of what it may read beside the changes."""
    return together(read(page(tmp_path_factory.mktemp("exposed"))), read(told.page()))


@pytest.fixture(scope="session")
def everything(exposed: Exposed) -> Everything:
    """Dashboards and rules of this checkout, beside that page."""
    return checkout(exposed)
