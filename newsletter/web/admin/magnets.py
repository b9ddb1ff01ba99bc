"""The guides that are given away, at the desk: their versions, who has them, and a file for the next."""

import importlib
from types import ModuleType
from typing import Any

from litestar import Request, Response, get, post

from newsletter.web.admin import magnets_telling

PAGES = "newsletter.web.admin.magnets_pages"


def _pages() -> ModuleType:
    """Loaded when an owner comes here, with what takes in files."""
    return importlib.import_module(PAGES)


async def _as_it_comes(_: Request[Any, Any, Any]) -> None:
    """A file goes to the disk piece by piece: nobody waits for all of it in memory."""


@get("/admin/magnets")
async def show(request: Request[Any, Any, Any]) -> Response[Any]:
    """Raises SignedOut."""
    answer: Response[Any] = await _pages().show(request)
    return answer


@post("/admin/magnets", before_request=_as_it_comes)
async def take(request: Request[Any, Any, Any]) -> Response[Any]:
    """Raises SignedOut, BadInput, Unavailable."""
    answer: Response[Any] = await _pages().take(request)
    return answer


ROUTES = [show, take, *magnets_telling.ROUTES]
