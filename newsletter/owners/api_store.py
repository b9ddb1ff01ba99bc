"""The rows of the tokens for programs, and of the answers that a repeated request gets again."""

import msgspec

from newsletter.ids import new_id
from newsletter.owners.model import ApiToken
from newsletter.storage import Tx

_FOUND = "SELECT id, prefix, name, scopes, created_at, used_at, expires_at FROM api_tokens"


async def add(tx: Tx, prefix: str, hash: str, name: str, scopes: str, expires_at: int | None) -> None:
    await tx.run(
        """INSERT INTO api_tokens (id, prefix, hash, name, scopes, created_at, expires_at)
           VALUES (:id, :prefix, :hash, :name, :scopes, :now, :expires)""",
        id=new_id(),
        prefix=prefix,
        hash=hash,
        name=name,
        scopes=scopes,
        expires=expires_at,
        now=tx.now,
    )


async def by_hash(tx: Tx, hash: str) -> ApiToken | None:
    return await tx.one(
        ApiToken,
        f"{_FOUND} WHERE hash = :hash AND (expires_at IS NULL OR expires_at > :now)",
        hash=hash,
        now=tx.now,
    )


async def used(tx: Tx, id: int) -> None:
    await tx.run("UPDATE api_tokens SET used_at = :now WHERE id = :id", id=id, now=tx.now)


async def everyone(tx: Tx) -> list[ApiToken]:
    return await tx.all(ApiToken, f"{_FOUND} ORDER BY id DESC")


async def remove(tx: Tx, id: int) -> None:
    await tx.run("DELETE FROM api_tokens WHERE id = :id", id=id)


class Kept(msgspec.Struct):
    """What a key stands for. `status` 0: it is being done."""

    request: str
    status: int
    location: str
    body: str
    at: int


async def claim(tx: Tx, token_id: int, key: str, request: str, stale: int) -> bool:
    """Whether the key is this request's to do: it is new, or who had it gave up before `stale` (ms)."""
    return (
        await tx.run(
            """INSERT INTO api_answers (token_id, key, request, status, location, body, at)
               VALUES (:token, :key, :request, 0, '', '', :now)
               ON CONFLICT (token_id, key) DO UPDATE SET at = excluded.at
                   WHERE api_answers.status = 0 AND api_answers.at < :stale
                     AND api_answers.request = excluded.request""",
            token=token_id,
            key=key,
            request=request,
            stale=stale,
            now=tx.now,
        )
        == 1
    )


async def answer(tx: Tx, token_id: int, key: str) -> Kept | None:
    return await tx.one(
        Kept,
        "SELECT request, status, location, body, at FROM api_answers WHERE token_id = :token AND key = :key",
        token=token_id,
        key=key,
    )


async def keep(tx: Tx, token_id: int, key: str, status: int, location: str, body: str) -> None:
    await tx.run(
        """UPDATE api_answers SET status = :status, location = :location, body = :body
           WHERE token_id = :token AND key = :key""",
        token=token_id,
        key=key,
        status=status,
        location=location,
        body=body,
    )


async def free(tx: Tx, token_id: int, key: str) -> None:
    await tx.run("DELETE FROM api_answers WHERE token_id = :token AND key = :key", token=token_id, key=key)


async def forget(tx: Tx, before: int) -> None:
    await tx.run("DELETE FROM api_answers WHERE at < :before", before=before)
