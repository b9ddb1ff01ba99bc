"""The rows of webhooks, of their deliveries, and of what there is to tell."""
