"""The mail server, for programs: what is named, another one tried and taken, and back to the machine's own."""

from collections.abc import Mapping
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from newsletter.errors import BadInput
from newsletter.mail import kept
from newsletter.mail.smtp import Tls, parse_url
from newsletter.owners import people, settings_store
from newsletter.storage import Tx
from newsletter.web.api.asking import Call, Endpoint, Reply
from newsletter.web.api.reading import WRONG
from newsletter.web.api.settings import PATH
from newsletter.web.kit import relaying
from newsletter.web.kit.owner_settings import follow
from newsletter.web.kit.relaying import NotTakenError, Source, Wanted

ONE = f"{PATH}/relay"
Host = Annotated[str, Meta(min_length=1, max_length=253, examples=["smtp.example.org"])]
Port = Annotated[int, Meta(ge=1, le=65_535, examples=[587])]
Way = Annotated[
    Tls,
    Meta(description="`required`: STARTTLS; `implicit`: from the start; `auto`: where it is offered; `off`"),
]
Login = Annotated[str, Meta(max_length=200, description="Empty: it asks for none", examples=["olga"])]


class Relay(msgspec.Struct):
    host: Host
    port: Port
    tls: Way
    username: Login
    source: Annotated[Source, Meta(description="What names it; empty: it comes with the service")]
    lost: Annotated[
        bool,
        Meta(description="Another one is kept, and none of the secret keys opens it any more: name it again"),
    ]
    version: Annotated[
        str,
        Meta(
            description="Another one each time that a server is named; empty: none was",
            examples=["0123456789ab"],
        ),
    ]


class NewRelay(msgspec.Struct):
    host: Host
    port: Port
    tls: Way
    username: Login = ""
    password: Annotated[
        str,
        Meta(
            max_length=500,
            description="Never shown again. Empty: the one kept for this server and name stays",
        ),
    ] = ""
    anyway: Annotated[bool, Meta(description="Take it also where it refuses the test mail")] = False


async def get_relay(call: Call) -> Reply:
    """The mail server that all mail goes by."""
    return Reply(await call.site.db.read(_named, call))


async def _named(tx: Tx, call: Call) -> Relay:
    """As the row says that is there now, whatever this process has heard of it."""
    site = call.site
    found = await relaying.named(tx, site.settings)
    own = site.settings if found.lost else site.machine or site.settings
    now = parse_url(found.url or own.smtp_url)
    return Relay(
        now.host, now.port, now.tls, now.username or "", found.source, lost=found.lost, version=found.version
    )


async def _judge(tx: Tx, call: Call) -> None:
    """Raises Refusal."""
    call.match(await _named(tx, call))


async def put_relay(call: Call) -> Reply:
    """Names another mail server, once it has taken a test mail to the owner."""
    new: NewRelay = call.body
    wanted = Wanted(new.host, str(new.port), new.tls, new.username, new.password)
    try:
        await relaying.take(
            call.site, wanted, await _owner(call), anyway=new.anyway, judge=lambda tx: _judge(tx, call)
        )
    except NotTakenError as error:
        raise BadInput(error.sentence, {"host": kept.said(error.words)}) from None
    return await get_relay(call)


async def _judge_new(call: Call, given: Mapping[str, Any]) -> dict[str, str]:
    now = relaying.standing(call.site.settings)
    wanted = Wanted(
        given.get("host", now.host),
        str(given.get("port", now.port)),
        given.get("tls", now.tls),
        given.get("username", ""),
        given.get("password", ""),
    )
    return relaying.faults(wanted, call.site.settings)


async def _owner(call: Call) -> str:
    """Raises BadInput where nobody owns the service yet."""
    known = [one.email for one in await call.site.db.read(people.everyone) if one.role == "owner"]
    to = call.site.settings.owner_email or next(iter(known), "")
    if not to:
        raise BadInput(WRONG, {"host": "There is no owner yet who could get a test mail."})
    return to


async def delete_relay(call: Call) -> Reply:
    """Forgets the mail server that was named; the machine's own counts again."""
    await call.site.db.write(_forget, call)
    await follow(call.site)
    return Reply()


async def _forget(tx: Tx, call: Call) -> None:
    """Raises Refusal."""
    await settings_store.hold(tx)
    await _judge(tx, call)
    await settings_store.drop(tx, (relaying.NAME,))


ENDPOINTS = (
    Endpoint("GET", ONE, "settings:read", get_relay, gives=Relay, single=True),
    Endpoint(
        "PUT",
        ONE,
        "settings:write",
        put_relay,
        200,
        NewRelay,
        gives=Relay,
        single=True,
        matches=True,
        judges=_judge_new,
    ),
    Endpoint("DELETE", ONE, "settings:write", delete_relay, 204, matches=True),
)
