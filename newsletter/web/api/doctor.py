"""The doctor, for programs: what stands between this service and its readers' inboxes, looked at now."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from newsletter.errors import BadInput, Conflict
from newsletter.web.api.asking import Call, Endpoint, Reply
from newsletter.web.kit.examining import examine

PATH = "/doctor"
UNDER_WAY = "A look is under way already. It takes half a minute at most; ask again then."


class DoctorFinding(msgspec.Struct):
    area: Annotated[str, Meta(description="Where one would look", examples=["SPF"])]
    level: Literal["well", "note", "wrong"]
    sentence: str
    to_do: Annotated[str, Meta(description="Empty where there is nothing to do")]


class Findings(msgspec.Struct):
    wrong: Annotated[int, Meta(description="How many of them are")]
    items: Annotated[list[DoctorFinding], Meta(description="In the order in which one would mend them")]


async def examine_service(call: Call) -> Reply:
    """Asks the DNS, the mail server and the public address what is wrong. No mail is sent, and nothing is changed."""
    try:
        found = await examine(call.site)
    except BadInput:
        raise Conflict(UNDER_WAY) from None
    items = [DoctorFinding(one.area, one.level, one.sentence, one.to_do) for one in found]
    return Reply(Findings(sum(one.level == "wrong" for one in items), items))


ENDPOINTS = (Endpoint("GET", PATH, "settings:read", examine_service, gives=Findings, refuses=(409,)),)
