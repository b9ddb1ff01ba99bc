"""How text files are encoded, as an owner meets it: what was recognised, and what else a file may be in."""

import codecs

from newsletter.words import marked

ENCODINGS = {
    "utf-8": "UTF-8",
    "utf-16": "UTF-16",
    "windows-1252": marked("Windows-1252 (Western Europe)"),
    "iso-8859-15": marked("ISO 8859-15 (Western Europe)"),
    "mac-roman": marked("Macintosh (Western Europe)"),
    "windows-1250": marked("Windows-1250 (Central Europe)"),
    "iso-8859-2": marked("ISO 8859-2 (Central Europe)"),
    "windows-1251": marked("Windows-1251 (Cyrillic)"),
    "koi8-r": marked("KOI8-R (Cyrillic)"),
    "windows-1253": marked("Windows-1253 (Greek)"),
    "windows-1254": marked("Windows-1254 (Turkish)"),
    "windows-1255": marked("Windows-1255 (Hebrew)"),
    "windows-1256": marked("Windows-1256 (Arabic)"),
    "shift_jis": marked("Shift JIS (Japanese)"),
    "gb18030": marked("GB 18030 (Chinese)"),
    "big5": marked("Big5 (Chinese)"),
    "euc-kr": marked("EUC-KR (Korean)"),
}

_ALSO = {"utf-8-sig": "utf-8", "utf-16-le": "utf-16", "utf-16-be": "utf-16"}
_BY_CODEC = {codecs.lookup(name).name: name for name in ENCODINGS}


def name_of(codec: str) -> str:
    """One of those above where it is one, else as it is called."""
    return _ALSO.get(codec) or _BY_CODEC.get(codecs.lookup(codec).name, codec)
