"""Which links a comment may hold, whether it was written here or comes from elsewhere."""

import re

# A link we keep: it says where it leads (no userinfo that looks like a host, no backslash, nothing invisible).
_CHARACTERS = '[^\\s<>"\\\\\x00-\x20\x7f-\xa0\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff]'
LINK = re.compile(
    rf"(?i:https?)://(?![/?#])(?:(?![@/?#]){_CHARACTERS}){{1,300}}+(?:[/?#]{_CHARACTERS}*+)?"
    rf"|(?i:mailto):{_CHARACTERS}++"
)
