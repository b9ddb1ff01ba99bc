"""The magnets' rows. One text for both engines."""

from newsletter.ids import new_id
from newsletter.magnets.model import Magnet
from newsletter.storage import Tx

_CURRENT = """SELECT m.id, m.slug, m.title, m.description, m.attach, v.id AS version_id, v.number, v.file_id, f.size
    FROM magnets m
    JOIN magnet_versions v ON v.magnet_id = m.id
        AND v.number = (SELECT max(number) FROM magnet_versions WHERE magnet_id = m.id)
    JOIN files f ON f.id = v.file_id"""


async def find(tx: Tx, id: int) -> Magnet | None:
    return await tx.one(Magnet, f"{_CURRENT} WHERE m.id = :id", id=id)


async def find_by_version(tx: Tx, version_id: int) -> Magnet:
    """The magnet that a version is of, in its current one. Versions are never deleted."""
    (found,) = await tx.all(
        Magnet,
        f"{_CURRENT} WHERE m.id = (SELECT magnet_id FROM magnet_versions WHERE id = :version)",
        version=version_id,
    )
    return found


async def all_magnets(tx: Tx) -> list[Magnet]:
    """By their slugs."""
    return await tx.all(Magnet, f"{_CURRENT} ORDER BY m.slug")


async def of_form(tx: Tx, form_id: int) -> list[Magnet]:
    return await tx.all(
        Magnet,
        f"{_CURRENT} JOIN form_magnets o ON o.magnet_id = m.id WHERE o.form_id = :form ORDER BY o.position",
        form=form_id,
    )


async def add(tx: Tx, slug: str, title: str, description: str, attach: bool) -> int | None:
    """The new magnet's id; None when the slug is taken, also by somebody at this very moment."""
    id = new_id()
    added = await tx.run(
        """INSERT INTO magnets (id, slug, title, description, attach, created_at)
           VALUES (:id, :slug, :title, :description, :attach, :now) ON CONFLICT (slug) DO NOTHING""",
        id=id,
        slug=slug,
        title=title,
        description=description,
        attach=attach,
        now=tx.now,
    )
    return id if added else None


async def lock(tx: Tx, slug: str) -> None:
    """Nobody else changes it until the transaction ends."""
    await tx.run("UPDATE magnets SET slug = slug WHERE slug = :slug", slug=slug)


async def change(tx: Tx, id: int, title: str, description: str, attach: bool) -> None:
    await tx.run(
        "UPDATE magnets SET title = :title, description = :description, attach = :attach WHERE id = :id",
        id=id,
        title=title,
        description=description,
        attach=attach,
    )


async def add_version(tx: Tx, magnet_id: int, file_id: int, notes: str) -> int:
    """The next version's number; two at once meet at the unique constraint."""
    number = 1 + int(
        await tx.value(
            "SELECT coalesce(max(number), 0) FROM magnet_versions WHERE magnet_id = :id", id=magnet_id
        )
    )
    await tx.run(
        """INSERT INTO magnet_versions (id, magnet_id, number, file_id, notes, created_at)
           VALUES (:id, :magnet, :number, :file, :notes, :now)""",
        id=new_id(),
        magnet=magnet_id,
        number=number,
        file=file_id,
        notes=notes,
        now=tx.now,
    )
    return number


async def offer(tx: Tx, form_id: int, magnet_id: int, position: int) -> None:
    await tx.run(
        """INSERT INTO form_magnets (form_id, magnet_id, position) VALUES (:form, :magnet, :position)
           ON CONFLICT (form_id, magnet_id) DO UPDATE SET position = excluded.position""",
        form=form_id,
        magnet=magnet_id,
        position=position,
    )


async def count_download(tx: Tx, subscriber_id: int, version_id: int, automatic: bool) -> None:
    """Once a person and version; a person's own download takes the place of what looked automatic."""
    await tx.run(
        """INSERT INTO downloads (subscriber_id, version_id, at, automatic)
           VALUES (:subscriber, :version, :now, :automatic)
           ON CONFLICT (subscriber_id, version_id) DO UPDATE SET at = excluded.at, automatic = 0
               WHERE downloads.automatic = 1 AND excluded.automatic = 0""",
        subscriber=subscriber_id,
        version=version_id,
        automatic=automatic,
        now=tx.now,
    )
