"""The desk: where the owner sees what happened, answers, writes, and takes everything out."""

from newsletter.web.admin import (
    broadcasts,
    broadcasts_people,
    broadcasts_preview,
    broadcasts_report,
    broadcasts_sending,
    broadcasts_writing,
    comment,
    comment_settings,
    comments,
    doctor,
    export,
    forms,
    home,
    imports,
    magnets,
    sessions,
    subscriber,
    subscriber_consent,
    subscribers,
    suppressions,
    tokens,
    webhooks,
)
from newsletter.web.admin.door import SignedOut, to_sign_in
from newsletter.web.kit.body import arrived
from newsletter.web.kit.routes import Routes


def routes() -> Routes:
    """All of them, for one app."""
    return Routes(
        "/",
        route_handlers=[
            *sessions.ROUTES,
            *home.ROUTES,
            *export.ROUTES,
            *forms.ROUTES,
            *imports.ROUTES,
            *magnets.ROUTES,
            *subscribers.ROUTES,
            *subscriber.ROUTES,
            *subscriber_consent.ROUTES,
            *suppressions.ROUTES,
            *comments.ROUTES,
            *comment.ROUTES,
            *comment_settings.ROUTES,
            *broadcasts.ROUTES,
            *broadcasts_writing.ROUTES,
            *broadcasts_preview.ROUTES,
            *broadcasts_sending.ROUTES,
            *broadcasts_report.ROUTES,
            *broadcasts_people.ROUTES,
            *tokens.ROUTES,
            *webhooks.ROUTES,
            *doctor.ROUTES,
        ],
        before_request=arrived,
        exception_handlers={SignedOut: to_sign_in},
    )
