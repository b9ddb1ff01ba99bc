"""The owners' rows. One text for both engines."""

from newsletter.addresses import Address
from newsletter.ids import new_id
from newsletter.owners.model import Owner, Session
from newsletter.storage import Tx

_SESSION = """SELECT s.id, s.owner_id, o.email, s.browser, s.created_at, s.seen_at, s.expires_at, o.role, s.waits,
      (SELECT count(*) FROM authenticators a WHERE a.owner_id = o.id AND a.confirmed_at IS NOT NULL) AS second_step
    FROM sessions s JOIN owners o ON o.id = s.owner_id"""


async def find_by_key(tx: Tx, email_key: str) -> Owner | None:
    return await tx.one(
        Owner, "SELECT id, email, email_key FROM owners WHERE email_key = :key", key=email_key
    )


async def add(tx: Tx, address: Address) -> None:
    """An owner, also who was less before."""
    await tx.run(
        """INSERT INTO owners (id, email, email_key, role, created_at, joined_at)
           VALUES (:id, :email, :key, 'owner', :now, :now)
           ON CONFLICT (email_key) DO UPDATE SET role = 'owner', joined_at = COALESCE(owners.joined_at, :now)
               WHERE owners.role <> 'owner' OR owners.joined_at IS NULL""",
        id=new_id(),
        email=address.email,
        key=address.key,
        now=tx.now,
    )


async def add_link(tx: Tx, owner_id: int, expires_at: int, *, mailed: bool) -> int:
    id = new_id()
    await tx.run(
        """INSERT INTO sign_in_links (id, owner_id, created_at, expires_at, mailed)
           VALUES (:id, :owner, :now, :expires, :mailed)""",
        id=id,
        owner=owner_id,
        expires=expires_at,
        mailed=mailed,
        now=tx.now,
    )
    return id


async def has_mailed_link(tx: Tx, owner_id: int) -> bool:
    """One that still works. One from a time to come, when the clock was wrong, keeps nobody from another."""
    found = await tx.value(
        """SELECT 1 FROM sign_in_links
           WHERE owner_id = :owner AND mailed = 1 AND used_at IS NULL AND expires_at > :now
             AND created_at <= :now LIMIT 1""",
        owner=owner_id,
        now=tx.now,
    )
    return found is not None


async def use_link(tx: Tx, id: int) -> int | None:
    """The owner whose link it is, for the one caller who uses it in time."""
    owner_id: int | None = await tx.value(
        """UPDATE sign_in_links SET used_at = :now WHERE id = :id AND used_at IS NULL AND expires_at > :now
           RETURNING owner_id""",
        id=id,
        now=tx.now,
    )
    return owner_id


async def joined(tx: Tx, owner_id: int) -> None:
    await tx.run(
        "UPDATE owners SET joined_at = :now WHERE id = :id AND joined_at IS NULL", id=owner_id, now=tx.now
    )


async def add_session(
    tx: Tx, owner_id: int, hash: str, browser: str, expires_at: int, *, waits: bool = False
) -> None:
    await tx.run(
        """INSERT INTO sessions (id, hash, owner_id, browser, created_at, seen_at, expires_at, waits)
           VALUES (:id, :hash, :owner, :browser, :now, :now, :expires, :waits)""",
        id=new_id(),
        hash=hash,
        owner=owner_id,
        browser=browser,
        expires=expires_at,
        waits=waits,
        now=tx.now,
    )


async def session(tx: Tx, hash: str) -> Session | None:
    return await tx.one(
        Session, f"{_SESSION} WHERE s.hash = :hash AND s.expires_at > :now", hash=hash, now=tx.now
    )


async def sessions(tx: Tx, owner_id: int) -> list[Session]:
    return await tx.all(
        Session,
        f"""{_SESSION} WHERE s.owner_id = :owner AND s.waits = 0 AND s.expires_at > :now
             ORDER BY s.seen_at DESC, s.id DESC""",
        owner=owner_id,
        now=tx.now,
    )


async def let_in(tx: Tx, session: Session, hash: str, expires_at: int) -> None:
    await tx.run(
        """UPDATE sessions SET hash = :hash, waits = 0, created_at = :now, seen_at = :now, expires_at = :expires
           WHERE id = :id""",
        id=session.id,
        hash=hash,
        expires=expires_at,
        now=tx.now,
    )


async def rotate(tx: Tx, session: Session, hash: str, expires_at: int) -> bool:
    """True for the one caller who finds the session as it was read."""
    return (
        await tx.run(
            """UPDATE sessions SET hash = :hash, seen_at = :now, expires_at = :expires
               WHERE id = :id AND seen_at = :seen""",
            id=session.id,
            seen=session.seen_at,
            hash=hash,
            expires=expires_at,
            now=tx.now,
        )
        == 1
    )


async def end_session(tx: Tx, id: int, owner_id: int) -> None:
    await tx.run("DELETE FROM sessions WHERE id = :id AND owner_id = :owner", id=id, owner=owner_id)


async def end_sessions(tx: Tx, owner_id: int, *, but: int = 0) -> None:
    await tx.run("DELETE FROM sessions WHERE owner_id = :owner AND id <> :but", owner=owner_id, but=but)


async def sweep(tx: Tx) -> None:
    await tx.run("DELETE FROM sessions WHERE expires_at < :now", now=tx.now)
    await tx.run("DELETE FROM sign_in_links WHERE expires_at < :now", now=tx.now)
