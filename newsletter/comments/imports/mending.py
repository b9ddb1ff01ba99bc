"""Mends what real exports have wrong, and XML forbids, before it is parsed: whole files would be lost by one byte.

WordPress writes a commenter's website without escaping its ``&``, and what was pasted with its control characters
(``^H``, ``^Q``); a theme or a plugin puts blank lines before all of it. None of this can hide anything: what is
mended is parsed as strictly as the rest.
"""

import re
from collections.abc import Iterator
from typing import BinaryIO

_CHUNK = 65_536  # bytes
_LONGEST_URL = 8_192  # bytes

_CONTROLS = bytes({*range(0x20)} - set(b"\t\n\r"))  # XML 1.0 §2.2
_LATE = re.compile(rb"\A((?:\xef\xbb\xbf)?)(\s+)(<\?xml[^<>]*\?>)")
_WEBSITE = re.compile(rb"<wp:comment_author_url>[^<]*&[^<]*")
_BARE = re.compile(rb"&(?!(?:amp|lt|gt|quot|apos|#[0-9]{1,7}|#x[0-9A-Fa-f]{1,6});)")


def mended(file: BinaryIO) -> Iterator[bytes]:
    """The file's bytes in pieces, none of them empty, with every line where it was. UTF-16 is left as it is."""
    held = _LATE.sub(rb"\1\3\2", file.read(_CHUNK), count=1)
    wide = b"\0" in held[:4]
    while held:
        more = file.read(_CHUNK)
        if wide:
            yield held
            held = more
            continue
        cut = _cut(held) if more else len(held)
        if piece := _mended(held[:cut]):
            yield piece
        held = held[cut:] + more


def _cut(data: bytes) -> int:
    """Before the last tag, so that a website stands whole in one piece."""
    last = data.rfind(b"<")
    return last if len(data) - last <= _LONGEST_URL else len(data)


def _mended(data: bytes) -> bytes:
    return _WEBSITE.sub(lambda found: _BARE.sub(b"&amp;", found[0]), data.translate(None, _CONTROLS))
