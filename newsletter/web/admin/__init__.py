"""The desk: where the owner sees what happened and takes everything out."""

from newsletter.web.admin import export, home, sessions

ROUTES = [*sessions.ROUTES, *home.ROUTES, *export.ROUTES]
