"""Prometheus's text format, version 0.0.4. Pure. Source: prometheus/docs, "Exposition formats"."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

LONGEST_LABEL = 200
CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Family:
    """A metric: its name, its kind (gauge or counter), a sentence about it, and its samples: labels and a number each."""

    name: str
    kind: str
    about: str
    samples: tuple[tuple[Mapping[str, str], float], ...] = field(default=())


def exposition(families: Iterable[Family]) -> str:
    r"""Return metrics as text; a family without a sample keeps its head, so that somebody sees that it exists.

    Examples:
        >>> print(exposition([Family("rows_total", "counter", "Rows.", (({"table": 'a"b'}, 3.0),))]), end="")
        # HELP rows_total Rows.
        # TYPE rows_total counter
        rows_total{table="a\"b"} 3
    """
    return "".join(line + "\n" for family in families for line in _lines(family))


def _lines(family: Family) -> Iterable[str]:
    yield f"# HELP {family.name} {_escaped(family.about, quotes=False)}"
    yield f"# TYPE {family.name} {family.kind}"
    for labels, value in family.samples:
        inside = ",".join(f'{name}="{_escaped(_short(text))}"' for name, text in labels.items())
        yield f"{family.name}{{{inside}}} {_number(value)}" if inside else f"{family.name} {_number(value)}"


def _escaped(text: str, *, quotes: bool = True) -> str:
    escaped = text.replace("\\", "\\\\").replace("\n", "\\n")
    return escaped.replace('"', '\\"') if quotes else escaped


def _short(text: str) -> str:
    """Return a label that is no burden for whoever keeps it, without characters that are none of a text."""
    plain = "".join(letter if letter.isprintable() or letter == "\n" else "�" for letter in text)
    return plain if len(plain) <= LONGEST_LABEL else f"{plain[: LONGEST_LABEL - 1]}…"


def _number(value: float) -> str:
    return str(int(value)) if float(value).is_integer() else repr(float(value))
