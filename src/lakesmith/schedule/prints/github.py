"""A schedule as a workflow of GitHub Actions. Times in a zone: github/docs, "schedule", key `timezone`."""

from __future__ import annotations

from collections.abc import Sequence

import yaml

from lakesmith.schedule.duties import Duty
from lakesmith.schedule.prints.commands import Place
from lakesmith.schedule.prints.rhythms import cron_of


def workflow(duties: Sequence[Duty], place: Place, *, extras: str = "") -> str:
    """Return the text of `.github/workflows/lakesmith.yml`.

    Runs of the project wait for each other. The lake has to be one that the runner reaches: a bucket, not a folder.

    Raises:
        UsageError: If cron has no words for a rhythm.
    """
    rhythms = {duty.name: cron_of(duty) for duty in duties}
    starts = []
    for line, zone in dict.fromkeys(rhythms.values()):
        starts.append({"cron": line} | ({"timezone": zone} if zone != "UTC" else {}))
    jobs = {
        duty.name: {
            "if": f"github.event_name == 'workflow_dispatch' || github.event.schedule == '{rhythms[duty.name][0]}'",
            "runs-on": "ubuntu-latest",
            "steps": _steps(duty, place, extras),
        }
        for duty in duties
    }
    told = {
        "name": f"lakesmith {place.project}",
        "on": {"schedule": starts, "workflow_dispatch": {}},
        "permissions": {"contents": "read"},
        "concurrency": {"group": f"lakesmith-{place.project}-{place.target}", "cancel-in-progress": False},
        "jobs": jobs,
    }
    head = (
        "# Printed by `lakesmith schedule --github`. Secrets that lakesmith.yml names have to be set in `env` below.\n"
    )
    return head + str(yaml.safe_dump(told, sort_keys=False, allow_unicode=True, width=120))


def _steps(duty: Duty, place: Place, extras: str) -> list[dict[str, object]]:
    package = f"lakesmith[{extras}]" if extras else "lakesmith"
    words = ["lakesmith", "run", "--target", place.target, *(_shell(word) for word in duty.words())]
    return [
        {"uses": "actions/checkout@v5"},
        {"uses": "actions/setup-python@v6", "with": {"python-version": "3.13"}},
        {"run": f"pip install '{package}'"},
        {"run": " ".join(words), "env": {"LAKESMITH_TRIGGER": "github", "LAKESMITH_PIPELINE": duty.name}},
    ]


def _shell(word: str) -> str:
    from shlex import quote

    return quote(word)
