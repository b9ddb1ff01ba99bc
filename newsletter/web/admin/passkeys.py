"""Passkeys at the desk: one's own added, each with a name, and removed; and signing in by one."""

import asyncio
import json
from base64 import urlsafe_b64decode
from contextlib import suppress
from importlib import import_module
from typing import Any

import msgspec
from litestar import Request, Response, get, post
from litestar.response import Redirect

from newsletter.errors import BadInput, Conflict, TooMany
from newsletter.ids import read_id
from newsletter.owners import Passkey, Session, passkeys
from newsletter.storage import Tx
from newsletter.web.admin.door import cookie, form_key, just_in, own_fields, refresh, session_of
from newsletter.web.kit import traces
from newsletter.web.kit.body import read_fields
from newsletter.web.kit.site import Site, site_of

PLACE = "/admin/passkeys"
LONGEST_ANSWER = 8_000
DONE = {"added": "You can sign in with it from now on.", "removed": "It opens nothing any more."}
NO_KEY = "This passkey opens nothing here: it was removed, or its answer came too late. Please try once more."


class _Answer(msgspec.Struct):
    """What both kinds of answers have of what browsers send."""

    id: str
    challenge: str


async def _proofs() -> Any:
    """What reads signatures takes a second to load, which nobody shall wait for who uses none."""
    return await asyncio.to_thread(import_module, "newsletter.web.admin.passkey_proofs")


def _read(text: str) -> _Answer:
    """Which key it is, and what it says it was asked. Raises BadInput."""
    with suppress(ValueError, KeyError, TypeError):
        sent = json.loads(text)
        told = sent["response"]["clientDataJSON"]
        said = json.loads(urlsafe_b64decode(told + "=" * (-len(told) % 4)))
        return msgspec.convert({"id": sent["id"], "challenge": said["challenge"]}, _Answer)
    raise BadInput(NO_KEY)


@get(PLACE)
async def show(request: Request[Any, Any, Any]) -> Response[str]:
    """Raises SignedOut."""
    site, session = site_of(request), await session_of(request)
    page = await _page(site, session, done=DONE.get(request.query_params.get("done", ""), ""))
    await refresh(request, session, page)
    return page


async def _page(
    site: Site, session: Session, *, error: str = "", done: str = "", name: str = "", options: str = ""
) -> Response[str]:
    return site.pages.page(
        "admin/passkeys.html",
        422 if error else 200,
        passkeys=await site.db.read(passkeys.all, session.owner_id),
        longest=passkeys.LONGEST_NAME,
        name=name,
        options=options,
        error=error,
        done=done,
        csrf=form_key(site, session),
    )


@post(PLACE, status_code=200)
async def change(request: Request[Any, Any, Any]) -> Response[Any]:
    """Asks a device, takes its answer, or removes one, for who has just come in. Raises SignedOut, BadInput."""
    site = site_of(request)
    sent = await own_fields(
        request, {"action": 10, "name": passkeys.LONGEST_NAME, "answer": LONGEST_ANSWER, "remove": 20}
    )
    verb, values, session = sent.values.get("action", ""), sent.values, sent.session
    name = values.get("name", "")
    try:
        just_in(session)
        if sent.errors:
            raise BadInput(" ".join(sent.errors.values()), sent.errors)
        if values.get("remove"):
            await site.db.write(passkeys.remove, session.owner_id, read_id(values["remove"]) or 0)
        elif verb == "ask":
            with traces.nothing():
                options = await _asked(site, session, name)
            return await _page(site, session, name=name, options=options)
        elif verb == "add":
            await _add(site, session, name, values.get("answer", ""))
        else:
            raise BadInput("Please use one of the buttons. Nothing was changed.")
    except (BadInput, Conflict) as error:
        return await _page(site, session, error=error.sentence, name=name)
    done = "added" if verb == "add" else "removed"
    return Redirect(f"{PLACE}?done={done}", status_code=303, headers={"Cache-Control": "no-store"})


async def _asked(site: Site, session: Session, name: str) -> str:
    """Raises BadInput."""
    proofs = await _proofs()
    has = await site.db.read(passkeys.all, session.owner_id)
    await site.db.read(passkeys.name_of, session.owner_id, name)
    challenge = await site.db.write(passkeys.ask, session.owner_id)
    options: str = proofs.to_add(site.settings, session, challenge, has)
    return options


async def _add(site: Site, session: Session, name: str, answer: str) -> None:
    """Raises BadInput, Conflict."""
    proofs, own = await _proofs(), session.owner_id
    name = await site.db.read(passkeys.name_of, own, name)
    challenge = _read(answer).challenge
    with traces.nothing():
        if not await site.db.write(passkeys.answered, challenge, own):
            raise BadInput(NO_KEY)
    key = proofs.added(site.settings, answer, challenge)
    await site.db.write(passkeys.add, own, name, *key)


@post("/admin/passkey", status_code=200)
async def ask(request: Request[Any, Any, Any]) -> Response[str]:
    """The page on which a device is asked; whose it is it says itself. Raises TooMany."""
    site = site_of(request)
    await read_fields(request, {})
    if wait := site.gate.sign_in(request):
        raise TooMany("Too many tries from here. Please wait a little.", wait)
    proofs = await _proofs()
    challenge = await site.db.write(passkeys.ask)
    return site.pages.page("admin/passkey.html", options=proofs.to_enter(site.settings, challenge))


@post("/admin/passkey/enter")
async def enter(request: Request[Any, Any, Any]) -> Response[Any]:
    """A passkey is two steps at once: the device, and what it asks of its owner. Raises BadInput."""
    site = site_of(request)
    text = (await read_fields(request, {"answer": LONGEST_ANSWER})).values.get("answer", "")
    answer = _read(text)
    if not await site.db.write(passkeys.answered, answer.challenge):
        raise BadInput(NO_KEY)
    passkey = await site.db.read(passkeys.find, answer.id)
    if passkey is None:
        raise BadInput(NO_KEY)
    counter = (await _proofs()).entered(site.settings, text, answer.challenge, passkey)
    browser = request.headers.get("user-agent", "")
    secret = await site.db.write(_come_in, site, passkey, counter, browser)
    response = Redirect("/admin", status_code=303)
    response.set_cookie(cookie(site, secret))
    return response


async def _come_in(tx: Tx, site: Site, passkey: Passkey, counter: int, browser: str) -> str:
    """Raises BadInput."""
    if not await passkeys.used(tx, passkey, counter):
        raise BadInput(NO_KEY)
    return await site.owners.come_in(tx, passkey.owner_id, browser, "passkey")


ENTERING = [ask, enter]
ROUTES = [show, change]
