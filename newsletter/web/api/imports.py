"""Imports for programs: a file is sent, looked over as its columns are said to be, and taken in. Nobody is mailed."""

from asyncio import to_thread
from collections.abc import AsyncIterator, Mapping
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from newsletter.clock import iso
from newsletter.errors import BadInput, Conflict, NotFound
from newsletter.storage import Tx
from newsletter.subscribers import imports, tag_name
from newsletter.web.api import shapes
from newsletter.web.api.asking import GONE, Call, Endpoint, Refusal, Reply
from newsletter.web.api.files import ANY_FILE
from newsletter.web.kit import importing
from newsletter.web.kit.encodings import ENCODINGS, name_of
from newsletter.web.kit.site import Site

PATH = "/imports"
ONE = f"{PATH}/{{id}}"
NOT_NOW = "It is {} now. Read it again."
NOT_ALL = (
    "{:,} of {:,} refused rows are kept here. Ask with part=true for those; check the file once more for all."
)
SAMPLES = 3


def _encoding(text: str) -> None:
    """Raises BadInput."""
    if text not in ENCODINGS:
        raise BadInput(f"This is one of {', '.join(ENCODINGS)}.")


Encoding = Annotated[
    str,
    Meta(
        max_length=20,
        description="Of a text file; empty: as it is recognised",
        examples=["windows-1251"],
        extra={"reads": _encoding},
    ),
]


class ImportSent(msgspec.Struct):
    """The fields of a query: the body is the file."""

    name: Annotated[str, Meta(max_length=200, examples=["people.csv"])] = ""


class Column(msgspec.Struct):
    name: str
    samples: list[str]
    target: Annotated[str, Meta(description="What it is taken for", examples=["email", "field:city"])]


class ImportTally(msgspec.Struct):
    added: Annotated[dict[str, int], Meta(description="New people, by status")]
    here: Annotated[int, Meta(description="Active already: they got the tags")]
    left: Annotated[int, Meta(description="Here before, and not active: they stay as they are")]
    refused: int


class Import(msgspec.Struct):
    id: shapes.Id
    name: str
    size: Annotated[int, Meta(description="Bytes")]
    state: imports.uploads.State
    why: Annotated[str, Meta(description="Why it failed, where it did")]
    preset: Annotated[str, Meta(description="Whose export it was taken for")]
    origin: str
    tag: str
    people: Annotated[int, Meta(description="To be taken in")]
    reached: Annotated[int, Meta(description="How many of them were gone through")]
    came: Annotated[ImportTally, Meta(description="What came of it; of a check: what would")]
    created: shapes.Time


class ImportColumns(msgspec.Struct):
    items: list[Column]
    encoding: Annotated[str, Meta(description="What a text file was read in; empty for a sheet")]


class ColumnsAsked(msgspec.Struct):
    encoding: Encoding = ""


class RefusedAsked(msgspec.Struct):
    part: Annotated[
        bool,
        Meta(description="Also where not all are kept here (410 else): of a long check’s the first 10,000"),
    ] = False


class Imports(msgspec.Struct):
    items: list[Import]


class ImportCheck(msgspec.Struct):
    """How the people agreed is kept as the proof. Columns that aren't named are taken as they look."""

    origin: Annotated[str, Meta(min_length=1, max_length=300, examples=["The form on my old page"])]
    tag: Annotated[
        str, Meta(max_length=100, description="Given to all of them", extra={"reads": tag_name})
    ] = ""
    columns: dict[shapes.Key, Annotated[str, Meta(max_length=130)]] = {}
    encoding: Encoding = ""


def _shape(one: imports.uploads.Upload) -> Import:
    choice, came = one.chosen, one.came
    return Import(
        str(one.id),
        one.name,
        one.size,
        one.state,
        one.why,
        choice.preset,
        choice.origin,
        choice.tag,
        one.people,
        one.position,
        ImportTally(came.added, came.here, came.left, came.refused),
        iso(one.created_at),
    )


async def list_imports(call: Call) -> Reply:
    """The newest imports."""
    return Reply(Imports([_shape(one) for one in await call.site.db.read(imports.uploads.newest)]))


async def get_import(call: Call) -> Reply:
    """One import: how far it is, and what came of it."""
    return Reply(_shape(await _found(call)))


async def _found(call: Call) -> imports.uploads.Upload:
    one = await call.site.db.read(imports.uploads.find, call.id)
    if one is None:
        raise NotFound(GONE)
    return one


async def add_import(call: Call) -> Reply:
    """Keeps a file of subscribers for a day; nothing of it is taken in yet."""
    asked: ImportSent = call.query
    site, path = call.site, call.file
    assert path is not None
    await to_thread(importing.look, path)
    id = await site.db.write(imports.uploads.add, asked.name or "file", path.stat().st_size)
    await to_thread(path.rename, importing.place(site.settings, id))
    return Reply(shapes.Receipt(str(id), "uploaded"), location=f"{PATH}/{id}")


async def list_import_columns(call: Call) -> Reply:
    """The columns of its file, each with what it holds and what it is taken for."""
    asked: ColumnsAsked = call.query
    one = await _found(call)
    table = await _look(call, one, asked.encoding or one.chosen.encoding)
    columns = [_column(table, n, target) for n, target in enumerate(_targets(table, one))]
    return Reply(ImportColumns(columns, name_of(table.encoding.codec) if table.encoding else ""))


async def _look(call: Call, one: imports.uploads.Upload, encoding: str) -> imports.Table:
    """Raises BadInput."""
    return await to_thread(importing.look, importing.place(call.site.settings, one.id), encoding)


def _targets(table: imports.Table, one: imports.uploads.Upload) -> tuple[str, ...]:
    if len(one.chosen.targets) == len(table.columns):
        return one.chosen.targets
    try:
        return imports.map_columns(table).targets
    except BadInput:
        return tuple("ignore" for _ in table.columns)  # no address was found in it


def _column(table: imports.Table, n: int, target: str) -> Column:
    samples = [row.cells[n] for row in table.sample[:SAMPLES] if n < len(row.cells) and row.cells[n]]
    return Column(table.columns[n], samples, target)


async def check_import(call: Call) -> Reply:
    """Looks it over, with nothing changed: what would come of it, and which rows would be refused."""
    wanted: ImportCheck = call.body
    one = await _found(call)
    table = await _look(call, one, wanted.encoding)
    mapping = imports.map_columns(table, one.chosen.preset, wanted.columns)
    tag = tag_name(wanted.tag) if wanted.tag else ""
    choice = imports.uploads.Choice(mapping.targets, mapping.preset, wanted.origin, tag, wanted.encoding)
    if not await call.site.db.write(imports.uploads.choose, one.id, choice):
        raise Conflict(NOT_NOW.format(one.state))
    return Reply(shapes.Receipt(str(one.id), "checking"))


async def _judge_columns(call: Call, given: Mapping[str, Any]) -> dict[str, str]:
    one = await _found(call)
    table = await _look(call, one, given.get("encoding", ""))
    try:
        imports.map_columns(table, one.chosen.preset, given.get("columns", {}))
    except BadInput as error:
        return {"columns": error.sentence}
    return {}


async def start_import(call: Call) -> Reply:
    """Takes in what was looked over."""
    one = await _found(call)
    if not await call.site.db.write(imports.uploads.move, one.id, "checked", "importing"):
        raise Conflict(NOT_NOW.format(one.state))
    return Reply(shapes.Receipt(str(one.id), "importing"))


async def delete_import(call: Call) -> Reply:
    """Lets the file go, and what is known of it. Who was taken in stays."""
    await importing.let_go(call.site, call.id, lambda tx: _judge(tx, call))
    return Reply()


async def _judge(tx: Tx, call: Call) -> None:
    """Raises NotFound, Refusal."""
    one = await imports.uploads.hold(tx, call.id)
    if one is None:
        raise NotFound(GONE)
    call.match(_shape(one))


async def list_refused_rows(call: Call) -> Reply:
    """Line and reason of each row that was refused, as CSV; of a check what would be refused."""
    asked: RefusedAsked = call.query
    one = await _found(call)
    if not (asked.part or await importing.has_all(call.site, one)):
        kept = 0 if one.import_id else len(one.dry_refused)
        raise Refusal(410, "Not whole any more", NOT_ALL.format(kept, one.came.refused))
    return Reply(stream=_lines(call.site, one, head=call.head), media_type="text/csv; charset=utf-8")


async def _lines(site: Site, one: imports.uploads.Upload, *, head: bool) -> AsyncIterator[bytes]:
    yield b"line,reason\r\n" if not head else b""
    if head:
        return
    async for row in importing.refusals(site, one):
        yield _line(row)


def _line(row: imports.Refused) -> bytes:
    return f'{row.line},"{row.reason.replace(chr(34), chr(34) * 2)}"\r\n'.encode()


ENDPOINTS = (
    Endpoint("GET", PATH, "subscribers:read", list_imports, gives=Imports),
    Endpoint(
        "POST", PATH, "subscribers:write", add_import, 201, file=ANY_FILE, asks=ImportSent, gives=shapes.Receipt,
    ),
    Endpoint("GET", ONE, "subscribers:read", get_import, gives=Import, single=True),
    Endpoint("DELETE", ONE, "subscribers:write", delete_import, 204, matches=True),
    Endpoint("GET", f"{ONE}/columns", "subscribers:read", list_import_columns, asks=ColumnsAsked, gives=ImportColumns),
    Endpoint("POST", f"{ONE}/check", "subscribers:write", check_import, 202, ImportCheck, gives=shapes.Receipt,
             judges=_judge_columns),
    Endpoint("POST", f"{ONE}/start", "subscribers:write", start_import, 202, gives=shapes.Receipt),
    Endpoint(
        "GET", f"{ONE}/refused", "subscribers:read", list_refused_rows, asks=RefusedAsked, gives="text/csv",
        refuses=(410,),
    ),
)  # fmt: skip
