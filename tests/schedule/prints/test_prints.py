import shutil
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from lakesmith.errors import UsageError
from lakesmith.project.settings import Schedule
from lakesmith.project.ticks import ticks
from lakesmith.schedule.duties import Duty
from lakesmith.schedule.prints.commands import Place
from lakesmith.schedule.prints.cron import crontab
from lakesmith.schedule.prints.github import workflow
from lakesmith.schedule.prints.rhythms import cron_of
from lakesmith.schedule.prints.systemd import calendar_lines, units

PLACE = Place("acme", Path("/srv/acme data"), "prod", "/opt/lakesmith/bin/lakesmith")
ALL = Duty("everything", Schedule(cron="0 6 * * mon-fri", timezone="Europe/Berlin"))
ORDERS = Duty("orders", Schedule(every="2h"), "source:app.orders+", "tag:slow%")
NOW = datetime(2026, 11, 22, 5, 3, 7, tzinfo=UTC)


@settings(deadline=None, max_examples=40)
@given(st.sampled_from(["1m", "5m", "20m", "1h", "4h", "12h", "1d"]))
def test_an_interval_in_the_words_of_cron_starts_at_the_same_moments(every):
    duty = Duty("orders", Schedule(every=every))
    line, zone = cron_of(duty)
    assert zone == "UTC"
    span = NOW, NOW + timedelta(days=2)
    assert list(ticks(Schedule(cron=line), *span)) == list(ticks(duty.schedule, *span))


@pytest.mark.parametrize("every", ["7m", "5h", "2d", "90m", "30s", "1w"])
def test_an_interval_that_cron_cannot_say_is_refused_by_name(every):
    with pytest.raises(UsageError, match=f"rhythm of orders: every {every}"):
        cron_of(Duty("orders", Schedule(every=every)))


def test_a_crontab_has_a_line_for_each_duty_with_its_zone_and_no_bare_percent_sign():
    lines = crontab((ALL, ORDERS), PLACE).splitlines()[1:]
    assert lines[0] == "CRON_TZ=Europe/Berlin"
    assert lines[1].startswith("0 6 * * mon-fri env LAKESMITH_TRIGGER=cron LAKESMITH_PIPELINE=everything flock ")
    assert lines[1].endswith("/lakesmith run --project '/srv/acme data' --target prod")
    assert lines[2] == "CRON_TZ=UTC"
    assert lines[3].endswith("--select source:app.orders+ --exclude tag:slow\\%")


def test_a_workflow_starts_each_duty_at_its_own_time_and_lets_runs_wait_for_each_other():
    told = yaml.safe_load(workflow((ALL, ORDERS), PLACE))
    assert told["on"]["schedule"] == [
        {"cron": "0 6 * * mon-fri", "timezone": "Europe/Berlin"},
        {"cron": "0 */2 * * *"},
    ]
    assert told["concurrency"] == {"group": "lakesmith-acme-prod", "cancel-in-progress": False}
    assert told["jobs"]["orders"]["if"].endswith("github.event.schedule == '0 */2 * * *'")
    assert told["jobs"]["orders"]["steps"][-1]["run"] == (
        "lakesmith run --target prod --select source:app.orders+ --exclude tag:slow%"
    )


def test_units_say_the_command_as_systemd_reads_it():
    found = units((ALL, ORDERS), PLACE)
    assert sorted(found) == [
        "lakesmith-acme-everything.service",
        "lakesmith-acme-everything.timer",
        "lakesmith-acme-orders.service",
        "lakesmith-acme-orders.timer",
    ]
    service = found["lakesmith-acme-orders.service"]
    assert 'run --project "/srv/acme data" --target prod --select source:app.orders+ --exclude tag:slow%%\n' in service
    assert "Persistent=true" in found["lakesmith-acme-orders.timer"]


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is a program of Linux machines")
@pytest.mark.parametrize(
    ("line", "zone"),
    [
        ("0 6 * * mon-fri", "Europe/Berlin"),
        ("*/15 8-9 1 * *", "UTC"),
        ("5 0 * jan,jul 0", "America/New_York"),
        ("30 22 13 * fri", "UTC"),
        ("0 3 * * 5-7", "Asia/Kolkata"),
        ("10 4/6 */2 * *", "UTC"),
    ],
)
def test_systemd_reads_the_times_that_cron_means(line, zone):
    expected = list(ticks(Schedule(cron=line, timezone=zone), NOW, NOW + timedelta(days=900)))[:12]
    found = set()
    for calendar in calendar_lines(line, zone):
        told = subprocess.run(
            ["systemd-analyze", "calendar", "--iterations=12", f"--base-time={NOW:%Y-%m-%d %H:%M:%S} UTC", calendar],
            env={"PATH": "/usr/bin:/bin", "TZ": "UTC", "LC_ALL": "C"},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        found |= {
            datetime.strptime(text.strip().split(": ", 1)[1].strip(), "%a %Y-%m-%d %H:%M:%S UTC").replace(tzinfo=UTC)
            for text in told.splitlines()
            if text.strip().startswith(("Next elapse", "Iteration", "Iter."))
        }
    assert sorted(found)[: len(expected)] == expected
