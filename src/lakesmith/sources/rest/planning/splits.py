"""The splits of a stream, and what each has to know to be read again."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any

from lakesmith.errors import ConnectorOptionsError
from lakesmith.model.streams import Ask, Split, StreamSpec, canonical
from lakesmith.sources.rest.flow.digging import path_of
from lakesmith.sources.rest.options import RestStreamOptions
from lakesmith.sources.rest.planning.position import Place
from lakesmith.sources.rest.planning.times import asked_since, first_day, today, window_places, written
from lakesmith.sources.rest.planning.windows import Window, due


@dataclass(frozen=True, slots=True)
class Token:
    """What a split is about: the values of its places, what its end brings to the position, where it was cut off.

    `origin` becomes `_ls_source`. Of a cursor, `last` is where it stood, `day` the day of the load. `notices` are for a person; a
    token that `asks` for nothing has no more than these.
    """

    origin: str
    places: Mapping[str, Any] = field(default_factory=dict, hash=False)
    done: Mapping[str, Any] = field(default_factory=dict, hash=False)
    state: Mapping[str, Any] | None = None
    day: str = ""
    notices: tuple[str, ...] = ()
    asks: bool = True

    def encode(self) -> bytes:
        """Return it as JSON."""
        return canonical(asdict(self))

    @classmethod
    def decode(cls, token: bytes) -> Token:
        """Return what was encoded."""
        plain = json.loads(token)
        return cls(**{**plain, "notices": tuple(plain["notices"])})


@dataclass(frozen=True, slots=True)
class Planning:
    """A stream and when it is planned. `key` are the fields that identify its records, if anybody knows."""

    stream: StreamSpec
    options: RestStreamOptions
    key: tuple[str, ...]
    now: datetime

    def splits(self, ask: Ask) -> Sequence[Split]:
        """Return what is to be read.

        Raises:
            ConnectorOptionsError: If the stream's mode cannot work with how it is asked for.
        """
        self.refuse_doubles()
        self.refuse_unmasked()
        place, incremental = Place.decode(ask.since), self.options.incremental
        is_whole = self.stream.mode == "replace" or incremental is None
        if is_whole and not ask.resumes:
            place = Place()
        is_windows = incremental is not None and incremental.is_windows
        if ask.resumes and place.open is None and place.is_whole and not is_windows:
            return []
        splits = self._planned(place)
        return splits if ask.resumes else self._with_word(place, splits)

    def _planned(self, place: Place) -> list[Split]:
        incremental = self.options.incremental
        is_bound = self.stream.mode == "replace" or incremental is None
        if incremental is not None and incremental.is_windows:
            return self._windows(place, is_bound=is_bound)
        return [self._one(place, is_bound=is_bound)]

    def _with_word(self, place: Place, splits: list[Split]) -> list[Split]:
        """Return splits of which the last says that `start` is earlier than it was at the first load; one that says it once, if there is none."""
        incremental, stream = self.options.incremental, self.stream.id
        if incremental is None or place.first is None:
            return splits
        day = today(incremental, self.now)
        start, has_gone_back = first_day(incremental, day), place.looked is not None and day < place.looked
        if start is None or start >= place.first or has_gone_back:
            return splits
        notice = (
            f"`start` of {stream} is {start}, and was {place.first} when it was loaded first: days before that are not read; "
            f"to have them, load everything anew: lakesmith rebuild {stream}"
        )
        told = str(incremental.start)
        if splits:
            last = Token.decode(splits[-1].token)
            last = replace(last, done={**last.done, "told": told}, notices=(notice,))
            return [*splits[:-1], replace(splits[-1], token=last.encode())]
        if told == place.told:
            return []
        token = Token(f"{stream.name} {start}", {}, {"done": True, "told": told}, notices=(notice,), asks=False)
        return [self._split(f"start {start}", token, is_bound=False)]

    def whole(self, place: Place) -> Sequence[Split]:
        """Return what all there is now is read by, from the first window that was ever loaded on."""
        return self._planned(Place(first=place.first))

    def refuse_doubles(self) -> None:
        """See that nothing is loaded twice.

        Raises:
            ConnectorOptionsError: If it would be.
        """
        incremental, mode = self.options.incremental, self.stream.mode
        if mode == "replace":
            return
        if incremental is None and mode == "append":
            raise ConnectorOptionsError(
                f"{self.stream.id} is read as a whole by each load, and `mode: append` would add all of it each time.",
                where=self.stream.where,
                fix="say with `incremental:` which part a load asks for, or set `mode: replace`, or `mode: dedupe` and a key",
            )
        again = incremental is not None and incremental.is_windows and (incremental.look_back or incremental.today)
        if again and not (mode == "dedupe" and self.key):
            raise ConnectorOptionsError(
                f"{self.stream.id} reads windows again (`look_back`, `today`), and their rows would be there twice.",
                where=self.stream.where,
                fix="set `mode: dedupe` and `key:`: the newest row of a key is the one that counts then",
            )

    def refuse_unmasked(self) -> None:
        """See that nothing is kept in plain beside a column that is masked.

        Raises:
            ConnectorOptionsError: If it would be.
        """
        masked = [name for name, said in self.stream.columns.items() if said.get("mask")]
        if masked and self.options.keep_responses:
            raise ConnectorOptionsError(
                f"{self.stream.id} masks {', '.join(masked)}, and `keep_responses` would keep the same values as they came.",
                where=self.stream.where,
                fix="take out `keep_responses`, or the masks",
            )

    @property
    def is_resumable(self) -> bool:
        """Whether a load can go on at a page."""
        options = self.options
        is_plain = options.jobs is None and options.parent is None and options.format == "json"
        has_cursor = options.incremental is not None and not options.incremental.is_windows
        return is_plain and not has_cursor and options.paging.is_stable

    def _windows(self, place: Place, *, is_bound: bool) -> list[Split]:
        incremental = self.options.incremental
        assert incremental is not None  # noqa: S101 - asked by who knows
        day = today(incremental, self.now)
        begins = (day, place.first or first_day(incremental, day))
        return [self._of_window(window, place, begins, is_bound=is_bound) for window in due(incremental, place, day)]

    def _of_window(self, window: Window, place: Place, begins: tuple[date, date | None], *, is_bound: bool) -> Split:
        """Return the split of a window; `begins` are the day of the load and the first day of all."""
        incremental, (day, first) = self.options.incremental, begins
        assert incremental is not None  # noqa: S101
        end = window.end.isoformat()
        done = {"done": True, "until": end, "looked": day.isoformat(), "looked_until": end}
        token = Token(
            origin=f"{self.stream.id.name} {window.name}",
            places=window_places(incremental, window.begin, window.end),
            done=done | ({"first": first.isoformat()} if first else {}),
            state=place.open.state if place.open and place.open.split == window.name else None,
        )
        restates = token.origin if self._is_restated(window, place, token) else ""
        return replace(self._split(window.name, token, is_bound=is_bound), restates=restates)

    def _is_restated(self, window: Window, place: Place, token: Token) -> bool:
        """Whether a window is read again from its first page on, at least as far as before, with proof that all of it came."""
        options, until = self.options, place.until
        if self.stream.mode != "dedupe" or until is None or window.begin > until or token.state is not None:
            return False
        assert options.incremental is not None  # noqa: S101 - it has windows
        named_until = window.begin + timedelta(days=options.incremental.days - 1)
        is_whole = window.end >= min(until, named_until)
        return is_whole and _proves_lists(options)

    def _one(self, place: Place, *, is_bound: bool) -> Split:
        """Return the one split of a stream that is read as a whole, or from a cursor's last value on."""
        incremental, name = self.options.incremental, self.stream.id.name
        state = place.open.state if place.open and place.open.split == name else None
        if incremental is None:
            token = Token(name, {}, {"done": True, "is_whole": True}, state)
        else:
            day = today(incremental, self.now)
            since, _ = asked_since(incremental, place.last, day)
            places = {"since": since, "until": written(self.now, incremental.format)}
            start = place.first if place.is_whole else first_day(incremental, day)
            done = {"done": True, "is_whole": True} | ({"first": start.isoformat()} if start else {})
            token = Token(name, places, done, state, day.isoformat())
        return self._split(name, token, is_bound=is_bound)

    def _split(self, name: str, token: Token, *, is_bound: bool) -> Split:
        return Split(self.stream.id, name, self.is_resumable, None, token.encode(), is_bound)


def _proves_lists(options: RestStreamOptions) -> bool:
    """Whether an answer without records is told from one that is no answer, such as the `{}` of a proxy."""
    if options.expects is None or options.format != "json":
        return False
    return options.jobs is not None or bool(path_of(options.expects))
