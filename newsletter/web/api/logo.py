"""The picture at the top of mails, for programs: looked at, sent as a file, taken away."""

from typing import Annotated

import msgspec
from msgspec import Meta

from newsletter.errors import NotFound, SettingsError
from newsletter.mail.brand import Logo as Picture
from newsletter.mail.brand import logo_of
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
    return Reply(_shape(call, one))


def _shape(call: Call, one: Picture) -> Logo:
    url = f"{call.site.settings.public_url}/logo/{one.name}"
    return Logo(url, len(one.content), one.width, one.height)


async def put_logo(call: Call) -> Reply:
    """Puts the PNG that is the body at the top of mails."""
    assert call.file is not None
    await logo.keep(call.site, call.file, lambda kept: call.match(_kept(call, kept)))
    return await get_logo(call)


def _kept(call: Call, setting: str) -> Logo | None:
    """As it is shown; None where no picture is kept that can be."""
    try:
        return _shape(call, logo_of(setting)) if setting else None
    except SettingsError:
        return None


async def delete_logo(call: Call) -> Reply:
    """Removes the picture at the top of mails."""
    await logo.remove(call.site, lambda kept: _there(call, _kept(call, kept)))
    return Reply()


def _there(call: Call, one: Logo | None) -> None:
    """Raises NotFound, Refusal."""
    if one is None:
        raise NotFound(NONE)
    call.match(one)


ENDPOINTS = (
    Endpoint("GET", ONE, "settings:read", get_logo, gives=Logo, single=True, refuses=(404,)),
    Endpoint(
        "PUT", ONE, "settings:write", put_logo, 200, file=PNG, gives=Logo, single=True, matches=True, makes=True,
    ),
    Endpoint("DELETE", ONE, "settings:write", delete_logo, 204, matches=True, refuses=(404,)),
)  # fmt: skip
