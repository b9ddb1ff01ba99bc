"""What an owner sees of an import: which file, what its columns are for, what would happen, how far it has come."""

from asyncio import to_thread
from collections.abc import AsyncIterator
from typing import Any

import msgspec
from litestar import Request, Response
from litestar.response import Redirect, Stream

from newsletter.errors import BadInput, NotFound
from newsletter.ids import read_id
from newsletter.owners import Session
from newsletter.subscribers import imports, tag_name
from newsletter.web.admin.door import Sent, form_key, own_fields, refresh, session_of
from newsletter.web.admin.imports_upload import NO_FILE, receive
from newsletter.web.kit import importing
from newsletter.web.kit.encodings import ENCODINGS, name_of
from newsletter.web.kit.policy import ASKS_AGAIN
from newsletter.web.kit.site import Site, is_head, site_of
from newsletter.web.kit.text import clean
from newsletter.words import gettext as _
from newsletter.words import marked

MOST_COLUMNS = 100  # that the page asks about; those beyond are taken as they look
SAMPLES = 3
LONGEST_ORIGIN = 300
LONGEST_TAG = 100
KINDS = {
    "email": "Email address",
    "name": marked("Name"),
    "first_name": "First name",
    "last_name": "Last name",
    "status": marked("Status"),
    "subscribed": "Gets letters: yes or no",
    "disabled": "Gets no letters: yes or no",
    "tags": marked("Tags"),
    "joined": "When they joined",
    "confirmed": "When they confirmed",
    "unsubscribed": "When they left",
    "fields": "Fields, as JSON",
    "ignore": marked("– left out –"),
}
VERBS = ("check", "start", "again", "delete")
FIELDS = {"action": 10, "origin": LONGEST_ORIGIN, "tag": LONGEST_TAG, "encoding": 20}


async def begin(request: Request[Any, Any, Any]) -> Response[Any]:
    site = site_of(request)
    session = await session_of(request)
    page = await _begin(site, session)
    await refresh(request, session, page)
    return page


async def _begin(site: Site, session: Session, error: str = "") -> Response[Any]:
    found = await site.db.read(imports.uploads.newest)
    return site.pages.page(
        "admin/import.html",
        422 if error else 200,
        uploads=found,
        error=error,
        presets=[one.title for one in imports.PRESETS[1:]],
        largest=site.settings.import_mb,
        csrf=form_key(site, session),
    )


async def take(request: Request[Any, Any, Any]) -> Response[Any]:
    """Whoever isn't signed in sends nothing to our disk."""
    site = site_of(request)
    session = await session_of(request)
    try:
        sent = await receive(request, session)
    except BadInput as error:
        if error.sentence != NO_FILE:
            raise
        return await _begin(site, session, NO_FILE)
    id = 0
    try:
        await to_thread(importing.look, sent.path)
        id = await site.db.write(imports.uploads.add, _file_name(sent.name), sent.size)
        await to_thread(sent.path.rename, importing.place(site.settings, id))
    except BadInput as error:
        return await _begin(site, session, error.sentence)
    finally:
        sent.path.unlink(missing_ok=True)
    return _to(id)


def _file_name(name: str) -> str:
    try:
        return clean(name, max_length=200) or "file"
    except BadInput:
        return "file"


def _to(id: int) -> Response[Any]:
    return Redirect(
        f"/admin/import/{id}" if id else "/admin/import",
        headers={"Cache-Control": "no-store"},
        status_code=303,
    )


async def _found(site: Site, id: str) -> imports.uploads.Upload:
    number = read_id(id)
    one = None if number is None else await site.db.read(imports.uploads.find, number)
    if one is None:
        raise NotFound("There is no such import. It may have been deleted.")
    return one


async def show(request: Request[Any, Any, Any], id: str) -> Response[Any]:
    site = site_of(request)
    session = await session_of(request)
    one = await _found(site, id)
    wanted = request.query_params.get("encoding", one.chosen.encoding)
    page = (
        await _mapping(site, session, one, {"encoding": _known(wanted)}, {})
        if one.state == "uploaded"
        else await _standing(site, session, one)
    )
    await refresh(request, session, page)
    return page


def _known(encoding: str) -> str:
    """Raises BadInput."""
    if encoding and encoding not in ENCODINGS:
        raise BadInput("Please choose one of those on the page.")
    return encoding


async def _mapping(
    site: Site, session: Session, one: imports.uploads.Upload, values: dict[str, str], errors: dict[str, str]
) -> Response[Any]:
    """The columns, each with what it holds and what it is taken for."""
    try:
        encoding = values.get("encoding", "")
        table = await to_thread(importing.look, importing.place(site.settings, one.id), encoding)
    except BadInput as error:
        one = msgspec.structs.replace(one, state="failed", why=error.sentence)
        return await _standing(site, session, one)
    guess = _guess(table, one)
    columns = [
        {
            "id": f"c{n}",
            "name": name,
            "samples": [
                row.cells[n] for row in table.sample[:SAMPLES] if n < len(row.cells) and row.cells[n]
            ],
            "target": values.get(f"c{n}", guess.targets[n]),
            "own": f"field:{imports.folded(name) or f'column_{n + 1}'}",
        }
        for n, name in enumerate(table.columns[:MOST_COLUMNS])
    ]
    preset = guess.known()
    return site.pages.page(
        "admin/import_columns.html",
        422 if errors else 200,
        one=one,
        said=table.said,
        read_as=name_of(table.encoding.codec) if table.encoding else "",
        encodings=ENCODINGS,
        encoding=encoding,
        preset=preset.title if preset else "",
        taken=[one for one in columns if one["target"] != "ignore"],
        left=[one for one in columns if one["target"] == "ignore"],
        more=max(0, len(table.columns) - MOST_COLUMNS),
        kinds=KINDS,
        values={"origin": one.chosen.origin, "tag": one.chosen.tag} | values,
        errors=errors,
        longest=LONGEST_ORIGIN,
        csrf=form_key(site, session),
    )


def _guess(table: imports.Table, one: imports.uploads.Upload) -> imports.Mapping:
    """What the owner chose before, or what the columns look like; nothing where no address is found."""
    chosen = one.chosen
    if len(chosen.targets) == len(table.columns):
        return imports.Mapping(chosen.targets, chosen.preset)
    try:
        return imports.map_columns(table)
    except BadInput:
        return imports.Mapping(tuple("ignore" for _ in table.columns))


async def _standing(site: Site, session: Session, one: imports.uploads.Upload) -> Response[Any]:
    whole = await importing.has_all(site, one)
    page: Response[Any] = site.pages.page(
        "admin/import_standing.html",
        headers=ASKS_AGAIN if one.moves else None,
        one=one,
        tally=one.came,
        refused=one.dry_refused,
        whole=whole,
        csrf=form_key(site, session),
    )
    return page


async def do(request: Request[Any, Any, Any], id: str) -> Response[Any]:
    site = site_of(request)
    columns = {f"c{n}": 130 for n in range(MOST_COLUMNS)}
    sent = await own_fields(request, {**FIELDS, **columns})
    one = await _found(site, id)
    verb = sent.values.get("action", "")
    if verb not in VERBS or sent.errors.keys() - {"origin", "tag", *columns}:
        raise BadInput("Please use one of the buttons. Nothing was changed.", sent.errors)
    if verb == "check":
        return await _check(site, one, sent)
    if sent.errors:
        raise BadInput("Please look again.", sent.errors)
    if verb == "start":
        await site.db.write(imports.uploads.move, one.id, "checked", "importing")
    elif verb == "again" and one.state in ("checked", "failed"):
        await site.db.write(imports.uploads.move, one.id, one.state, "uploaded")
    elif verb == "delete":
        await importing.let_go(site, one.id)
        return _to(0)
    return _to(one.id)


async def _check(site: Site, one: imports.uploads.Upload, sent: Sent) -> Response[Any]:
    """To be looked over, as its owner says the columns are. What is wrong with that is said beside it."""
    values, errors = dict(sent.values), dict(sent.errors)
    if not values.get("origin") and "origin" not in errors:
        errors["origin"] = "Please write down how these people agreed. You may have to show it."
    if one.state not in ("uploaded", "checked", "failed"):
        return _to(one.id)
    choice, encoding = imports.uploads.Choice(), _known(values.get("encoding", ""))
    try:
        table = await to_thread(importing.look, importing.place(site.settings, one.id), encoding)
        said = {name: values[f"c{n}"] for n, name in enumerate(table.columns) if values.get(f"c{n}")}
        guess = _guess(table, one)
        mapping = imports.map_columns(table, guess.preset, said)
        tag = tag_name(values["tag"]) if values.get("tag") else ""
        origin = values.get("origin", "")
        choice = imports.uploads.Choice(mapping.targets, mapping.preset, origin, tag, encoding)
    except BadInput as error:
        errors.setdefault("columns", error.sentence)
    if errors:
        return await _mapping(site, sent.session, one, values, errors)
    await site.db.write(imports.uploads.choose, one.id, choice)
    return _to(one.id)


async def refused(request: Request[Any, Any, Any], id: str) -> Response[Any]:
    """Line and reason of every row that was refused."""
    site = site_of(request)
    await session_of(request)
    one = await _found(site, id)
    headers = {
        "Content-Disposition": 'attachment; filename="refused.csv"',
        "Cache-Control": "private, no-store",
    }
    return Stream(() if is_head(request) else _lines(site, one), media_type="text/csv", headers=headers)


async def _lines(site: Site, one: imports.uploads.Upload) -> AsyncIterator[bytes]:
    yield b"\xef\xbb\xbfline,reason\r\n"
    async for row in importing.refusals(site, one):
        yield _line(row)


def _line(row: imports.Refused) -> bytes:
    return f'{row.line},"{_(row.reason).replace(chr(34), chr(34) * 2)}"\r\n'.encode()
