"""A plugin of pytest that listens while other tests run: `-p tests.proof.overheard`, with OVERHEARD=FOLDER.

What browsers asked for and were told to keep goes to requests-….jsonl there, and all that the service logs in the
processes of the tests, at its most talkative, to log-….txt.
"""

import logging
import os
from collections.abc import Generator
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec
import pytest
from playwright.async_api import Browser, BrowserContext, Error, Response

FOLDER = Path(os.environ.get("OVERHEARD", ""))
HERE = str(os.getpid())  # each of pytest's processes has files of its own


class Asked(msgspec.Struct):
    url: str
    cookies: list[str] = []  # the names of those that its answer sets


def pytest_configure() -> None:
    kept = logging.FileHandler(FOLDER / f"log-{HERE}.txt", encoding="utf-8")
    kept.setFormatter(logging.Formatter("%(name)s %(levelname)s %(message)s"))
    logging.getLogger("newsletter").addHandler(kept)
    logging.getLogger("newsletter").setLevel(logging.DEBUG)


@pytest.hookimpl(wrapper=True)
def pytest_fixture_setup(fixturedef: Any) -> Generator[None, object, object]:
    made = yield
    if isinstance(made, Browser):
        new_context = made.new_context

        async def overheard(**options: Any) -> BrowserContext:
            return listen(await new_context(**options))

        made.new_context = overheard  # type: ignore[method-assign]  # for whichever test asks for one
    return made


def listen(context: BrowserContext) -> BrowserContext:
    async def note(response: Response) -> None:
        with suppress(Error):  # a page that was closed meanwhile
            lines = await response.headers_array()
            names = [one["value"].partition("=")[0] for one in lines if one["name"].lower() == "set-cookie"]
            write(Asked(response.url, names))

    context.on("request", lambda request: write(Asked(request.url)))
    context.on("response", note)
    return context


def write(asked: Asked) -> None:
    with (FOLDER / f"requests-{HERE}.jsonl").open("ab") as file:
        file.write(msgspec.json.encode(asked) + b"\n")
