"""The log as JSON, a line for each thing said: for programs that collect it."""

import json
import logging

from newsletter.clock import iso
from newsletter.settings import Settings


class JsonLines(logging.Formatter):
    """`at` (UTC), `level`, `logger`, `text`; and `trace` where an exception was logged as such."""

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "at": iso(int(record.created * 1000)),
            "level": record.levelname.lower(),
            "logger": record.name,
            "text": record.getMessage(),
        }
        if record.exc_info:
            line["trace"] = self.formatException(record.exc_info)
        return json.dumps(line)


def speak(settings: Settings) -> None:
    """From here on the process's log has the form that the settings ask for."""
    if settings.log_format == "json":
        for handler in logging.getLogger().handlers:
            handler.setFormatter(JsonLines())
