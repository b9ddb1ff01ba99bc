"""The log of a service for programs: each line of it is a JSON object, from the first to the last."""

import json
import logging
import signal
import subprocess
import sys

from newsletter.cli.logs import JsonLines
from tests.cli.machine import Machine


def test_the_services_log_is_json_from_end_to_end(machine: Machine) -> None:
    environment = machine.environment | {"NEWSLETTER_LOG_FORMAT": "json"}
    command = machine.command("serve", "--port", "0")
    with subprocess.Popen(
        command, cwd=machine.folder, env=environment, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stderr
        lines: list[dict[str, str]] = []
        for line in process.stderr:
            lines.append(json.loads(line))
            if lines[-1]["text"].startswith("Answering on http://127.0.0.1:"):
                process.send_signal(signal.SIGTERM)
        assert process.wait() == 0
    assert {"at", "level", "logger", "text"} <= lines[-1].keys()
    assert ("info", "newsletter.web.server") in [(line["level"], line["logger"]) for line in lines]


def test_whatever_is_logged_is_one_line() -> None:
    try:
        raise ValueError("a\nb")
    except ValueError:
        trouble = sys.exc_info()
    record = logging.LogRecord("x", logging.ERROR, "", 0, "two\nlines \x1b[2J of %s", ("é",), trouble)
    record.created = 1_768_478_400.0
    line = JsonLines().format(record)
    assert "\n" not in line
    assert line.isprintable()
    said = json.loads(line)
    assert (said["at"], said["level"]) == ("2026-01-15T12:00:00+00:00", "error")
    assert said["text"] == "two\nlines \x1b[2J of é"
    assert said["trace"].endswith("ValueError: a\nb")
