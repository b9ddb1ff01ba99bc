"""The certificate of consent: what an owner shows to somebody who asks why a person is mailed.

It says what the chain of consent records says, with the words that were agreed to. The PDF is typeset by what also
makes the guide (extra `[pdf]`); without it the page is there to be printed.
"""

import importlib
import re
from datetime import datetime
from functools import partial
from importlib.util import find_spec
from typing import Any

import msgspec

from newsletter import words
from newsletter.clock import iso
from newsletter.errors import BadInput
from newsletter.paths import TEMPLATES
from newsletter.storage import Tx
from newsletter.web.kit.site import Site

SOURCE = TEMPLATES / "admin" / "certificate.typ"
FONTS = TEMPLATES / "guides" / "fonts"
_SAID = re.compile(r'\bsay\("([^"]+)"\)')
NO_PDF = (
    'A PDF needs one more package here: pip install "authors-newsletter[pdf]". '
    "The page can be printed, also to a PDF, by your browser."
)


def has_pdf() -> bool:
    return find_spec("typst") is not None


async def certificate(tx: Tx, site: Site, subscriber_id: int) -> dict[str, Any]:
    """Times in ISO 8601. Raises NotFound."""
    known = await site.subscribers.certificate(tx, subscriber_id)
    settings = site.settings
    issuer = {
        "name": settings.from_name,
        "email": settings.from_email,
        "postal_address": settings.postal_address,
        "public_url": settings.public_url,
    }
    return {"issued": iso(tx.now), "issuer": issuer, **known}


def as_json(known: dict[str, Any]) -> bytes:
    return msgspec.json.format(msgspec.json.encode(known), indent=2)


def as_pdf(known: dict[str, Any]) -> bytes:
    """Takes a tenth of a second: call it beside the loop. Raises BadInput where the extra isn't there.

    What people wrote reaches the page as data, never as its source. A character that our own typeface lacks is taken
    from those of the machine.
    """
    if not has_pdf():
        raise BadInput(NO_PDF)
    inputs = {
        "certificate": msgspec.json.encode(known).decode(),
        "words": msgspec.json.encode(_said(known)).decode(),
        "language": words.language(),
    }
    typst = importlib.import_module("typst")
    compile_ = partial(typst.compile, SOURCE, format="pdf", root=SOURCE.parent, font_paths=[FONTS])
    issued = int(datetime.fromisoformat(known["issued"]).timestamp())
    pdf: bytes = compile_(sys_inputs=inputs, timestamp=issued)
    return pdf


def _said(known: dict[str, Any]) -> dict[str, str]:
    """All that it says of its own, in the service's language."""
    sentences = [*_SAID.findall(SOURCE.read_text("utf-8")), str(known["status"])]
    return {sentence: words.gettext(sentence) for sentence in sentences}
