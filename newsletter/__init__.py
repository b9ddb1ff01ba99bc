"""A self-hosted newsletter, lead-magnet and comment service for an independent author with a website."""

__version__ = "0.1.0"
