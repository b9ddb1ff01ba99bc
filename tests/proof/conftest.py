"""Proofs hand in what they measured; it is printed at the end, one JSON line each, passed or failed."""

import os
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.browser.conftest import blog, browser, context, in_a_browser, inbox, page, service
from tests.browser.sights import Sights, all_sights
from tests.cli.conftest import compiled
from tests.figures import Figure, line
from tests.mail.conftest import at_work, post, settings, sink, tokens
from tests.proof.keys import desk, keys
from tests.proof.printing import pytest_terminal_summary

__all__ = ["blog", "browser", "context", "inbox", "page", "service"]  # fixtures of a browser's tests
__all__ += ["compiled", "pytest_terminal_summary"]
__all__ += ["desk", "keys"]  # of somebody without a mouse
__all__ += ["at_work", "post", "settings", "sink", "tokens"]  # and of a worker's

HERE = Path(__file__).parent
SIZE = int(os.environ.get("PROOF_SIZE", "1"))
"""How many times what CI has time for."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = [item for item in items if item.path.is_relative_to(HERE) and isinstance(item, pytest.Function)]
    in_a_browser(item for item in here if "browser" in item.fixturenames)


@pytest.fixture
def figure(record_property: object) -> Figure:
    assert callable(record_property)

    def keep(name: str, value: float | str, goal: str = "", holds: bool | None = None) -> None:
        record_property("figure", line(name, value, goal, holds))

    return keep


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def sights(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Sights]:
    """Every page and state, of one service for all that a file asks."""
    folder = tmp_path_factory.mktemp("sights")
    shutil.copy(sqlite_template, folder / "newsletter.db")
    async with all_sights(folder, f"sqlite:///{folder}/newsletter.db") as found:
        yield found
