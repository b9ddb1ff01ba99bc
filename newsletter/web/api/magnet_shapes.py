"""What programs send and get about lead magnets, as the description has it."""

from typing import Annotated

import msgspec
from msgspec import UNSET, Meta, UnsetType

from newsletter.clock import iso
from newsletter.magnets import Magnet as Kept
from newsletter.magnets import Version
from newsletter.web.api.form_shapes import Slug, Title
from newsletter.web.api.shapes import Time

About = Annotated[str, Meta(max_length=600)]
Attach = Annotated[bool, Meta(description="Whether a small file comes with its mail, beside the link")]
FileName = Annotated[
    str, Meta(max_length=200, description="What readers save it as", examples=["Structure your career.pdf"])
]
Notes = Annotated[str, Meta(max_length=200, description="What is new in it", examples=["Shorter"])]


class Magnet(msgspec.Struct):
    slug: str
    title: str
    description: str
    attach: bool
    version: int
    size: Annotated[int, Meta(description="Bytes")]


class Magnets(msgspec.Struct):
    items: list[Magnet]


def magnet(one: Kept) -> Magnet:
    return Magnet(one.slug, one.title, one.description, one.attach, one.number, one.size)


class NewMagnet(msgspec.Struct):
    """The fields of a query: the body is the file."""

    slug: Slug
    title: Title
    description: About = ""
    attach: Attach = False
    name: FileName = ""


class MagnetChange(msgspec.Struct):
    title: Title | UnsetType = UNSET
    description: About | UnsetType = UNSET
    attach: Attach | UnsetType = UNSET


class NewVersion(msgspec.Struct):
    """The fields of a query: the body is the file."""

    notes: Notes = ""
    name: FileName = ""


class MagnetReceipt(msgspec.Struct):
    slug: str
    version: int


class MagnetVersion(msgspec.Struct):
    version: int
    notes: str
    created: Time
    name: str
    size: Annotated[int, Meta(description="Bytes")]
    sha256: str
    people: Annotated[int, Meta(description="Who downloaded it themselves")]


class MagnetVersions(msgspec.Struct):
    items: list[MagnetVersion]


def version(one: Version) -> MagnetVersion:
    return MagnetVersion(
        one.number, one.notes, iso(one.created_at), one.name, one.size, one.sha256, one.people
    )
