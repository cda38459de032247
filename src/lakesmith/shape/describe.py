"""What a profile of text columns says, in words for people: types and spellings by count, and the pin to write."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from lakesmith.model.spellings import Words
from lakesmith.model.types import STRING
from lakesmith.shape.profile import ColumnReport
from lakesmith.shape.tally import Form

NAMES_SHOWN = 6
"""How many columns of one type are named before they are only counted."""

MIXED_PER_CENT, MIXED_VALUES = 33, 10
"""How large a share of a text column's values, and of how many, has to be of one other type for that to be worth a word."""

NEARLY_PER_CENT = 90
"""How large a share of the values that are no word for null one type has to hold for a pin to be good advice."""

LONGEST_NAME, SPELLINGS_SHOWN = 40, 3
PARSERS = {
    "long": "parse_integer", "double": "parse_money", "date": "parse_date", "timestamp": "parse_timestamp", "timestamptz": "parse_timestamp"
}  # fmt: skip
"""The macros that read values of a type in several spellings."""

FATES = {
    "sibling": "land in {name}__string",
    "stop": "stop the load",
    "quarantine": "wait in quarantine with their rows",
    "null": "become null and are counted",
}
"""What happens to values that do not fit their column, by what the policy does with them."""

_BARE = re.compile(r"[A-Za-z_][A-Za-z0-9_ -]*[A-Za-z0-9_]|[A-Za-z_]")


@dataclass(frozen=True, slots=True)
class Remark:
    """What there is to say about one column, and the lines to write to decide otherwise; `asks` where a person should decide."""

    text: str
    fix: str
    asks: bool = False


@dataclass(frozen=True, slots=True)
class Column:
    """A text column: its report, which placeholder words it has, and what happens to values that do not fit its type."""

    report: ColumnReport
    placeholders: Counter[str] = field(default_factory=Counter)
    fate: str = "sibling"

    @property
    def form(self) -> Form:
        """The type and spelling that the column gets."""
        return Form(self.report.type or STRING, self.report.spelling)

    def remark(self) -> Remark | None:
        """Return what is worth a word: an ambiguous column, values that do not fit, or a text that is mostly something else."""
        if self.report.ambiguous:
            return _ambiguous(self.report)
        if self.form.type != STRING:
            return self._misfits()
        return self._mixed()

    def facts(self) -> dict[str, Any]:
        """Return all that is known, for programs."""
        report = self.report
        return {
            "name": report.source_name,
            "type": str(self.form.type),
            "format": None if report.spelling is None else str(report.spelling),
            "values": report.values,
            "fits": {name: count for name, count in {**report.fits, **report.spelled}.items() if count},
            "placeholders": dict(self.placeholders),
            "ambiguous": [pin_text(form) for form in report.ambiguous],
        }

    def _misfits(self) -> Remark | None:
        report, name = self.report, self.report.source_name
        fits = report.fits.get(str(report.type), report.values)
        left = report.values - fits
        if not left:
            return None
        told = f"{name}: {fits:,} of {report.values:,} values are {form_text(self.form)}"
        told += (
            f"; the other{f' {left:,}' if left > 1 else ''}{self._of_them()} would {FATES[self.fate].format(name=name)}"
        )
        return Remark(told, f"to keep all of it as text: {pins({name: '{type: string}'})}")

    def _mixed(self) -> Remark | None:
        report, name = self.report, self.report.source_name
        counts = [(count, kind) for kind, count in {**report.fits, **report.spelled}.items()]
        most, kind = max(counts, default=(0, ""))
        if most * 100 < report.values * MIXED_PER_CENT or report.values < MIXED_VALUES:
            return None
        type_, spelling = _parted(kind)
        if most * 100 < (report.values - self.placeholders.total()) * NEARLY_PER_CENT and type_ in PARSERS:
            return self._in_several_spellings(type_)
        written = f" written {spelling}" if spelling else ""
        told = f"{name}: stays text, but {most:,} of {report.values:,} values are {type_}{written}" + self._of_them()
        pin = f'{{format: "{spelling}"}}' if spelling else f"{{type: {type_}}}"
        return Remark(
            told, f"to make it {type_}: {pins({name: pin})}; the others then {FATES[self.fate].format(name=name)}"
        )

    def _in_several_spellings(self, type_: str) -> Remark:
        """Say how many values are plain, and how many more other spellings would read; each of them reads plain values too."""
        report = self.report
        plain, parted = report.fits[type_], {_parted(kind): count for kind, count in report.spelled.items()}
        spelled = {spelling: count for (of, spelling), count in parted.items() if of == type_ and count > plain}
        most = sorted(spelled.items(), key=lambda item: -item[1])[:SPELLINGS_SHOWN]
        also = "".join(f", {count:,} with those written {spelling}" for spelling, count in most)
        told = f"{report.source_name}: stays text: {plain:,} of {report.values:,} values are {type_}{also}"
        fix = f"read the others in silver (`lakesmith.{PARSERS[type_]}` and its like), or have the source write one spelling"
        return Remark(told + self._of_them(), fix)

    def _of_them(self) -> str:
        return f" ({placeholder_text(self.placeholders)})" if self.placeholders else ""


def summary(columns: Sequence[Column]) -> str:
    """Return which columns get which type, by type and in order of appearance."""
    groups: dict[str, list[str]] = {}
    for column in columns:
        groups.setdefault(form_text(column.form), []).append(column.report.source_name)
    order = sorted(groups, key=lambda kind: kind == str(STRING))
    return "; ".join(f"{kind}: {_named(groups[kind])}" for kind in order)


def spelling_pins(columns: Sequence[Column]) -> str:
    """Return the lines that pin the spellings which were found out; empty where every column is plain."""
    found = {c.report.source_name: pin_text(c.form) for c in columns if c.report.spelling is not None}
    return pins(found) if found else ""


def placeholder_summary(columns: Sequence[Column]) -> str:
    """Return the columns of text with words that may mean no value; empty where there is none."""
    told = [c for c in columns if c.placeholders and c.form.type == STRING and c.remark() is None]
    each = [f"{c.report.source_name} {placeholder_text(c.placeholders)}" for c in told[:NAMES_SHOWN]]
    return "; ".join(each) + (f"; … ({len(told)} columns)" if len(told) > NAMES_SHOWN else "")


def placeholder_text(words: Counter[str]) -> str:
    """Return placeholder words with their counts, the most frequent first.

    Examples:
        >>> placeholder_text(Counter({"-": 2, "n/a": 1005}))
        '1,005 × `n/a`, 2 × `-`'
    """
    return ", ".join(f"{count:,} × `{word}`" for word, count in words.most_common())


def pins(columns: Mapping[str, str]) -> str:
    """Return the line of the project file for columns and what is said of each.

    Examples:
        >>> pins({"Day: first": "{type: date}"})
        'columns: {"Day: first": {type: date}}'
    """
    keys = {name: name if _BARE.fullmatch(name) else json.dumps(name, ensure_ascii=False) for name in columns}
    return f"columns: {{{', '.join(f'{keys[name]}: {pin}' for name, pin in columns.items())}}}"


def pin_text(form: Form) -> str:
    """Return what pins a form under the name of a column in the project file.

    Examples:
        >>> from lakesmith.model.spellings import Times
        >>> pin_text(Form(Times("31.12.2024").type, Times("31.12.2024")))
        '{type: date, format: "31.12.2024"}'
    """
    kind = f'"{form.type}"' if "," in str(form.type) else str(form.type)
    return f"{{type: {kind}}}" if form.spelling is None else f'{{type: {kind}, format: "{form.spelling}"}}'


def form_text(form: Form) -> str:
    """Return a type, with how its values are written where that is not the plain way."""
    return str(form.type) if form.spelling is None else f"{form.type} written {form.spelling}"


def _ambiguous(report: ColumnReport) -> Remark:
    """Say what a column of text could be: the widest of each spelling, since nothing decides between these."""
    forms = list({str(form.spelling): form for form in reversed(report.ambiguous)}.values())[::-1]
    name = report.source_name
    either = pins({name: pin_text(forms[0])}) + "".join(f" or {pin_text(form)}" for form in forms[1:])
    if all(isinstance(form.spelling, Words) for form in forms):
        told = f"{name}: stays text, since only one of the two words came of {' and '.join(str(form.spelling) for form in forms)}"
        return Remark(told, f"to make it boolean: {either}")
    told = (
        f"{name}: ambiguous, stays text: no value decides between {' and '.join(str(form.spelling) for form in forms)}"
    )
    return Remark(told, f"say which: {either}", asks=True)


def _parted(kind: str) -> tuple[str, str]:
    """Return the type and the spelling that a count is for.

    Examples:
        >>> _parted("decimal(18, 2) 1,234.56 €"), _parted("date Dec 31, 2024"), _parted("long")
        (('decimal(18, 2)', '1,234.56 €'), ('date', 'Dec 31, 2024'), ('long', ''))
    """
    found = re.fullmatch(r"(\w+(?:\([^)]*\))?) ?(.*)", kind)
    return (found[1], found[2]) if found else (kind, "")


def _named(names: Sequence[str]) -> str:
    shown = ", ".join(name if len(name) <= LONGEST_NAME else f"{name[:LONGEST_NAME]}…" for name in names[:NAMES_SHOWN])
    return shown if len(names) <= NAMES_SHOWN else f"{shown}, … ({len(names)})"
