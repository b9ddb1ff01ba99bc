"""All that there is to ask."""

from newsletter.web.api import (
    broadcasts,
    comments,
    form_mails,
    forms,
    imports,
    knowing,
    logo,
    magnets,
    many,
    relay,
    sequences,
    settings,
    steps,
    subscribers,
    suppressions,
    telling,
    webhooks,
)
from newsletter.web.api.asking import Endpoint

ENDPOINTS: tuple[Endpoint, ...] = (
    *subscribers.ENDPOINTS,
    *many.ENDPOINTS,
    *knowing.ENDPOINTS,
    *suppressions.ENDPOINTS,
    *imports.ENDPOINTS,
    *broadcasts.ENDPOINTS,
    *sequences.ENDPOINTS,
    *steps.ENDPOINTS,
    *comments.ENDPOINTS,
    *forms.ENDPOINTS,
    *form_mails.ENDPOINTS,
    *magnets.ENDPOINTS,
    *telling.ENDPOINTS,
    *webhooks.ENDPOINTS,
    *settings.ENDPOINTS,
    *logo.ENDPOINTS,
    *relay.ENDPOINTS,
)
