"""Migrates as `serve` does on start: prints the names it applied, and waits for the others first."""

import asyncio
import sys
from pathlib import Path

from newsletter.storage import migrate


async def main(url: str, folder: str) -> None:
    print("ready", flush=True)
    sys.stdin.readline()
    print(*await migrate(url, folder=Path(folder)), flush=True)


asyncio.run(main(*sys.argv[1:]))
