"""The service without a worker, for all tests of a file, and programs with tokens."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
import pytest_asyncio

from newsletter.owners import SCOPES
from tests.conftest import Clock
from tests.web.conftest import set_clock
from tests.web.stage import Stage, serving

ROOT = "/api/v1"


@dataclass
class Program:
    """It has a token; `web` sends it along."""

    stage: Stage
    web: httpx.AsyncClient

    async def ask(self, method: str, path: str, status: int = 200, **sent: Any) -> httpx.Response:
        answer = await self.web.request(method, ROOT + path, **sent)
        assert answer.status_code == status, (method, path, answer.status_code, answer.text)
        return answer

    async def get(self, path: str, **query: Any) -> Any:
        return (await self.ask("GET", path, params=query)).json()

    async def adds(self, email: str, **more: Any) -> str:
        """The path of a new subscriber."""
        made = await self.ask("POST", "/subscribers", 201, json={"email": email, **more})
        return made.headers["Location"].removeprefix(ROOT)

    async def read(self, path: str) -> tuple[Any, Mapping[str, str]]:
        """A thing, and the header that changes it as it was read."""
        answer = await self.ask("GET", path)
        return answer.json(), {"If-Match": answer.headers["ETag"]}


async def program(stage: Stage, *scopes: str) -> Program:
    token = await stage.site.db.write(stage.site.api_tokens.new, "Shop", scopes or SCOPES, None)
    return Program(stage, await stage.visitor({"Authorization": f"Bearer {token}"}))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stage(lasting_url: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stage]:
    clock = Clock()
    with pytest.MonkeyPatch.context() as patch:
        set_clock(patch, clock)
        async with serving(lasting_url, tmp_path_factory.mktemp("mail"), clock, worker=False) as running:
            yield running


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shop(stage: Stage) -> Program:
    return await program(stage)
