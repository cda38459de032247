"""Asks before something is changed that people look at."""

from __future__ import annotations

import sys

import click

from lakesmith.errors import UsageError

yes_option = click.option("--yes", "-y", "yes", is_flag=True, help="Do it without asking.")
dry_run_option = click.option("--dry-run", is_flag=True, help="Say what would be done, and change nothing.")


def agree(question: str, *, yes: bool, as_json: bool) -> None:
    """Return if somebody agrees.

    Raises:
        UsageError: If nobody can be asked: `--json`, or no terminal.
        Abort: If the answer is no.
    """
    if yes:
        return
    if as_json or not sys.stdin.isatty():
        raise UsageError(
            "This changes what readers see, and nobody is here to be asked.",
            where="the command line",
            fix="add --yes, or look first with --dry-run",
        )
    click.confirm(question, abort=True, err=True)
