"""Subscribers from elsewhere, at the desk: a file is sent, looked over, and taken in.

What reads tables is loaded when an owner comes here: it would be a twentieth of every start.
"""

import importlib
from types import ModuleType
from typing import Any

from litestar import Request, Response, get, post
from litestar.params import FromPath

PAGES = "newsletter.web.admin.imports_pages"


def _pages() -> ModuleType:
    return importlib.import_module(PAGES)


async def _as_it_comes(_: Request[Any, Any, Any]) -> None:
    """A file goes to the disk piece by piece: nobody waits for all of it in memory."""


@get("/admin/import")
async def begin(request: Request[Any, Any, Any]) -> Response[Any]:
    """Raises SignedOut."""
    answer: Response[Any] = await _pages().begin(request)
    return answer


@post("/admin/import", before_request=_as_it_comes)
async def take(request: Request[Any, Any, Any]) -> Response[Any]:
    """Raises SignedOut, BadInput, Unavailable."""
    answer: Response[Any] = await _pages().take(request)
    return answer


@get("/admin/import/{id:str}")
async def show(request: Request[Any, Any, Any], id: FromPath[str]) -> Response[Any]:
    """Raises SignedOut, NotFound."""
    answer: Response[Any] = await _pages().show(request, id)
    return answer


@post("/admin/import/{id:str}")
async def do(request: Request[Any, Any, Any], id: FromPath[str]) -> Response[Any]:
    """Raises SignedOut, BadInput, NotFound."""
    answer: Response[Any] = await _pages().do(request, id)
    return answer


@get("/admin/import/{id:str}/refused.csv")
async def refused(request: Request[Any, Any, Any], id: FromPath[str]) -> Response[Any]:
    """Raises SignedOut, NotFound."""
    answer: Response[Any] = await _pages().refused(request, id)
    return answer


ROUTES = [begin, take, show, do, refused]
