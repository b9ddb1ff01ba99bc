"""A Litestar app whose one handler returns a file's bytes, on our own server: what a thread's page is compared with.

Usage: python -m tests.bench._bytes FILE PORT.
"""

import asyncio
import sys
from pathlib import Path

from litestar import Litestar, Response, get

from newsletter.web import process
from newsletter.web.server import Server


async def main(path: str, port: int) -> None:
    content = Path(path).read_bytes()

    @get("/threads")
    async def show() -> Response[bytes]:
        return Response(content, media_type="text/html")

    app = Litestar([show], openapi_config=None, logging_config=None)
    async with Server(app, "127.0.0.1", port):
        process.settle()
        print("ready", flush=True)
        await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


if __name__ == "__main__":
    process.run(main(sys.argv[1], int(sys.argv[2])))
