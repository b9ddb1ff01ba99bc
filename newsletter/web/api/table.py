"""All that there is to ask."""

from newsletter.web.api import (
    broadcasts,
    comments,
    forms,
    imports,
    knowing,
    magnets,
    sequences,
    subscribers,
    suppressions,
    webhooks,
)
from newsletter.web.api.asking import Endpoint

ENDPOINTS: tuple[Endpoint, ...] = (
    *subscribers.ENDPOINTS,
    *knowing.ENDPOINTS,
    *suppressions.ENDPOINTS,
    *imports.ENDPOINTS,
    *broadcasts.ENDPOINTS,
    *sequences.ENDPOINTS,
    *comments.ENDPOINTS,
    *forms.ENDPOINTS,
    *magnets.ENDPOINTS,
    *webhooks.ENDPOINTS,
)
