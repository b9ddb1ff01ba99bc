"""All that there is to ask."""

from newsletter.web.api import broadcasts, comments, forms, magnets, sequences, subscribers, webhooks
from newsletter.web.api.asking import Endpoint

ENDPOINTS: tuple[Endpoint, ...] = (
    *subscribers.ENDPOINTS,
    *broadcasts.ENDPOINTS,
    *sequences.ENDPOINTS,
    *comments.ENDPOINTS,
    *forms.ENDPOINTS,
    *magnets.ENDPOINTS,
    *webhooks.ENDPOINTS,
)
