"""``newsletter`` on a terminal, and ``python -m newsletter``."""

import sys

import click

from newsletter.cli import cli
from newsletter.errors import NewsletterError


def main() -> None:
    """Exit codes: 0 done, 1 failed, 2 usage."""
    try:
        cli(prog_name="newsletter")
    except NewsletterError as error:
        click.echo(f"newsletter: {error.sentence}", err=True)
        sys.exit(1)


if __name__ == "__main__":
    main()
