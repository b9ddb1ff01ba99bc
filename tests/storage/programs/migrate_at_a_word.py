"""Migrates as `serve` does on start, each database whose URL it is given on a line: prints what it applied."""

import asyncio
import sys
from pathlib import Path

from newsletter.storage import migrate

folder = Path(sys.argv[1])
print("ready", flush=True)
for line in sys.stdin:
    print(*asyncio.run(migrate(line.strip(), folder=folder)), flush=True)
