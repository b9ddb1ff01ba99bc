"""Texts as XML has them: escaped, and without what it allows nowhere."""

import re
from html import escape

_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")  # XML 1.0 §2.2


def xml_text(text: str, instead: str = "\ufffd") -> str:
    """For between two tags; not in CDATA, which a text could end. `instead`: of a character that XML can't hold."""
    return escape(_NOT_XML.sub(instead, text), quote=False)


def xml_value(text: str) -> str:
    """An attribute's value, with its quotes."""
    return '"' + escape(_NOT_XML.sub("\ufffd", text)) + '"'
