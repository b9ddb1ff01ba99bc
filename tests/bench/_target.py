"""The real service as a process to be measured; with BENCH_STORE=nothing its writes return at once.

Usage: python -m tests.bench._target PORT; settings come from the environment.
"""

import asyncio
import os
import sys
from typing import Any, cast

import msgspec
from litestar import Litestar

from newsletter import app as service
from newsletter import settings
from newsletter.comments import Written
from newsletter.signups import Confirmed, Signups
from newsletter.subscribers import Subscriber
from newsletter.web import process
from newsletter.web.server import Server


class StoresNothing:
    """A database that answers what the handlers ask for, and keeps nothing: the handler's own speed."""

    def __init__(self, real: Any, signups: Signups, form: Any) -> None:
        self._real = real
        self.engine = real.engine
        person = Subscriber(1, "a@example.org", "a@example.org", "active", "", "{}", 1, 0, 0, None, None, "")
        self._answers = {
            "sign_up": None,
            "confirm": Confirmed(person, form, fresh=True),
            "keep": Written(1, "unverified"),
        }

    async def write(self, action: Any, *_args: Any, **_more: Any) -> Any:
        return self._answers[action.__name__]

    async def write_in_crowd(self, _about: str, action: Any, *_args: Any, **_more: Any) -> Any:
        return self._answers[action.__name__]

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)


async def main(port: int) -> None:
    chosen = settings.load()
    app = service.create_app(chosen, worker=False)
    async with Server(app, "127.0.0.1", port):
        if os.environ.get("BENCH_STORE") == "nothing":
            inner = cast("Litestar", app._app).state
            site = inner["site"]
            form = await site.forms.find("guide")
            inner["site"] = msgspec.structs.replace(site, db=StoresNothing(site.db, site.signups, form))
        process.settle()
        print("ready", flush=True)
        await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


if __name__ == "__main__":
    process.run(main(int(sys.argv[1])))
