"""SQL of what is done to many subscribers. One text for both engines, but for how a list of ids is unpacked."""

from collections.abc import Iterable, Sequence
from typing import Literal

import msgspec

from newsletter.storage import Tx
from newsletter.storage.lists import IDS, as_list, names

Verb = Literal["tag", "untag", "erase"]
State = Literal["gathering", "asked", "running", "done", "stopped", "undoing", "undone"]
SLICE = 200
"""People who stand in one row: no more of them are changed in one transaction."""

_COLUMNS = "id, verb, tag, about, zone, state, reached, people, position, changed, created_at, updated_at"


class Bulk(msgspec.Struct, frozen=True):
    """One thing that is done to many. `about` is the segment in words; '' with `people`: those who were ticked."""

    id: int
    verb: Verb
    tag: str
    about: str
    zone: str
    state: State
    reached: int  # the last subscriber that was gathered
    people: int  # who were gathered
    position: int  # of them: so many are done; while it is undone, so many still stand
    changed: int  # for so many it was news
    created_at: int
    updated_at: int

    @property
    def moves(self) -> bool:
        return self.state in ("gathering", "running", "undoing")

    @property
    def can_undo(self) -> bool:
        return self.verb != "erase" and self.state in ("done", "stopped") and self.changed > 0


class Tagging(msgspec.Struct, array_like=True, frozen=True):
    """Somebody who has a tag, and since when (ms)."""

    id: int
    at: int


class _Id(msgspec.Struct):
    id: int


async def add(tx: Tx, id: int, verb: Verb, tag: str, about: str, zone: str) -> None:
    await tx.run(
        """INSERT INTO bulk_changes (id, verb, tag, about, zone, state, created_at, updated_at)
           VALUES (:id, :verb, :tag, :about, :zone, 'gathering', :now, :now)""",
        id=id,
        verb=verb,
        tag=tag,
        about=about,
        zone=zone,
        now=tx.now,
    )


async def find(tx: Tx, id: int) -> Bulk | None:
    return await tx.one(Bulk, f"SELECT {_COLUMNS} FROM bulk_changes WHERE id = :id", id=id)


async def latest(tx: Tx, most: int) -> list[Bulk]:
    return await tx.all(Bulk, f"SELECT {_COLUMNS} FROM bulk_changes ORDER BY id DESC LIMIT :most", most=most)


async def waiting(tx: Tx) -> list[Bulk]:
    """Those that go on by themselves, the oldest first."""
    sql = f"""SELECT {_COLUMNS} FROM bulk_changes WHERE state IN ('gathering', 'running', 'undoing') ORDER BY id"""
    return await tx.all(Bulk, sql)


async def known(tx: Tx, ids: Sequence[int]) -> list[int]:
    """Those of them who are here, in their order."""
    sql = f"SELECT s.id FROM subscribers s WHERE s.id IN ({IDS[tx.engine]}) ORDER BY s.id"
    return [row.id for row in await tx.all(_Id, sql, ids=as_list(ids))]


async def gathered(tx: Tx, one: Bulk, ids: Sequence[int], *, last: bool) -> bool:
    """Keeps the next people of it: whole slices, but for the last. False where another process has gone on."""
    moved = await tx.run(
        """UPDATE bulk_changes SET reached = :reached, people = :people, state = :state, updated_at = :now
           WHERE id = :id AND state = 'gathering' AND reached = :before""",
        id=one.id,
        reached=ids[-1] if ids else one.reached,
        people=one.people + len(ids),
        state="asked" if last else "gathering",
        before=one.reached,
        now=tx.now,
    )
    if moved and ids:
        slices = [ids[start : start + SLICE] for start in range(0, len(ids), SLICE)]
        await tx.many(
            "INSERT INTO bulk_slices (bulk_id, n, ids) VALUES (:id, :n, :ids)",
            [
                {"id": one.id, "n": n, "ids": as_list(some)}
                for n, some in enumerate(slices, one.people // SLICE)
            ],
        )
    return bool(moved)


async def move(tx: Tx, id: int, before: State, after: State) -> bool:
    sql = "UPDATE bulk_changes SET state = :after, updated_at = :now WHERE id = :id AND state = :before"
    return bool(await tx.run(sql, id=id, before=before, after=after, now=tx.now))


async def hold(tx: Tx, one: Bulk) -> bool:
    """Nobody else goes on with it until this transaction ends. False where somebody has, or it was stopped."""
    held = await tx.run(
        "UPDATE bulk_changes SET updated_at = :now WHERE id = :id AND state = :state AND position = :position",
        id=one.id,
        state=one.state,
        position=one.position,
        now=tx.now,
    )
    return bool(held)


async def reach(tx: Tx, id: int, position: int, changed: int, state: State) -> None:
    await tx.run(
        "UPDATE bulk_changes SET position = :position, changed = :changed, state = :state WHERE id = :id",
        id=id,
        position=position,
        changed=changed,
        state=state,
    )


async def ids_of(tx: Tx, id: int, n: int) -> list[int]:
    found = await tx.value("SELECT ids FROM bulk_slices WHERE bulk_id = :id AND n = :n", id=id, n=n)
    return msgspec.json.decode(found or "[]", type=list[int])


async def changed_of(tx: Tx, id: int, n: int) -> list[Tagging]:
    found = await tx.value("SELECT changed FROM bulk_slices WHERE bulk_id = :id AND n = :n", id=id, n=n)
    return msgspec.json.decode(found or "[]", type=list[Tagging])


async def keep_changed(tx: Tx, id: int, n: int, changed: Sequence[Tagging]) -> None:
    sql = "UPDATE bulk_slices SET changed = :changed WHERE bulk_id = :id AND n = :n"
    await tx.run(sql, id=id, n=n, changed=msgspec.json.encode(changed).decode())


async def forget_slice(tx: Tx, id: int, n: int) -> None:
    await tx.run("DELETE FROM bulk_slices WHERE bulk_id = :id AND n = :n", id=id, n=n)


async def tag(tx: Tx, tag_id: int, ids: Sequence[int]) -> list[Tagging]:
    """Those who didn't have it; who is not here any more is passed over."""
    return await tx.all(
        Tagging,
        f"""INSERT INTO subscriber_tags (subscriber_id, tag_id, tagged_at)
            SELECT s.id, CAST(:tag AS BIGINT), CAST(:now AS BIGINT) FROM subscribers s
            WHERE s.id IN ({IDS[tx.engine]}) ON CONFLICT DO NOTHING RETURNING subscriber_id AS id, tagged_at AS at""",
        tag=tag_id,
        ids=as_list(ids),
        now=tx.now,
    )


async def untag(tx: Tx, tag_id: int, ids: Sequence[int]) -> list[Tagging]:
    """Those who had it, and since when."""
    return await tx.all(
        Tagging,
        f"""DELETE FROM subscriber_tags WHERE tag_id = :tag AND subscriber_id IN ({IDS[tx.engine]})
            RETURNING subscriber_id AS id, tagged_at AS at""",
        tag=tag_id,
        ids=as_list(ids),
    )


async def take_back(tx: Tx, tag_id: int, given: Sequence[Tagging]) -> None:
    """The very tags that were given; who lost theirs and got it anew keeps it."""
    await tx.many(
        "DELETE FROM subscriber_tags WHERE tag_id = :tag AND subscriber_id = :id AND tagged_at = :at",
        [{"tag": tag_id, "id": one.id, "at": one.at} for one in given],
    )


async def give_back(tx: Tx, tag_id: int, taken: Sequence[Tagging]) -> None:
    """With the time that they had it since: what begins with a tag doesn't begin anew."""
    await tx.many(
        """INSERT INTO subscriber_tags (subscriber_id, tag_id, tagged_at)
           SELECT s.id, CAST(:tag AS BIGINT), CAST(:at AS BIGINT) FROM subscribers s WHERE s.id = :id
           ON CONFLICT DO NOTHING""",
        [{"tag": tag_id, "id": one.id, "at": one.at} for one in taken],
    )


async def tag_id(tx: Tx, name: str) -> int | None:
    found: int | None = await tx.value("SELECT id FROM tags WHERE name = :name", name=name)
    return found


async def old(tx: Tx, asked: int, ended: int) -> list[Bulk]:
    """Those that nobody answered since `asked` (ms), and those that ended before `ended`."""
    return await tx.all(
        Bulk,
        f"""SELECT {_COLUMNS} FROM bulk_changes WHERE state = 'asked' AND updated_at < :asked
            OR state IN ('done', 'stopped', 'undone') AND updated_at < :ended ORDER BY id LIMIT 20""",
        asked=asked,
        ended=ended,
    )


async def forget(tx: Tx, id: int, most: int) -> bool:
    """Some of what is kept of it; True once nothing is."""
    sql = """DELETE FROM bulk_slices WHERE bulk_id = :id AND n IN (
                 SELECT n FROM bulk_slices WHERE bulk_id = :id ORDER BY n LIMIT :most)"""
    if await tx.run(sql, id=id, most=most) == most:
        return False
    await tx.run("DELETE FROM bulk_changes WHERE id = :id", id=id)
    return True


async def sizes(tx: Tx, ids: Iterable[int]) -> dict[int, int]:
    """How many people each of these changes is about."""
    sql = "SELECT id, CAST(people AS TEXT) AS name FROM bulk_changes WHERE id IN ({ids})"
    return {id: int(people) for id, people in (await names(tx, sql, ids)).items()}
