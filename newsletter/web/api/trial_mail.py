"""A test mail, for programs: sent by the way of all others, and what the mail server said to it."""

from typing import Annotated

import msgspec
from msgspec import Meta

from newsletter.errors import NotFound
from newsletter.web.api import shapes
from newsletter.web.api.asking import GONE, Call, Endpoint, Reply
from newsletter.web.api.broadcasts import sample_to
from newsletter.web.api.settings import PATH as SETTINGS
from newsletter.web.kit import trial_mail

PATH = f"{SETTINGS}/test"


class TestMail(msgspec.Struct):
    state: trial_mail.State
    reply: Annotated[str, Meta(description="What the mail server said")]


async def send_test_mail(call: Call) -> Reply:
    """Mails one test, to the owner or another address."""
    id = await trial_mail.send(call.site, sample_to(call))
    return Reply(shapes.Receipt(str(id), "queued"), location=f"{PATH}/{id}")


async def get_test_mail(call: Call) -> Reply:
    """What became of a test mail."""
    found = await call.site.db.read(trial_mail.fate, call.id)
    if found is None:
        raise NotFound(GONE)
    return Reply(TestMail(found.state, found.reply))


ENDPOINTS = (
    Endpoint("POST", PATH, "settings:write", send_test_mail, 202, shapes.Test, gives=shapes.Receipt),
    Endpoint("GET", f"{PATH}/{{id}}", "settings:read", get_test_mail, gives=TestMail),
)  # fmt: skip
