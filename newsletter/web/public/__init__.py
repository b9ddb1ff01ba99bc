"""What readers meet: forms, confirmation, downloads, leaving, preferences. No cookie is ever set here."""

from litestar import Router

from newsletter.web.kit.body import arrived
from newsletter.web.public import assets, confirm, downloads, forms, preferences, unsubscribe

ROUTES = [
    Router(
        "/",
        route_handlers=[
            *forms.ROUTES,
            *confirm.ROUTES,
            *downloads.ROUTES,
            *unsubscribe.ROUTES,
            *preferences.ROUTES,
            *assets.ROUTES,
        ],
        before_request=arrived,
    )
]
