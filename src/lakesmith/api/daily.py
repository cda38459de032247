"""The days of every stream, put together from the record and judged by their volume."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo
from typing import TYPE_CHECKING, Any

from lakesmith.monitor.judging import volume
from lakesmith.monitor.judging.calendar import event_on
from lakesmith.monitor.judging.days import Rhythm, days_of_table, newest_whole_day
from lakesmith.monitor.judging.results import spares
from lakesmith.monitor.judging.series import SEEN_DAYS
from lakesmith.monitor.judging.values import LEARNING, Judgement

if TYPE_CHECKING:
    from lakesmith.api.thoughts import Thoughts
    from lakesmith.model.streams import StreamSpec

LOOKED_BACK, LOOKED_FAR_BACK = timedelta(days=SEEN_DAYS + 14), timedelta(days=400)
_SEEN: dict[tuple[str, str, str, str], tuple[date, str, Judgement]] = {}
"""What was thought in this process of a stream's days, up to which day and after which run: `lakesmith up` asks every minute."""


def volumes(thoughts: Thoughts, streams: Sequence[str]) -> Iterator[Judgement]:
    """Judge the newest whole day of each table, once: the second look at the same day only repeats what was thought."""
    wanted: dict[str, date] = {}
    specs = {str(spec.id): spec for spec in thoughts.shop.config.streams()}
    rhythms = {name: _rhythm(thoughts, specs[name]) for name in streams if thoughts.promises.watch(name).volume}
    newest: dict[str, str] = {}
    for stream, rhythm in rhythms.items():
        runs = thoughts.promises.about(thoughts.runs, stream)
        well = next((run.meant_at for run in runs if run.command == "run" and thoughts.went_well(run, stream)), None)
        until = newest_whole_day(rhythm, thoughts.now, well)
        newest[stream] = f"{runs[0].run_id} {runs[0].state}" if runs else ""
        before = thoughts.known.get((stream, "", volume.RULE))
        if before is not None and before.bucket >= until.isoformat() and rhythm.day(before.judged_at) >= until:
            yield before
        elif (seen := _SEEN.get(_key(thoughts, stream))) and seen[:2] == (until, newest[stream]):
            yield seen[2]
        else:
            wanted[stream] = until
    for one in _volumes_of(thoughts, wanted, rhythms) if wanted else ():
        _SEEN[_key(thoughts, one.subject)] = (wanted[one.subject], newest[one.subject], one)
        yield one


def _key(thoughts: Thoughts, stream: str) -> tuple[str, str, str, str]:
    config = thoughts.shop.config
    return str(config.root), config.config_hash, thoughts.shop.target.name, stream


def _volumes_of(thoughts: Thoughts, wanted: Mapping[str, date], rhythms: Mapping[str, Rhythm]) -> Iterator[Judgement]:
    rare: dict[str, date] = {}
    first = thoughts.facts.first_loads(wanted)
    for one in _volumes_since(thoughts, thoughts.now - LOOKED_BACK, wanted, rhythms):
        if one.verdict == LEARNING and first[one.subject] < thoughts.now - LOOKED_BACK:
            rare[one.subject] = wanted[one.subject]  # a table that is loaded every week has its days further back
        else:
            yield one
    if rare:
        yield from _volumes_since(thoughts, thoughts.now - LOOKED_FAR_BACK, rare, rhythms)


def _volumes_since(
    thoughts: Thoughts, since: datetime, wanted: Mapping[str, date], rhythms: Mapping[str, Rhythm]
) -> Iterator[Judgement]:
    first, hours = thoughts.facts.first_loads(wanted), thoughts.facts.hours(wanted, since)
    looks = thoughts.facts.looks(since)
    days: dict[tuple[Any, tzinfo], frozenset[date]] = {}
    for stream, until in wanted.items():
        if stream not in first:
            continue
        rhythm = rhythms[stream]
        looked: set[date] = set()
        for key, hours_of in looks.items():
            selection, pipeline, failed = key
            if thoughts.promises.covers(selection, pipeline, stream) and (not failed or spares(failed, stream)):
                if (key, rhythm.zone) not in days:  # the same for every table that these runs are about
                    days[key, rhythm.zone] = frozenset(map(rhythm.day, hours_of))
                looked |= days[key, rhythm.zone]
        special = _Special(thoughts.shop.config.monitor.calendar, stream)
        counted = days_of_table(
            stream, hours.get(stream, ()), looked, rhythm, during=(first[stream], until), is_special=special
        )
        if counted is None:
            yield volume.never_whole(stream, until, at=thoughts.now)
        else:
            yield volume.judge_volume(counted, at=thoughts.now, event=special.name(counted.days[-1].day))


def _rhythm(thoughts: Thoughts, spec: StreamSpec) -> Rhythm:
    stream = str(spec.id)
    schedule = thoughts.promises.promise(stream, ()).schedule if thoughts.promises.has_schedule(stream) else None
    return Rhythm(schedule, thoughts.promises.zone, spec.is_swapped)


@dataclass(frozen=True, slots=True)
class _Special:
    """The known events of a table."""

    calendar: Sequence[Any]
    subject: str

    def name(self, day: date) -> str:
        """Return the name of the event that a day is part of, empty for a usual day."""
        return event_on(self.calendar, self.subject, day)

    def __call__(self, day: date) -> bool:
        return bool(self.name(day))
