"""A blog that keeps Isso's own script, as published, and names our service as its host; nothing else is changed."""

import os
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Awaitable, Callable, MutableMapping
from pathlib import Path
from typing import Any

import pytest

SCRIPT = "isso/js/embed.min.js"
ARTICLE = "/2026/on-work/"
SECONDS = 180

Message = MutableMapping[str, Any]


def published(version: str, folder: Path) -> str:
    """Isso's script out of its package; skips the test where that can't be had, and fails it in CI."""
    command = [
        sys.executable,
        "-m",
        "pip",
        "download",
        f"isso=={version}",
        "--no-deps",
        "-q",
        "-d",
        str(folder),
    ]
    try:
        subprocess.run(command, check=True, capture_output=True, timeout=SECONDS)
        (package,) = folder.iterdir()
        return _member(package).decode()
    except (subprocess.SubprocessError, OSError, ValueError, KeyError) as error:
        reason = f"The package isso {version} can't be downloaded: {type(error).__name__}."
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)


def _member(package: Path) -> bytes:
    """Out of a wheel, or of a source archive, where all is in a folder with the version in its name."""
    if package.suffix == ".whl":
        with zipfile.ZipFile(package) as wheel:
            return wheel.read(SCRIPT)
    with tarfile.open(package) as archive:
        (name,) = (name for name in archive.getnames() if name.partition("/")[2] == SCRIPT)
        found = archive.extractfile(name)
        assert found is not None
        return found.read()


def article(service: str) -> str:
    return f"""<!doctype html><html lang="en"><meta charset="utf-8">
        <link rel="icon" href="data:,"><title>On work</title>
        <h1>On work</h1>
        <script data-isso="{service}/isso/" data-isso-lang="en" src="/embed.min.js"></script>
        <section id="isso-thread" data-title="On work"></section>"""


def overview(service: str) -> str:
    return f"""<!doctype html><html lang="en"><meta charset="utf-8">
        <link rel="icon" href="data:,"><title>All articles</title>
        <a id="work" href="{ARTICLE}#isso-thread">Comments</a>
        <a id="rest" href="/2026/on-rest/#isso-thread">Comments</a>
        <script data-isso="{service}/isso/" data-isso-lang="en" src="/embed.min.js"></script>"""


class IssoBlog:
    """An ASGI app of three files."""

    def __init__(self, service: str, script: str) -> None:
        self._files = {
            "/": ("text/html", overview(service)),
            ARTICLE: ("text/html", article(service)),
            "/embed.min.js": ("text/javascript", script),
        }

    async def __call__(
        self,
        scope: Message,
        receive: Callable[[], Awaitable[Message]],
        send: Callable[[Message], Awaitable[None]],
    ) -> None:
        if scope["type"] == "lifespan":
            for done in ("startup", "shutdown"):
                await receive()
                await send({"type": f"lifespan.{done}.complete"})
            return
        kind, text = self._files.get(scope["path"], ("", ""))
        headers = [(b"content-type", f"{kind or 'text/plain'}; charset=utf-8".encode())]
        await send({"type": "http.response.start", "status": 200 if kind else 404, "headers": headers})
        await send({"type": "http.response.body", "body": text.encode()})
