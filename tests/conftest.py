"""What every test may ask for."""

from collections.abc import Iterator

import pytest

from tests.services.servers import Servers


@pytest.fixture(scope="session")
def servers() -> Iterator[Servers]:
    """Real servers; one that no test asks for is not started."""
    with Servers() as started:
        yield started
