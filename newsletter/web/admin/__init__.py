"""The desk: where the owner sees what happened, answers, writes, and takes everything out."""

from typing import Any

from newsletter.owners import Role
from newsletter.web.admin import (
    archive,
    ask_again,
    audit,
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
    domains,
    entering,
    export,
    forms,
    home,
    imports,
    magnets,
    passkeys,
    people,
    relay,
    second_step,
    sequences,
    sequences_page,
    sequences_people,
    sequences_steps,
    sessions,
    settings,
    subscriber,
    subscriber_consent,
    subscribers,
    subscribers_many,
    suppressions,
    tokens,
    webhooks,
)
from newsletter.web.admin.door import (
    ANYBODY,
    LEAST,
    CodeDue,
    SignedOut,
    StepDue,
    admit,
    noted,
    to_code,
    to_sign_in,
    to_step,
)
from newsletter.web.kit.body import arrived
from newsletter.web.kit.routes import Routes
from newsletter.web.kit.site import Site
from newsletter.web.kit.traces import traced

LEAST_ROLE: dict[Role, list[Any]] = {  # what each role may, beside what the ones before it may
    "moderator": [
        *home.ROUTES,
        *sessions.ROUTES,
        *comments.ROUTES,
        *passkeys.ROUTES,
        *comments.ROUTES,
        *second_step.ROUTES,
        *comment.ROUTES,
    ],
    "editor": [
        *export.ROUTES,
        *forms.ROUTES,
        *imports.ROUTES,
        *magnets.ROUTES,
        *subscribers.ROUTES,
        *subscribers_many.ROUTES,
        *subscriber.ROUTES,
        *subscriber_consent.ROUTES,
        *suppressions.ROUTES,
        *domains.ROUTES,
        *ask_again.ROUTES,
        *broadcasts.ROUTES,
        *broadcasts_writing.ROUTES,
        *broadcasts_preview.ROUTES,
        *broadcasts_sending.ROUTES,
        *broadcasts_report.ROUTES,
        *broadcasts_people.ROUTES,
        *sequences.ROUTES,
        *sequences_page.ROUTES,
        *sequences_people.ROUTES,
        *sequences_steps.ROUTES,
        *archive.ROUTES,
    ],
    "owner": [
        *comment_settings.ROUTES,
        *settings.ROUTES,
        *relay.ROUTES,
        *people.ROUTES,
        *audit.ROUTES,
        *tokens.ROUTES,
        *webhooks.ROUTES,
        *doctor.ROUTES,
    ],
}


def routes() -> Routes:
    """All of them, for one app; each asks first who it is."""
    return Routes(
        "/",
        route_handlers=[
            Routes("/", route_handlers=[*entering.ROUTES, *passkeys.ENTERING], opt={LEAST: ANYBODY}),
            *(Routes("/", route_handlers=some, opt={LEAST: role}) for role, some in LEAST_ROLE.items()),
        ],
        guards=[admit],
        before_request=arrived,
        after_request=noted,
        exception_handlers={SignedOut: to_sign_in, CodeDue: to_code, StepDue: to_step},
    )


def site(whole: Site) -> Site:
    """As the desk works on it: what is done there is noted."""
    return traced(whole)
