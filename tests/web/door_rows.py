"""Every door of the service: what it takes, and what it shows. Who adds a route adds its row here."""

from tests.web import door_rows_writing
from tests.web.stage import MALLORY, URL

Fields = dict[str, str]

_SIGN_UP = {"email": MALLORY, "name": "Mallory", "token": "live", "leave_blank": "", "altcha": ""}

ARTICLE = f"{URL}/on-work"
_COMMENT = {
    "url": ARTICLE, "title": "On work", "parent": "", "name": "Mallory", "email": MALLORY, "website": f"{URL}/m",
    "comment": "live", "follow": "thread", "newsletter": "1", "redirect_to": ARTICLE, "leave_blank": "",
    "token": "live", "altcha": "",
}  # fmt: skip
_THEME = {
    "author": "Mallory", "email": MALLORY, "url": f"{URL}/m", "comment": "live", "comment_post_ID": "7",
    "comment_parent": "0", "redirect_to": ARTICLE, "wp-comment-cookies-consent": "yes", "ak_hp_textarea": "",
}  # fmt: skip

_FORM = {
    "title": "A course", "intro": "In six\nletters.", "button": "Join", "wording": "Yes.", "tags": "course, spring",
    "magnet-structure-your-career": "1", "f0-label": "City", "f0-options": "Porto\nLisbon", "f0-type": "choice",
    "accent": "#1f5f5b", "allowed_origins": "", "csrf": "live",
}  # fmt: skip

_IMPORT = {"action": "start", "origin": "", "tag": "", "encoding": "", "c0": "email", "csrf": "live"}

_MAILS = {
    "confirmation-subject": "Your course", "confirmation-above": "Dear reader,\n\none more press.",
    "confirmation-below": "", "guide-subject": "Here", "guide-above": "", "guide-below": "Olga", "csrf": "live",
}  # fmt: skip

TAKEN: dict[str, Fields] = {  # what each POST takes, with good values
    "/forms/{slug:str}": _SIGN_UP,
    "/forms/{slug:str}/embed": _SIGN_UP,
    "/confirm/{token:str}": {},
    "/confirm/{token:str}/again": {},
    "/block/{token:str}": {},
    "/downloads/{token:str}/fresh": {},
    "/u/{token:str}": {},
    "/preferences/{token:str}": {"name": "Countess", "pause": "1", "topic-work": "1"},
    "/preferences/{token:str}/erase": {},
    "/preferences/{token:str}/fresh": {},
    "/comments": _COMMENT,
    "/comments/preview": {"comment": "live"},
    "/comments/confirm/{token:str}": {},
    "/comments/confirm/{token:str}/again": {},
    "/comments/edit/{token:str}": {"comment": "live", "do": "save"},
    "/comments/edit/{token:str}/delete": {},
    "/comments/moderate/{token:str}": {"action": "approve", "comment": ""},
    "/wp-comments-post.php": _THEME,
    "/f/{token:str}": {},
    "/threads/counts": {},  # it reads a list, and changes nothing
    "/isso/new": {},  # these take JSON only: tests/web/test_isso_writing.py
    "/isso/count": {},
    "/isso/preview": {},
    "/isso/id/{token:str}/like": {},
    "/isso/id/{token:str}/dislike": {},
    "/admin/suppressions": {"email": MALLORY, "csrf": "live"},
    "/admin/suppressions/lift": {"email": MALLORY, "csrf": "live"},
    "/admin/suppressions/import": {"lines": MALLORY, "csrf": "live"},
    "/admin/suppressions/file": {},  # a file, of whatever size: tests/web/test_desk_suppressions.py
    "/admin/ask-again": {"action": "end", "audience": "", "sure": "", "csrf": "live"},
    "/admin/domains": {"sure": "", "csrf": "live"},  # which asks first
    "/admin/doctor": {},  # it asks name servers: tests/web/test_desk_doctor.py
    "/admin/comments": {"action": "live", "show": "pending", "csrf": "live"},
    "/admin/comments/{id:str}": {"action": "approve", "comment": "", "raw": "", "csrf": "live"},
    "/admin/comments/settings": {
        "policy": "first",
        "depth": "3",
        "most_links": "2",
        "close_after_days": "0",
        "rules": "hold word spam",
        "csrf": "live",
    },
    "/admin/import": {},  # a file, of whatever size: tests/web/test_desk_import.py
    "/admin/import/{id:str}": _IMPORT,
    "/admin/magnets": {},  # a file, of whatever size: tests/web/test_desk_magnets.py
    "/admin/magnets/{slug:str}/tell": {"number": "1", "words": "A chapter\nmore.", "csrf": "live"},
    "/admin/forms/preview": {"look": "page", "scheme": "dark", **_FORM},
    "/admin/forms/new": {"slug": "live", **_FORM},
    "/admin/forms/{slug:str}": {"thanks_url": "", **_FORM},
    "/admin/forms/{slug:str}/mails": _MAILS,
    "/admin/forms/{slug:str}/page": {"page_url": "ftp://a.example/", "csrf": "live"},  # nothing is asked for
    "/admin/forms/{slug:str}/test": {
        "action": "begin",
        "title": "B",
        "intro": "Six\nletters.",
        "button": "B",
        "csrf": "live",
    },
    "/admin/forms/{slug:str}/mails/preview": {"which": "guide", "look": "html", "scheme": "dark", **_MAILS},
    "/admin/tokens": {"name": "Shop", "days": "30", "forms:read": "1", "csrf": "live"},
    "/admin/tokens/{slug:str}": {"csrf": "live"},
    "/admin/webhooks": {"url": "live", "subscriber.confirmed": "1", "csrf": "live"},
    "/admin/webhooks/{id:str}": {
        "action": "save",
        "sure": "",
        "url": "https://b.example/hooks",
        "comment.published": "1",
        "csrf": "live",
    },
    "/admin/subscribers/{id:str}": {
        "action": "rename",
        "sure": "",
        "name": "Ada",
        "tag": "work",
        "field": "city",
        "value": "Porto",
        "guide": "1",
        "csrf": "live",
    },
    "/admin/subscribers/many": {
        "action": "tag",
        "tag": "work",
        "who": "all",
        "status": "active",
        "where": "tag:work",
        "search": "",
        "before": "",
        "csrf": "live",
    },
    "/admin/subscribers/many/{id:str}": {"action": "start", "csrf": "live"},
    "/admin/people": {"email": MALLORY, "role": "editor", "csrf": "live"},
    "/admin/people/{id:str}": {"action": "role", "role": "editor", "sure": "", "csrf": "live"},
    **door_rows_writing.TAKEN,
    "/admin/sign-in": {"email": MALLORY},
    "/admin/enter/{token:str}": {},
    "/admin/join/{token:str}": {},
    "/admin/sign-out": {"csrf": "live", "everywhere": "1"},
    "/admin/sessions": {"end": "others", "csrf": "live"},
    "/admin/passkeys": {"action": "ask", "name": "My phone", "answer": "", "remove": "", "csrf": "live"},
    "/admin/passkey": {},  # these take what a device signs: tests/web/test_desk_passkeys.py
    "/admin/passkey/enter": {},
    "/admin/second-step": {"action": "begin", "code": "", "csrf": "live"},
    "/admin/code": {"code": "123456", "csrf": "live"},
}
BROADCAST = 7
"""The number of a draft."""

IMPORT = 8
"""The number of one that is done."""

PERSON = 9
"""The number of a subscriber."""

BULK = 13
"""The number of a tag that many are about to get."""

WEBHOOK = 11
"""The number of one."""

COLLEAGUE = 10
"""The number of an editor."""

LARGE = {"/admin/import", "/admin/magnets", "/admin/suppressions/file", "/admin/settings/logo"}
"""Where a body may be larger than any form."""

REQUIRED = {"email", "csrf"}
MULTILINE = {
    "about",
    "comment",
    "raw",
    "body",
    "intro",
    "wording",
    "f0-options",
    "lines",
    "confirmation-above",
    "confirmation-below",
    "guide-above",
    "guide-below",
    "words",
    "postal_address",
}
INDULGENT = {"/wp-comments-post.php"}  # themes send what they like

SHOWN = {
    "/",
    "/forms/{slug:str}",
    "/forms/{slug:str}/embed",
    "/forms/{slug:str}/sent",
    "/forms/{slug:str}/embed/sent",
    "/confirm/{token:str}",
    "/block/{token:str}",
    "/downloads/{token:str}",
    "/u/{token:str}",
    "/preferences/{token:str}",
    "/preferences/{token:str}/data",
    "/preferences/{token:str}/erase",
    "/comments/new",
    "/comments/sent/{token:str}",
    "/comments/edit/{token:str}",
    "/comments/confirm/{token:str}",
    "/comments/moderate/{token:str}",
    "/f/{token:str}",
    "/threads",
    "/threads/page",
    "/threads/embed",
    "/threads/counts",
    "/threads/feed",
    "/isso",
    "/isso/config",
    "/isso/feed",
    "/isso/css/isso.css",
    "/isso/id/{token:str}",
    "/archive",
    "/archive/{slug:str}",
    "/archive/feed.xml",
    "/l/{slug:str}",
    "/assets/{name:str}",
    "/logo/{name:str}",
    "/embed.js",
    "/robots.txt",
    "/health",
    "/ready",
    "/admin",
    "/admin/sign-in",
    "/admin/enter/{token:str}",
    "/admin/join/{token:str}",
    "/admin/people",
    "/admin/people/{id:str}",
    "/admin/audit",
    "/admin/sessions",
    "/admin/second-step",
    "/admin/code",
    "/admin/passkeys",
    "/admin/suppressions",
    "/admin/suppressions/export",
    "/admin/doctor",
    "/admin/ask-again",
    "/admin/domains",
    "/admin/export",
    "/admin/forms",
    "/admin/magnets",
    "/admin/magnets/{slug:str}/tell",
    "/admin/forms/new",
    "/admin/forms/{slug:str}",
    "/admin/forms/{slug:str}/mails",
    "/admin/forms/{slug:str}/page",
    "/admin/forms/{slug:str}/test",
    "/admin/tokens",
    "/admin/tokens/{slug:str}",
    "/admin/webhooks",
    "/admin/webhooks/{id:str}",
    "/admin/subscribers",
    "/admin/subscribers/{id:str}",
    "/admin/subscribers/many",
    "/admin/subscribers/many/{id:str}",
    "/admin/subscribers/{id:str}/data.json",
    "/admin/subscribers/{id:str}/consent",
    "/admin/subscribers/{id:str}/consent.json",
    "/admin/subscribers/{id:str}/consent.pdf",
    "/admin/import",
    "/admin/import/{id:str}",
    "/admin/import/{id:str}/refused.csv",
    "/admin/comments",
    "/admin/comments/{id:str}",
    "/admin/comments/settings",
    *door_rows_writing.SHOWN,
}

LEAST = {  # who may come in at the desk, by how the address begins: the longest row counts
    "/admin": "moderator",  # who sees no subscribers is led on to the comments
    "/admin/sign-in": "anybody",
    "/admin/enter": "anybody",
    "/admin/join": "anybody",
    "/admin/sign-out": "moderator",
    "/admin/sessions": "moderator",
    "/admin/second-step": "moderator",
    "/admin/code": "anybody",
    "/admin/passkeys": "moderator",
    "/admin/passkey": "anybody",
    "/admin/comments": "moderator",
    "/admin/comments/settings": "owner",
    "/admin/broadcasts": "editor",
    **door_rows_writing.LEAST,
    "/admin/export": "editor",
    "/admin/forms": "editor",
    "/admin/import": "editor",
    "/admin/magnets": "editor",
    "/admin/subscribers": "editor",
    "/admin/suppressions": "editor",
    "/admin/domains": "editor",
    "/admin/ask-again": "editor",
    "/admin/doctor": "owner",
    "/admin/people": "owner",
    "/admin/audit": "owner",
    "/admin/tokens": "owner",
    "/admin/webhooks": "owner",
}


def least(template: str) -> str | None:
    """None where nobody has said it: an address right below /admin needs a row of its own."""
    parts = template.split("/")
    begins = ("/".join(parts[:n]) for n in range(len(parts), 2 if len(parts) > 2 else 1, -1))
    return next((LEAST[one] for one in begins if one in LEAST), None)
