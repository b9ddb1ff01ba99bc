"""A form on a page of the owner's, for programs: the code to put there, and whether a page really carries it."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from newsletter.errors import BadInput
from newsletter.signups import Form
from newsletter.web.api.asking import Call, Endpoint, Reply
from newsletter.web.api.forms import ONE
from newsletter.web.api.reading import WRONG
from newsletter.web.kit import forms_embedding
from newsletter.web.kit.forms_page_check import check
from newsletter.web.kit.forms_page_reading import GOOD, Kind


class EmbedCode(msgspec.Struct):
    kind: Literal["plain", "script", "frame"]
    code: Annotated[str, Meta(description="HTML")]


class EmbedCodes(msgspec.Struct):
    items: list[EmbedCode]


class PageAsked(msgspec.Struct):
    page: Annotated[
        str,
        Meta(
            min_length=1,
            max_length=500,
            description="On one of the sites that may have the form",
            examples=["https://blog.example.org/on-work"],
        ),
    ]


class PageFinding(msgspec.Struct):
    kind: Annotated[Kind, Meta(description="`plain`, `frame` and `element` are well")]
    what: Annotated[str, Meta(description="Which field, form or address is meant, where one is")]


class PageFindings(msgspec.Struct):
    carries: Annotated[bool, Meta(description="Readers can sign up from it")]
    items: Annotated[list[PageFinding], Meta(description="What there is of any form of ours; else empty")]


async def list_embed_codes(call: Call) -> Reply:
    """The code that puts the form on a page: plain HTML, with the script, as a frame."""
    found = forms_embedding.codes(await _form(call), call.site.settings.public_url)
    return Reply(EmbedCodes([EmbedCode(one.id, one.text) for one in found]))  # type: ignore[arg-type]  # it has those three


async def _form(call: Call) -> Form:
    """Raises NotFound."""
    return await call.site.db.read(call.site.forms.stored, call.path["slug"])


async def check_page(call: Call) -> Reply:
    """Looks at a page now, whether it carries the form whole."""
    wanted: PageAsked = call.body
    form = await _form(call)
    try:
        found = await check(call.site, form, wanted.page)
    except BadInput as error:
        raise BadInput(WRONG, {"page": error.sentence}) from None
    items = [PageFinding(one.kind, one.what) for one in found]
    return Reply(PageFindings(any(one.kind in GOOD for one in items), items))


ENDPOINTS = (
    Endpoint("GET", f"{ONE}/embed", "forms:read", list_embed_codes, gives=EmbedCodes),
    Endpoint("POST", f"{ONE}/page", "forms:read", check_page, 200, PageAsked, gives=PageFindings,
             refuses=(409,)),
)  # fmt: skip
