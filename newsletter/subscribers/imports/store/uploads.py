"""Files that an owner has sent to the desk: what is to be done with each, and how far that has come.

The file itself lies beside the database, under the upload's number, until it is taken in or let go.
"""

from collections.abc import Iterable, Sequence
from typing import Literal

import msgspec

from newsletter.ids import new_id
from newsletter.storage import Tx
from newsletter.storage.lists import names
from newsletter.subscribers.imports.model import Refused, Tally

State = Literal["uploaded", "checking", "checked", "importing", "done", "failed"]
TOPIC = "imports"
_COLUMNS = "id, name, size, choice, state, why, people, position, tally, import_id, created_at, updated_at"


class Choice(msgspec.Struct, frozen=True):
    """What the owner wants done with a file."""

    targets: tuple[str, ...] = ()
    preset: str = ""
    origin: str = ""
    tag: str = ""
    encoding: str = ""  # "": as it was recognised


class Upload(msgspec.Struct):
    id: int
    name: str
    size: int  # bytes
    choice: str  # JSON
    state: State
    why: str
    people: int
    position: int
    tally: str  # JSON
    import_id: int
    created_at: int
    updated_at: int
    refused: str = "[]"  # JSON: what a dry run refused; only `find` reads it

    @property
    def chosen(self) -> Choice:
        return msgspec.json.decode(self.choice, type=Choice)

    @property
    def came(self) -> Tally:
        return msgspec.json.decode(self.tally, type=Tally)

    @property
    def dry_refused(self) -> list[Refused]:
        return msgspec.json.decode(self.refused, type=list[Refused])

    @property
    def moves(self) -> bool:
        return self.state in ("checking", "importing")


async def add(tx: Tx, name: str, size: int) -> int:
    id = new_id()
    await tx.run(
        """INSERT INTO import_uploads (id, name, size, state, created_at, updated_at)
           VALUES (:id, :name, :size, 'uploaded', :now, :now)""",
        id=id,
        name=name,
        size=size,
        now=tx.now,
    )
    return id


async def find(tx: Tx, id: int) -> Upload | None:
    return await tx.one(Upload, f"SELECT {_COLUMNS}, refused FROM import_uploads WHERE id = :id", id=id)


async def hold(tx: Tx, id: int) -> Upload | None:
    """As `find`, and nobody else changes it until the transaction ends."""
    await tx.run("UPDATE import_uploads SET state = state WHERE id = :id", id=id)
    return await find(tx, id)


async def newest(tx: Tx, most: int = 20) -> list[Upload]:
    return await tx.all(
        Upload, f"SELECT {_COLUMNS} FROM import_uploads ORDER BY id DESC LIMIT :most", most=most
    )


async def waiting(tx: Tx) -> list[Upload]:
    """Those that somebody has to work on."""
    return await tx.all(
        Upload, f"SELECT {_COLUMNS} FROM import_uploads WHERE state IN ('checking', 'importing') ORDER BY id"
    )


async def left(tx: Tx, before: int) -> list[Upload]:
    """Those that nobody has touched since `before` (ms), and whose file is still kept."""
    return await tx.all(
        Upload,
        f"""SELECT {_COLUMNS} FROM import_uploads
            WHERE state IN ('uploaded', 'checked', 'failed') AND updated_at < :before ORDER BY id LIMIT 100""",
        before=before,
    )


async def choose(tx: Tx, id: int, choice: Choice) -> bool:
    """To be looked over as its owner chose. False where it is under way, or done."""
    done = await tx.run(
        """UPDATE import_uploads SET choice = :choice, state = 'checking', why = '', people = 0, position = 0,
               tally = '{}', refused = '[]', updated_at = :now
           WHERE id = :id AND state IN ('uploaded', 'checked', 'failed')""",
        id=id,
        choice=msgspec.json.encode(choice).decode(),
        now=tx.now,
    )
    tx.wake(TOPIC)
    return bool(done)


async def move(tx: Tx, id: int, before: State, after: State) -> bool:
    """False where it stands elsewhere by now."""
    done = await tx.run(
        """UPDATE import_uploads SET state = :after, position = 0, updated_at = :now
           WHERE id = :id AND state = :before""",
        id=id,
        before=before,
        after=after,
        now=tx.now,
    )
    tx.wake(TOPIC)
    return bool(done)


async def reach(tx: Tx, id: int, position: int, people: int) -> bool:
    """How far it has come. False where its owner has let it go meanwhile."""
    return bool(
        await tx.run(
            """UPDATE import_uploads SET position = :position, people = :people, updated_at = :now
               WHERE id = :id AND state IN ('checking', 'importing')""",
            id=id,
            position=position,
            people=people,
            now=tx.now,
        )
    )


async def settle(
    tx: Tx, id: int, state: State, tally: Tally, import_id: int, refused: Sequence[Refused] = ()
) -> bool:
    """False where its owner has let it go meanwhile."""
    done = await tx.run(
        """UPDATE import_uploads SET state = :state, tally = :tally, refused = :refused, import_id = :import,
               updated_at = :now
           WHERE id = :id AND state IN ('checking', 'importing')""",
        **{"import": import_id},
        id=id,
        state=state,
        tally=msgspec.json.encode(tally).decode(),
        refused=msgspec.json.encode(refused).decode(),
        now=tx.now,
    )
    return bool(done)


async def fail(tx: Tx, id: int, why: str) -> None:
    await tx.run(
        """UPDATE import_uploads SET state = 'failed', why = :why, updated_at = :now
           WHERE id = :id AND state IN ('checking', 'importing')""",
        id=id,
        why=why,
        now=tx.now,
    )


async def give_up(tx: Tx, id: int) -> None:
    """Nobody goes on with it."""
    await tx.run(
        "UPDATE import_uploads SET state = 'failed', why = '', updated_at = :now WHERE id = :id",
        id=id,
        now=tx.now,
    )


async def remove(tx: Tx, id: int) -> None:
    await tx.run("DELETE FROM import_uploads WHERE id = :id", id=id)


async def called(tx: Tx, ids: Iterable[int]) -> dict[int, str]:
    """The names of the files."""
    return await names(tx, "SELECT id, name FROM import_uploads WHERE id IN ({ids})", ids)
