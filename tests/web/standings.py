"""Every way an address can stand here, made by rows, and every way to sign it up."""

from itertools import product
from typing import get_args

from newsletter.addresses import parse
from newsletter.ids import new_id
from newsletter.mail import Post
from newsletter.storage import Tx
from newsletter.subscribers import Status
from tests.web.stage import HOST

UNKNOWN, ERASED, REFUSED = "unknown", "erased", "not_me"
KINDS = (UNKNOWN, *get_args(Status), ERASED, REFUSED)

URLENCODED, JSON = "application/x-www-form-urlencoded", "application/json"


def address(kind: str, n: int) -> str:
    return f"{kind.replace('_', '-')}-{n:05}@example.org"


async def settle_in(tx: Tx, post: Post, numbers: range) -> None:
    """Makes people of every kind, as sign-ups and what followed would have left them."""
    sql = """INSERT INTO subscribers (id, email, email_key, status, created_at, confirmed_at)
             VALUES (:id, :email, :email, :status, :now, :now)"""
    rows = [(address(kind, n), kind) for kind, n in product(get_args(Status), numbers)]
    await tx.many(
        sql, [{"id": new_id(), "email": email, "status": kind, "now": tx.now - 1} for email, kind in rows]
    )
    for n in numbers:
        await post.suppress(tx, parse(address(ERASED, n)).key, "erased")
        await post.suppress(tx, parse(address(REFUSED, n)).key, "not_me")


def sign_ups(email: str, token: str) -> list[bytes]:
    """The ways to sign up, as bytes on the wire; the last is our own script's."""
    typed = f"email={email.replace('@', '%40')}&name=Mallory"
    return [
        post("/forms/guide", URLENCODED, typed),
        post("/forms/guide", URLENCODED, f"{typed}&token={token}"),
        post("/forms/guide/embed", URLENCODED, typed),
        post("/forms/guide", JSON, f'{{"email":"{email}","name":"Mallory","token":"{token}"}}'),
    ]


def post(path: str, media_type: str, body: str) -> bytes:
    head = (
        f"POST {path} HTTP/1.1\r\nHost: {HOST}\r\nContent-Type: {media_type}\r\nContent-Length: {len(body)}"
    )
    return f"{head}\r\n\r\n{body}".encode()
