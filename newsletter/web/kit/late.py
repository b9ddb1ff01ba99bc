"""A part of the service that is loaded when somebody first asks for it: the start does not wait for it."""

import asyncio
from collections.abc import Callable
from typing import Any


class Late:
    """An ASGI app that `load` makes, beside the loop, while others are answered."""

    def __init__(self, load: Callable[[], Any]) -> None:
        self._load = load
        self._loading = asyncio.Lock()
        self._app: Any = None

    async def app(self) -> Any:
        async with self._loading:
            if self._app is None:
                self._app = await asyncio.to_thread(self._load)
        return self._app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        app = self._app or await self.app()
        await app(scope, receive, send)
