"""What programs of the owner's use: `/api/v1`, opened by tokens with scopes. docs/api.md is for who writes one."""

import importlib
from collections.abc import Callable
from typing import Any

from newsletter.web.kit.site import Site


class Api:
    """An ASGI app for all under `/api/`. It is loaded when somebody first asks: our start shall not wait for it."""

    def __init__(self, site: Callable[[], Site]) -> None:
        self._site = site
        self._door: Any = None

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if self._door is None:
            self._door = importlib.import_module("newsletter.web.api.door").Door(self._site())
        await self._door(scope, receive, send)
