"""The rows of who did what. Nothing here changes or deletes one."""

from typing import Protocol

import msgspec

from newsletter.ids import new_id
from newsletter.storage import Param, Tx


class _Deed(Protocol):
    @property
    def area(self) -> str: ...
    @property
    def verb(self) -> str: ...
    @property
    def object(self) -> str: ...
    @property
    def detail(self) -> str: ...


class Asked(msgspec.Struct, frozen=True):
    """Which of them: empty and None for all."""

    way: str = ""
    actor_id: int | None = None
    area: str = ""
    before: int | None = None  # the id of the last one that was seen


class Entry(msgspec.Struct):
    """`way` is how they came who did it: to the desk, by the API, at the terminal."""

    id: int
    at: int
    way: str
    actor_id: int | None
    actor_name: str
    area: str
    verb: str
    object: str
    detail: str


async def add(tx: Tx, way: str, actor_id: int | None, actor_name: str, deed: _Deed) -> None:
    await tx.run(
        """INSERT INTO audit (id, at, way, actor_id, actor_name, area, verb, object, detail)
           VALUES (:id, :now, :way, :actor, :name, :area, :verb, :object, :detail)""",
        id=new_id(),
        way=way,
        actor=actor_id,
        name=actor_name,
        area=deed.area,
        verb=deed.verb,
        object=deed.object,
        detail=deed.detail,
        now=tx.now,
    )


async def is_there(tx: Tx, way: str, actor_id: int | None, deed: _Deed, since: int) -> bool:
    found = await tx.value(
        """SELECT 1 FROM audit WHERE area = :area AND at > :since AND way = :way AND verb = :verb
             AND object = :object AND detail = :detail AND COALESCE(actor_id, 0) = :actor LIMIT 1""",
        way=way,
        actor=actor_id or 0,
        area=deed.area,
        verb=deed.verb,
        object=deed.object,
        detail=deed.detail,
        since=since,
    )
    return found is not None


async def found(tx: Tx, asked: Asked, limit: int) -> list[Entry]:
    tests: dict[str, tuple[str, Param]] = {
        "way = :way": ("way", asked.way or None),
        "actor_id = :actor": ("actor", asked.actor_id),
        "area = :area": ("area", asked.area or None),
        "id < :before": ("before", asked.before),
    }
    chosen = {test: (name, value) for test, (name, value) in tests.items() if value is not None}
    where = f"WHERE {' AND '.join(chosen)}" if chosen else ""
    sql = f"""SELECT id, at, way, actor_id, actor_name, area, verb, object, detail FROM audit
              {where} ORDER BY id DESC LIMIT :limit"""  # noqa: S608  of this function's words; values are parameters
    return await tx.all(Entry, sql, limit=limit, **dict(chosen.values()))
