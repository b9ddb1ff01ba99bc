"""What readers meet: forms, confirmation, downloads, leaving, preferences, comments. No cookie is ever set here."""

from newsletter.web.kit.body import arrived
from newsletter.web.kit.routes import Routes
from newsletter.web.public import (
    archive,
    assets,
    clicks,
    comment_confirm,
    comment_own,
    comment_wp,
    comments,
    confirm,
    downloads,
    feeds,
    forms,
    isso,
    isso_own,
    moderate,
    preferences,
    threads,
    unfollow,
    unsubscribe,
)


def routes() -> Routes:
    """All of them, for one app."""
    return Routes(
        "/",
        route_handlers=[
            *forms.ROUTES,
            *confirm.ROUTES,
            *downloads.ROUTES,
            *unsubscribe.ROUTES,
            *preferences.ROUTES,
            *moderate.ROUTES,
            *comments.ROUTES,
            *comment_wp.ROUTES,
            *comment_own.ROUTES,
            *comment_confirm.ROUTES,
            *unfollow.ROUTES,
            *threads.ROUTES,
            *feeds.ROUTES,
            *archive.ROUTES,
            *clicks.ROUTES,
            *isso.ROUTES,
            *isso_own.ROUTES,
            *assets.ROUTES,
        ],
        before_request=arrived,
    )
