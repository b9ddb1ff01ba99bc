"""What a lead magnet is, apart from where it is stored."""

import msgspec


class Magnet(msgspec.Struct):
    """A lead magnet in its current version."""

    id: int
    slug: str
    title: str
    description: str
    attach: bool
    version_id: int
    number: int
    file_id: int
    size: int  # bytes
