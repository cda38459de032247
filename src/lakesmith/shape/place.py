"""Where each value of a source column goes: its own column, a sibling, quarantine, or nowhere; recursively inside structs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from lakesmith.errors import FatalError
from lakesmith.model.shapes import Drift
from lakesmith.model.spellings import Spelling
from lakesmith.model.types import STRING, Field, List, Map, Struct, Type
from lakesmith.shape.arrow import Array, is_, pa, pc
from lakesmith.shape.arrow_types import arrow_type, is_list, json_of, type_of
from lakesmith.shape.empties import SUFFIX, bare_text, is_bare, is_whole, outline_of, told_type, waiting_field
from lakesmith.shape.fit import fit_flat, fit_text, only, plain
from lakesmith.shape.merge import ADDED, MISFIT, folded_names, is_pinned, refused, sibling_doc
from lakesmith.shape.names import sibling_name, unique
from lakesmith.shape.policy import Policy
from lakesmith.shape.relate import promotes, sibling_of
from lakesmith.shape.render import as_text
from lakesmith.shape.seen import seen_type


@dataclass(frozen=True, slots=True)
class Spot:
    """Where in a row a value stands (`path`), under which policy (`rule`), and whether it is `text` still to be read, in which spelling."""

    path: str
    rule: str
    text: bool = False
    spelling: Spelling | None = None


@dataclass(frozen=True, slots=True)
class Placed:
    """The columns that took the values, and the rows whose value found no place (None: all found one)."""

    columns: dict[str, tuple[Field, Array]]
    misfits: Array | None = None


@dataclass(frozen=True, slots=True)
class Fitting:
    """Values of a type that may have grown on the way (siblings inside structs), and those that did not fit.

    `told` says that the misfits have been counted and recorded already, deeper inside.
    """

    values: Array
    type: Type
    misfits: Array | None = None
    told: bool = False


@dataclass(slots=True)
class Placer:
    """Places values under a policy; `drift` and `counts` (values by kind of drift and path) are filled on the way.

    `first` says that there was no table: whatever comes is its shape, and no new column is drift. `waiting` are the paths whose
    values had no type so far.
    """

    policy: Policy
    first: bool = False
    drift: list[Drift] = field(default_factory=list)
    counts: Counter[tuple[str, str]] = field(default_factory=Counter)
    waiting: set[str] = field(default_factory=set)

    def place(self, column: Field, values: Array, spot: Spot, around: Mapping[str, Field]) -> Placed:
        """Put `values` into `column` and, where they do not fit, where the policy says. `around` are the fields beside it.

        Raises:
            DriftRefusedError: If a value does not fit and the policy is `freeze`.
        """
        fitting = self._fit(values, column.type, spot)
        columns = {column.name: (replace(column, type=fitting.type), fitting.values)}
        if fitting.misfits is None or fitting.told:
            return Placed(columns, fitting.misfits)
        seen = STRING if spot.text else _seen(values)
        self.counts["value_incompatible", spot.path] += pc.sum(fitting.misfits).as_py() or 0
        if spot.rule == "freeze":
            raise refused(self.policy, spot.path, str(column.type), str(seen))
        if spot.rule == "evolve":
            left = plain(only(values, fitting.misfits))
            return Placed(columns | self._beside(column, left, replace(spot, text=False), around))
        self.drift.append(self._misfit(column.type, seen, spot))
        return Placed(columns, fitting.misfits if spot.rule == "quarantine" else None)

    def _beside(
        self, column: Field, left: Array, spot: Spot, around: Mapping[str, Field]
    ) -> dict[str, tuple[Field, Array]]:
        """Put what is left into siblings: first the one that keeps its type, if there is such, then text, which takes all."""
        seen = _seen(left)
        suffix, kind = sibling_of(column.type, seen)
        if is_bare(left.type) and waiting_field(column.name).name in around:
            suffix = SUFFIX  # such values came before the column had a type, and do not need a second sibling
        sibling = self._sibling(column, suffix, kind, spot, around)
        if sibling.type == STRING:
            return {sibling.name: (sibling, as_text(left))}
        fitted = fit_flat(left, sibling.type)
        placed = {sibling.name: (sibling, fitted.values)}
        if fitted.misfits is not None:
            text = self._sibling(column, "string", STRING, spot, around)
            placed[text.name] = (text, as_text(only(left, fitted.misfits)))
        return placed

    def _sibling(self, column: Field, suffix: str, kind: Type, spot: Spot, around: Mapping[str, Field]) -> Field:
        name = sibling_name(column.name, suffix)
        known = around.get(name)
        if known is None:
            self.drift.append(self._misfit(column.type, kind, spot))
            return Field(name, kind, doc=sibling_doc(column))
        return replace(known, type=kind) if promotes(known.type, kind) else known

    def _misfit(self, known: Type, seen: Type, spot: Spot) -> Drift:
        return Drift("value_incompatible", spot.path, str(known), str(seen), spot.rule, MISFIT[spot.rule])

    def _fit(self, values: Array, kind: Type, spot: Spot) -> Fitting:
        if spot.text:
            fitted = fit_text(values, kind, spot.spelling)
            return Fitting(fitted.values, kind, fitted.misfits)
        values = plain(values)
        if isinstance(kind, Struct) and is_.is_struct(values.type):
            return self._fit_struct(values, kind, spot)
        if isinstance(kind, List) and is_list(values.type):
            return self._fit_list(values, kind, spot)
        if isinstance(kind, Map) and is_.is_map(values.type):
            return self._fit_map(values, kind, spot)
        fitted = fit_flat(values, kind)
        return Fitting(fitted.values, kind, fitted.misfits)

    def _fit_struct(self, values: Array, kind: Struct, spot: Spot) -> Fitting:
        fields = {f.name: f for f in kind.fields}
        arrays: dict[str, Array] = {}
        misfits = None
        sent, words = _parts_of(values)
        typed = [source for source, part in sent.items() if type_of(part.type) is not None]
        names = _part_names(kind, typed, [*sent, *(source for source in words if source not in sent)])
        for source, part in sent.items():
            name = names[source]
            inner = replace(spot, path=f"{spot.path}.{name}")
            if name in fields:
                placed = self.place(fields[name], part, inner, fields)
                arrays.update({key: array for key, (_, array) in placed.columns.items()})
                fields.update({key: grown for key, (grown, _) in placed.columns.items()})
                misfits = either(misfits, placed.misfits)
            else:
                placed = self.place_bare(Field(name, STRING, source), part, inner, fields)
                misfits = either(misfits, placed.misfits)
                for key, (sibling, array) in placed.columns.items():
                    fields[key], arrays[key] = sibling, array
        for source, texts in words.items():
            column = Field(names[source], STRING, source)
            placed = self.place_json(column, texts, replace(spot, path=f"{spot.path}.{column.name}"), fields)
            misfits = either(misfits, placed.misfits)
            for key, (sibling, array) in placed.columns.items():
                fields[key], arrays[key] = sibling, pc.coalesce(arrays[key], array) if key in arrays else array
        grown = Struct(tuple(fields.values()))
        target = arrow_type(grown)
        parts = [
            arrays[f.name] if f.name in arrays else pa.nulls(len(values), target.field(f.name).type)
            for f in grown.fields
        ]
        if not parts:
            return Fitting(pa.nulls(len(values), target), grown, misfits, told=True)
        return Fitting(
            pa.StructArray.from_arrays(parts, fields=list(target), mask=values.is_null()), grown, misfits, told=True
        )

    def place_json(self, column: Field, texts: Array, spot: Spot, around: Mapping[str, Field]) -> Placed:
        """Put the JSON of values that no type of a lake holds into a sibling of its own, under the policy for misfits.

        Args:
            column: Name and source name of the column whose values they are, which there may not be.
            texts: JSON, null where the column itself has the value.
            spot: Where they are.
            around: The fields beside it.

        Raises:
            DriftRefusedError: If there is a value and the policy is `freeze`.
        """
        if texts.null_count == len(texts):
            return Placed({})
        known, misfits = around.get(column.name), texts.is_valid()
        if known is None:
            return self._json_alone(column, texts, spot, around)
        self.counts["value_incompatible", spot.path] += pc.sum(misfits).as_py()
        if spot.rule == "freeze":
            raise refused(self.policy, spot.path, str(known.type), str(STRING))
        if spot.rule == "evolve":
            sibling = self._sibling(known, SUFFIX, STRING, spot, around)
            return Placed({sibling.name: (sibling, texts)})
        self.drift.append(self._misfit(known.type, STRING, spot))
        return Placed({}, misfits if spot.rule == "quarantine" else None)

    def _json_alone(self, column: Field, texts: Array, spot: Spot, around: Mapping[str, Field]) -> Placed:
        """Put JSON where a sibling stands whose column comes with the first value that has a type."""
        name = sibling_name(column.name, SUFFIX)
        sibling = around.get(name)
        if sibling is None:
            if not self._admits(str(STRING), spot):
                return Placed({}, self.unplaced(texts, spot))
            sibling = Field(name, STRING, doc=f"Values of {column.name} that no type of a lake holds, as JSON.")
            if not self.first:
                path = spot.path.removesuffix(column.name) + name
                self.drift.append(Drift("column_added", path, "", str(STRING), spot.rule, ADDED[spot.rule]))
        return Placed({name: (sibling, texts)})

    def place_bare(self, column: Field, values: Array, spot: Spot, around: Mapping[str, Field]) -> Placed:
        """Put values that the table has no column for where the policy says: text beside it, if their type says nothing.

        Args:
            column: Name and source name of the column; its type does not count.
            values: Its values; those with a type have a column, unless the policy keeps them out.
            spot: Where they are.
            around: The fields beside it.

        Raises:
            DriftRefusedError: If there is a value and the policy is `freeze`.
        """
        if not is_bare(values.type):
            return Placed({}, self.unplaced(values, spot))
        values = plain(values)
        if values.null_count == len(values):
            return Placed({})
        sibling = around.get(waiting_field(column.name).name)
        # A sibling that is there already is no change: the table has a place for such values.
        if sibling is None and not self._admits(str(told_type(values.type)), spot):
            return Placed({}, self.unplaced(values, spot))
        opened = self._opened(column, values, spot) if self.first or spot.rule == "evolve" else None
        if opened is None:
            self.waiting.add(spot.path)
        else:
            self.waiting.discard(spot.path)
        new, placed = opened or (sibling or waiting_field(column.name), bare_text(values))
        if not self.first and new is not sibling:
            path = spot.path.removesuffix(column.name) + new.name
            self.drift.append(Drift("column_added", path, "", str(new.type), spot.rule, ADDED[spot.rule]))
        return Placed({new.name: (new, placed)})

    def _admits(self, seen: str, spot: Spot) -> bool:
        """Whether the policy lets a column in that takes values without a type; note what it keeps out."""
        if spot.rule == "freeze" and not (self.first and is_pinned(self.policy, spot.path)):
            raise refused(self.policy, spot.path, "", seen)
        if self.first or spot.rule == "evolve":
            return True
        self.drift.append(Drift("column_added", spot.path, "", seen, spot.rule, ADDED[spot.rule]))
        return False

    def _opened(self, column: Field, values: Array, spot: Spot) -> tuple[Field, Array] | None:
        """Return objects as a column of its own if any of their parts holds something; None if none does."""
        outline = outline_of(values.type)
        if outline is None:
            return None
        fitting = self._fit(values, outline, spot)
        return (replace(column, type=fitting.type), fitting.values) if is_whole(fitting.type) else None

    def unplaced(self, values: Array, spot: Spot) -> Array | None:
        """Return the rows that wait because they carry a field the policy keeps out of the table; count its values.

        Raises:
            FatalError: If the policy keeps nothing out: a value would be lost without a word.
        """
        valid = values.is_valid()
        count = pc.sum(valid).as_py() or 0
        if count and spot.rule not in {"quarantine", "ignore"}:
            raise FatalError(
                f"Values of {spot.path} found no column.", where=self.policy.where, fix="Report this as a bug."
            )
        self.counts["column_added", spot.path] += count
        return valid if count and spot.rule == "quarantine" else None

    def _fit_list(self, values: Array, kind: List, spot: Spot) -> Fitting:
        inner = self._fit(values.flatten(), kind.element, spot)
        offsets = _offsets(values)
        rows = _rows_of(offsets, inner.misfits, values)
        gone = values.is_null() if rows is None or spot.rule == "ignore" else pc.or_(values.is_null(), rows)
        grown = replace(kind, element=inner.type)
        made = pa.ListArray.from_arrays(offsets, inner.values, type=arrow_type(grown), mask=gone)
        return Fitting(made, grown, rows, inner.told)

    def _fit_map(self, values: Array, kind: Map, spot: Spot) -> Fitting:
        entry = pa.struct([pa.field("key", values.type.key_type), pa.field("value", values.type.item_type)])
        pairs = values.cast(pa.list_(entry))
        keys, items = pairs.flatten().flatten()
        inner = self._fit(items, kind.value, spot)
        offsets = _offsets(pairs)
        rows = _rows_of(offsets, inner.misfits, pairs)
        gone = pairs.is_null() if rows is None or spot.rule == "ignore" else pc.or_(pairs.is_null(), rows)
        grown = replace(kind, value=inner.type)
        made = pa.MapArray.from_arrays(offsets, as_text(plain(keys)), inner.values, type=arrow_type(grown), mask=gone)
        return Fitting(made, grown, rows, inner.told)


def _parts_of(values: Array) -> tuple[dict[str, Array], dict[str, Array]]:
    """Return the parts of objects by source name, and the JSON of others of their values."""
    marks = [json_of(part) for part in values.type]
    names = iter(unique(part.name for part, mark in zip(values.type, marks, strict=True) if mark is None))
    parts: dict[str, Array] = {}
    words: dict[str, Array] = {}
    for mark, array in zip(marks, values.flatten(), strict=True):
        if mark is None:
            parts[next(names)] = array
        else:
            words[mark] = array
    return parts, words


def _part_names(kind: Struct, typed: Sequence[str], sources: Sequence[str]) -> dict[str, str]:
    """Return the folded names of parts: those with a type as they were given when the columns were merged, the others beside them."""
    told = dict(zip(typed, folded_names(kind.fields, typed), strict=True))
    known = {part.name: part for part in kind.fields}
    given = [replace(known.get(name, Field(name, STRING)), source_name=source) for source, name in told.items()]
    taken = {part.name for part in given}
    around = (*given, *(part for part in kind.fields if part.name not in taken))
    others = [source for source in sources if source not in told]
    told.update(zip(others, folded_names(around, others), strict=True))
    return told


def _seen(values: Array) -> Type:
    return seen_type(values, None) or told_type(values.type)


def either(one: Array | None, other: Array | None) -> Array | None:
    """Return the rows that are in one or the other mask, None standing for no row."""
    if one is None or other is None:
        return other if one is None else one
    return pc.or_(one, other)


def _offsets(lists: Array) -> Array:
    lengths = pc.fill_null(pc.list_value_length(lists), 0).cast(pa.int32())
    return pa.concat_arrays([pa.array([0], pa.int32()), pc.cumulative_sum(lengths)])


def _rows_of(offsets: Array, misfits: Array | None, lists: Array) -> Array | None:
    """Return which lists hold one of the elements that are misfits."""
    if misfits is None:
        return None
    clean = pa.ListArray.from_arrays(offsets, misfits)
    rows = pc.unique(pc.list_parent_indices(clean).filter(misfits))
    return pc.is_in(pa.array(range(len(lists)), pa.int64()), value_set=rows)
