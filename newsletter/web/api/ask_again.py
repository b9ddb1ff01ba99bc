"""Readers asked whether they still want letters, for programs: the draft, how it stands, and who is let go."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from newsletter.clock import iso
from newsletter.errors import BadInput, Conflict
from newsletter.subscribers import staying
from newsletter.web.api import shapes
from newsletter.web.api.asking import Call, Endpoint, Reply
from newsletter.web.api.broadcasts import PATH as BROADCASTS
from newsletter.web.kit import asking_again

PATH = "/ask-again"


class Question(msgspec.Struct):
    state: Annotated[
        Literal["none", "draft", "deleted", "asked", "over"],
        Meta(
            description="Nobody is asked; its draft waits, or was deleted; readers may answer; they have had two weeks"
        ),
    ]
    broadcast: Annotated[shapes.Id | None, Meta(description="The one that asks")]
    stay: Annotated[int, Meta(description="Who said yes")]
    silent: Annotated[int, Meta(description="Who got it, is active, and did not say yes")]
    until: Annotated[shapes.Time | None, Meta(description="So long they may answer")]


class NewQuestion(msgspec.Struct):
    audience: shapes.Filter = ""


class LettingGo(msgspec.Struct):
    silent: Annotated[int, Meta(ge=0, description="As many as were read", examples=[12])]


class LetGo(msgspec.Struct):
    unsubscribed: int
    silent: Annotated[int, Meta(description=f"Who is left: it lets {asking_again.AT_ONCE} go at once")]


async def get_question(call: Call) -> Reply:
    """Whether readers are being asked if they want letters any longer, and what they say."""
    return Reply(await _standing(call))


async def _standing(call: Call) -> Question:
    now = await call.site.db.read(asking_again.look, call.site)
    if now is None:
        return Question("none", None, 0, 0, None)
    if now.broadcast is None:
        return Question("deleted", None, 0, 0, None)
    id = str(now.broadcast.id)
    if not now.until:
        return Question("draft", id, 0, 0, None)
    return Question("over" if now.over else "asked", id, now.stay, now.silent, iso(now.until))


async def begin_question(call: Call) -> Reply:
    """Writes the draft that asks them, in our words. It is changed and sent as every broadcast."""
    wanted: NewQuestion = call.body
    audience = wanted.audience.strip()
    made = await call.site.db.write(asking_again.write, call.site, audience)
    return Reply(shapes.Receipt(str(made.id), made.state), location=f"{BROADCASTS}/{made.id}")


async def end_question(call: Call) -> Reply:
    """Ends the question: it can’t be answered any more, and who said yes is not remembered."""
    await call.site.db.write(staying.end)
    return Reply(await _standing(call))


async def let_silent_go(call: Call) -> Reply:
    """Unsubscribes who did not answer within two weeks, where they are as many as the program has read."""
    wanted: LettingGo = call.body
    try:
        count = await asking_again.let_go(call.site, str(wanted.silent))
    except BadInput as error:
        raise Conflict(error.sentence) from None
    return Reply(LetGo(count, (await _standing(call)).silent))


ENDPOINTS = (
    Endpoint("GET", PATH, "subscribers:read", get_question, gives=Question),
    Endpoint("POST", PATH, "subscribers:write", begin_question, 201, NewQuestion, gives=shapes.Receipt),
    Endpoint("POST", f"{PATH}/end", "subscribers:write", end_question, gives=Question),
    Endpoint("POST", f"{PATH}/let-go", "subscribers:write", let_silent_go, 200, LettingGo, gives=LetGo),
)  # fmt: skip
