"""What the rows of the audit log say, in words. What has none is shown as it is kept."""

from importlib import import_module

from newsletter.words import marked

AREAS = {
    "broadcasts": marked("Broadcasts"),
    "sequences": marked("Sequences"),
    "archive": marked("Archive"),
    "comments": marked("Comments"),
    "subscribers": marked("Subscribers"),
    "import": marked("Imports"),
    "export": marked("Exports"),
    "suppressions": "Suppression list",
    "domains": "Mailboxes that take nothing",
    "ask-again": "Readers asked whether they stay",
    "forms": marked("Forms"),
    "magnets": marked("Guides"),
    "people": marked("People"),
    "tokens": "Tokens for programs",
    "webhooks": marked("Webhooks"),
    "settings": marked("Settings"),
    "sign-in": "Signing in",
    "sessions": "Signing out",
    "sending": "Sending held or let go",
    "backup": "Backups, and moves of the database",
}
"""What the log can be read for, by the first word of where it was done."""

WORDS = {
    "broadcasts/new": "Wrote a new broadcast",
    "broadcasts/{id}": "Changed the text of a broadcast",
    "broadcasts/{id}/send": "Sent a broadcast off, or set when it goes",
    "broadcasts/{id}/do": "Acted on a broadcast",
    "broadcasts/{id}/people.csv": "Took out who got a broadcast, as a file",
    "sequences": "Made a sequence",
    "sequences/{slug}": "Changed a sequence",
    "sequences/{slug}/steps/new": "Added a step to a sequence",
    "sequences/{slug}/steps/{id}": "Changed a step of a sequence",
    "archive": "Changed what the archive shows",
    "comments": "Judged comments",
    "comments/{id}": "Judged, answered or changed a comment",
    "comments/settings": "Changed the rules for comments",
    "settings": "Changed the settings",
    "settings/logo": "Changed the picture at the top of mails",
    "settings/logo/remove": "Removed the picture at the top of mails",
    "settings/relay": "Named another mail server",
    "settings/relay/forget": "Took the mail server back that the machine names",
    "settings/test": "Sent a test mail",
    "export": "Took subscribers out as a file",
    "subscribers/{id}": "Changed a subscriber",
    "subscribers/{id}/data.json": "Took out all that is known of a subscriber",
    "subscribers/{id}/consent.json": "Took out a certificate of consent",
    "subscribers/{id}/consent.pdf": "Took out a certificate of consent",
    "subscribers/many": "Chose many subscribers to change at once",
    "subscribers/many/{id}": "Changed many subscribers at once",
    "suppressions": "Put an address on the suppression list",
    "suppressions/lift": "Took an address off the suppression list",
    "suppressions/import": "Took in a suppression list",
    "suppressions/file": "Took in a suppression list, as a file",
    "ask-again": "Asked readers whether they stay, or let go who did not answer",
    "domains": "Gave up mailboxes that take nothing",
    "suppressions/export": "Took out the suppression list as a file",
    "import": "Sent a file of subscribers in",
    "import/{id}": "Worked on an import",
    "import/{id}/refused.csv": "Took out the rows that an import refused",
    "forms/new": "Made a form",
    "forms/{slug}": "Changed a form",
    "forms/{slug}/mails": "Changed the mails of a form",
    "forms/{slug}/page": "Had a page looked at, whether it carries a form",
    "forms/{slug}/test": "Began or ended a test of a form’s texts",
    "magnets": "Sent a guide in, or a new version of one",
    "magnets/{slug}/tell": "Told those who have an older version of a guide",
    "people": "Invited somebody to the desk",
    "people/{id}": "Changed or removed somebody who comes to the desk",
    "tokens": "Made a token for a program",
    "tokens/{slug}": "Revoked a token",
    "webhooks": "Made a webhook",
    "webhooks/{id}": "Changed a webhook",
    "sessions": "Signed out elsewhere",
    "sign-out": "Signed out",
    "second-step": "Changed their second step when signing in",
    "code": "Signed in, by a link and a code",
    "passkey": "Signed in, by a passkey",
    "passkeys": "Added or removed a passkey of theirs",
    "link": "Came by a sign-in link, mailed or printed",
}


def said(way: str, verb: str) -> str:
    """A sentence's beginning; nothing where there are no words for it."""
    return _of_the_api().get(verb, "") if way == "api" else WORDS.get(verb, "")


def _of_the_api() -> dict[str, str]:
    """As its description has it."""
    if not _API:
        table = import_module("newsletter.web.api.table")  # no part of the desk's start
        for one in table.ENDPOINTS:
            sentence = (one.does.__doc__ or "").partition("\n")[0].rstrip(".")
            _API[f"{one.method} {one.path.lstrip('/')}"] = sentence
    return _API


_API: dict[str, str] = {}
