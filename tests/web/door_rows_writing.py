"""More doors of the desk: sequences, the archive, settings. The rest is in door_rows.py, which has these too."""

_LETTER = {
    "subject": "On work", "preheader": "A thought", "sender": "Olga <olga@letters.example.org>", "audience": "tag:work",
    "archive": "yes", "body": "Hello.", "look": "html", "scheme": "dark", "at": "50",
    "csrf": "live",
}  # fmt: skip

_START = {"start": "tag", "form": "", "tag": "work", "guide": "", "csrf": "live"}
_STEP = {
    "wait": "2", "unit": "day", "subject": "On work", "preheader": "A thought", "body": "Hello.",
    "sender": "Olga <olga@letters.example.org>", "look": "html", "scheme": "dark", "at": "50", "version": "1",
    "csrf": "live",
}  # fmt: skip

TAKEN = {
    "/admin/broadcasts/new": {"action": "look", "csrf": "live"},  # and all that the next but one takes
    "/admin/broadcasts/preview": {"look": "html", "csrf": "live"},  # the same
    "/admin/broadcasts/{id:str}": {"action": "look", "version": "1", **_LETTER},
    "/admin/broadcasts/{id:str}/do": {"action": "delete", "sure": "", "csrf": "live"},  # which asks first
    "/admin/broadcasts/{id:str}/send": {
        "action": "later",
        "version": "1",
        "at": "2026-12-01T09:00",
        "offset": "",
        "csrf": "live",
    },
    "/admin/sequences": {"slug": "live", **_START},
    "/admin/sequences/{slug:str}": {"action": "start", "sure": "", "since": "", **_START},
    "/admin/sequences/{slug:str}/preview": {"action": "look", **_STEP},
    "/admin/sequences/{slug:str}/steps/new": {"action": "look", **_STEP},
    "/admin/sequences/{slug:str}/steps/{id:str}": {"action": "look", **_STEP},
    "/admin/settings": {
        "postal_address": "1 Quay",
        "time_zone": "Europe/Lisbon",
        "clicks": "yes",
        "store_ip": "yes",
        "second_step": "no",
        "reminder_hours": "48",
        "confirmation_days": "7",
        "download_days": "30",
        "pending_days": "30",
        "from_name": "Olga",
        "from_email": "olga@letters.example.org",
        "reply_to": "",
        "allowed_origins": "",
        "brand_colour": "#1f5f5b",
        "mail_per_minute": "0",
        "mail_per_day": "0",
        "ramp_up": "0",
        "domain_limits": "*=5/60",
        "mail_connections": "4",
        "in_doubt": "ask",
        "signups_per_network": "2000",
        "bare_signups_per_network": "1000",
        "signups_total": "2000",
        "proof_above": "200",
        "comments_per_network": "2000",
        "comment_pause": "0",
        "import_mb": "100",
        "csrf": "live",
    },
    "/admin/settings/logo": {},  # a file, of whatever size: tests/web/test_desk_settings.py
    "/admin/settings/logo/remove": {"csrf": "live"},
    "/admin/settings/test": {"csrf": "live"},
    "/admin/settings/relay": {},  # it asks a server: tests/web/test_desk_relay.py
    "/admin/settings/relay/forget": {"csrf": "live"},
    "/admin/archive": {"action": "about", "slug": "", "about": "Letters\non work.", "csrf": "live"},
}
SHOWN = {
    "/admin/settings",
    "/admin/settings/relay",
    "/admin/broadcasts",
    "/admin/broadcasts/new",
    "/admin/broadcasts/{id:str}",
    "/admin/broadcasts/preview",
    "/admin/broadcasts/{id:str}/preview",
    "/admin/broadcasts/{id:str}/send",
    "/admin/broadcasts/{id:str}/people",
    "/admin/broadcasts/{id:str}/people.csv",
    "/admin/archive",
    "/admin/sequences",
    "/admin/sequences/{slug:str}",
    "/admin/sequences/{slug:str}/people",
    "/admin/sequences/{slug:str}/steps/new",
    "/admin/sequences/{slug:str}/steps/{id:str}",
}
LEAST = {"/admin/sequences": "editor", "/admin/archive": "editor", "/admin/settings": "owner"}

STEP = 12
"""The number of a sequence's step."""
