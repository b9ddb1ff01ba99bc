"""The picture at the top of mails, for programs: looked at, sent as a file, taken away."""

from typing import Annotated

import msgspec
from msgspec import Meta

from newsletter.errors import NotFound
from newsletter.web.api.asking import Call, Endpoint, Reply
from newsletter.web.api.settings import PATH
from newsletter.web.kit import logo

ONE = f"{PATH}/logo"
PNG = "image/png"
NONE = "No picture is set for the top of mails."


class Logo(msgspec.Struct):
    url: Annotated[
        str,
        Meta(
            description="Where mails have it from; another picture has another address",
            examples=["https://news.example.org/logo/0123456789ab.png"],
        ),
    ]
    size: Annotated[int, Meta(description="Bytes")]
    width: Annotated[int, Meta(description="Pixels, as mails show it", examples=[48])]
    height: Annotated[int, Meta(description="Pixels, as mails show it", examples=[48])]


async def get_logo(call: Call) -> Reply:
    """The picture at the top of mails."""
    one = call.site.letters.brand.logo
    if one is None:
        raise NotFound(NONE)
    url = f"{call.site.settings.public_url}/logo/{one.name}"
    return Reply(Logo(url, len(one.content), one.width, one.height))


async def put_logo(call: Call) -> Reply:
    """Puts the PNG that is the body at the top of mails."""
    assert call.file is not None
    await logo.keep(call.site, call.file)
    return await get_logo(call)


async def delete_logo(call: Call) -> Reply:
    """Removes the picture at the top of mails."""
    await logo.remove(call.site)
    return Reply()


ENDPOINTS = (
    Endpoint("GET", ONE, "settings:read", get_logo, gives=Logo, refuses=(404,)),
    Endpoint("PUT", ONE, "settings:write", put_logo, 200, file=PNG, gives=Logo),
    Endpoint("DELETE", ONE, "settings:write", delete_logo, 204),
)
