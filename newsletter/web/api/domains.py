"""Domains with trouble, for programs: what each provider took, what came back, and mailboxes that take nothing."""

from typing import Annotated

import msgspec
from msgspec import Meta

from newsletter.clock import iso
from newsletter.errors import BadInput, Conflict
from newsletter.mail import trouble
from newsletter.web.api import shapes
from newsletter.web.api.asking import Call, Endpoint, Reply
from newsletter.web.kit import giving_up

PATH = "/domains"
SHOWN = 200


class TroubledDomain(msgspec.Struct):
    """A mailbox provider from which mail came back."""

    name: Annotated[str, Meta(examples=["gmail.com"])]
    accepted: Annotated[int, Meta(description="By its servers, also what came back later")]
    soft: Annotated[int, Meta(description="Full, or not to be reached for a while")]
    hard: Annotated[int, Meta(description="There is no such address")]
    policy: Annotated[int, Meta(description="It refuses you")]
    complaint: Annotated[int, Meta(description="Called spam")]
    verdict: trouble.Verdict
    to_do: str


class Wavering(msgspec.Struct):
    """An active reader of whom every mail has come back for a while."""

    id: shapes.Id
    email: str
    times: int
    since: shapes.Time


class Domains(msgspec.Struct):
    days: Annotated[int, Meta(description="So far back it looks")]
    troubled: Annotated[list[TroubledDomain], Meta(description="The worst first, 50 at most")]
    others: Annotated[int, Meta(description="Providers from which nothing came back")]
    accepted: Annotated[int, Meta(description="Mails that those took")]
    wavering: Annotated[int, Meta(description=f"Readers; {giving_up.MOST} stands for any more")]
    first: Annotated[list[Wavering], Meta(description=f"The first {SHOWN} of them")]


class GivingUp(msgspec.Struct):
    wavering: Annotated[int, Meta(ge=0, le=giving_up.MOST, description="As many as were read", examples=[3])]


class GivenUp(msgspec.Struct):
    readers: int


async def get_domains(call: Call) -> Reply:
    """What mailbox providers took of late, what came back, and what to do about it."""
    site = call.site
    report = await site.db.read(trouble.report)
    wavering = await site.db.read(site.returns.wavering, giving_up.MOST)
    first = [Wavering(str(one.id), one.email, one.times, iso(one.first)) for one in wavering[:SHOWN]]
    troubled = [_shape(one) for one in report.troubled]
    return Reply(Domains(trouble.DAYS, troubled, report.others, report.accepted, len(wavering), first))


def _shape(one: trouble.Taken) -> TroubledDomain:
    return TroubledDomain(
        one.name, one.accepted, one.soft, one.hard, one.policy, one.complaint, one.verdict, one.to_do
    )


async def give_up_wavering(call: Call) -> Reply:
    """Mails those whose mailboxes take nothing of late no more for 90 days, where they are as many as were read."""
    wanted: GivingUp = call.body
    try:
        return Reply(GivenUp(await giving_up.give_up(call.site, str(wanted.wavering))))
    except BadInput as error:
        raise Conflict(error.sentence) from None


ENDPOINTS = (
    Endpoint("GET", PATH, "subscribers:read", get_domains, gives=Domains),
    Endpoint("POST", f"{PATH}/give-up", "subscribers:write", give_up_wavering, 200, GivingUp, gives=GivenUp),
)  # fmt: skip
