"""What readers meet: forms, confirmation, downloads, leaving, preferences. No cookie is ever set here."""

from newsletter.web.public import assets, confirm, downloads, forms, preferences, unsubscribe

ROUTES = [
    *forms.ROUTES,
    *confirm.ROUTES,
    *downloads.ROUTES,
    *unsubscribe.ROUTES,
    *preferences.ROUTES,
    *assets.ROUTES,
]
