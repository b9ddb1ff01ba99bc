"""More doors of the desk: sequences, the archive. The rest is in door_rows.py, which has these too."""

_START = {"start": "tag", "form": "", "tag": "work", "guide": "", "csrf": "live"}
_STEP = {
    "wait": "2", "unit": "day", "subject": "On work", "preheader": "A thought", "body": "Hello.",
    "sender": "Olga <olga@letters.example.org>", "look": "html", "dark": "1", "at": "50", "version": "1",
    "csrf": "live",
}  # fmt: skip

TAKEN = {
    "/admin/sequences": {"slug": "live", **_START},
    "/admin/sequences/{slug:str}": {"action": "start", "sure": "", "since": "", **_START},
    "/admin/sequences/{slug:str}/preview": {"action": "look", **_STEP},
    "/admin/sequences/{slug:str}/steps/new": {"action": "look", **_STEP},
    "/admin/sequences/{slug:str}/steps/{id:str}": {"action": "look", **_STEP},
    "/admin/archive": {"action": "about", "slug": "", "about": "Letters\non work.", "csrf": "live"},
}
SHOWN = {
    "/admin/broadcasts",
    "/admin/broadcasts/new",
    "/admin/broadcasts/{id:str}",
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
LEAST = {"/admin/sequences": "editor", "/admin/archive": "editor"}

STEP = 12
"""The number of a sequence's step."""
