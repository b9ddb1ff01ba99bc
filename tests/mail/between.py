"""What stands between a worker and its real database in a test, to fail it, to hold it up, or to look on."""

from typing import Any

from newsletter.storage import Database


class Between:
    """The real database. Whoever makes one overrides `written`, and long and short writes alike go through there."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def __getattr__(self, name: str) -> Any:
        return getattr(self._db, name)

    async def write(self, action: Any, *args: Any, **more: Any) -> Any:
        return await self.written(self._db.write, action, *args, **more)

    async def write_short(self, action: Any, *args: Any, **more: Any) -> Any:
        return await self.written(self._db.write_short, action, *args, **more)

    async def written(self, write: Any, action: Any, *args: Any, **more: Any) -> Any:
        """`write` is the real one, of the kind that was asked for."""
        return await write(action, *args, **more)
