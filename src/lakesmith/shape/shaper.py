"""One load's rows, batch by batch, into the columns of bronze; the reshape grows as values show what they are."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any

from pyarrow import Field as ArrowField
from pyarrow import RecordBatch
from pyarrow import Schema as ArrowSchema

from lakesmith.model.shapes import Drift, Reshape, Shaped
from lakesmith.model.spellings import Numbers, Spelling, parse_spelling
from lakesmith.model.streams import Reject
from lakesmith.model.types import STRING, Field, Schema, Type
from lakesmith.shape.arrow import Array, pa, pc
from lakesmith.shape.arrow_types import arrow_type, told_doc
from lakesmith.shape.decision import casts, merge_drift, missing, refuse_gone, refuse_keyless, renames
from lakesmith.shape.empties import is_bare
from lakesmith.shape.following import follow, proven
from lakesmith.shape.joint import has_new_fractions, is_column, join
from lakesmith.shape.masks import hashed
from lakesmith.shape.merge import Merger, folded_names
from lakesmith.shape.names import candidate, unique
from lakesmith.shape.pinning import start_of
from lakesmith.shape.place import Placed, Placer, Spot, either
from lakesmith.shape.policy import ColumnPolicy, Policy
from lakesmith.shape.profile import TextProfile, as_texts, is_text
from lakesmith.shape.render import json_rows
from lakesmith.shape.seen import is_textual, seen_type
from lakesmith.shape.tally import Form
from lakesmith.shape.text import trim
from lakesmith.shape.words import Words, beside, said_of, split_words


@dataclass(frozen=True, slots=True)
class _Route:
    """How one column of a batch is treated: `source` is its name there, `column` the folded one."""

    index: int
    source: str
    column: str
    spot: Spot
    said: ColumnPolicy


@dataclass(frozen=True, slots=True)
class _Plan:
    """The routes of all batches with one Arrow schema; `undecided` are text columns that had no value yet."""

    schema: ArrowSchema
    names: tuple[str, ...]
    routes: tuple[_Route, ...]
    undecided: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class _Raw:
    """Rows as quarantine may show them, and words for other values of theirs."""

    rows: RecordBatch
    words: Mapping[str, Words]


class Shaper:
    """Shapes the rows of one load. Not for use by several threads."""

    def __init__(
        self,
        known: Schema | None,
        policy: Policy,
        text_types: Mapping[str, Type | Form] | None = None,
        joint_types: Mapping[str, Type] | None = None,
    ) -> None:
        """Begin a load.

        Args:
            known: The table's schema when the load begins, None where there is no table.
            policy: What the project says about the stream.
            text_types: The type of text columns by source name, as `TextProfile.forms` or `types` gives them.
            joint_types: What other columns of a new table are going to be, by source name, as `JointTypes.types` gives them.
        """
        self._before = self._known = known.data if known is not None else None
        self._followed: dict[str, str] = {}
        self._policy = policy
        self._text_types = _forms(text_types or {})
        start = start_of(self._before, policy)
        self._columns: dict[str, Field] = {f.name: f for f in start.fields}
        self._given = frozenset(self._columns)
        self._placer = Placer(policy, self._before is None, list(start.drift))
        self._joint_types = dict(joint_types or {})
        self._met: dict[str, Type] = {}
        self._was_surprised = False
        self._sent: set[str] = set()
        self._plan: _Plan | None = None
        self._reshape: Reshape | None = None

    def text_types_needed(self, schema: ArrowSchema) -> set[str]:
        """Return the source names of the text columns in `schema` whose type is not known, pinned or profiled yet."""
        names = unique(schema.names)
        folded = folded_names(tuple(self._columns.values()), names)
        needed = set()
        for arrow_field, name, column in zip(schema, names, folded, strict=True):
            said = self._policy.column(name, column)
            settled = said.mask or said.type or name in self._text_types or column in self._columns
            if is_text(arrow_field) and not settled:
                needed.add(name)
        return needed

    def learn(self, text_types: Mapping[str, Type | Form]) -> None:
        """Take in the types of text columns that appeared in the middle of a load; known ones stay as they are."""
        self._text_types = {**_forms(text_types), **self._text_types}
        self._plan = None

    @property
    def reshape(self) -> Reshape:
        """The reshape of the load so far. The same object is returned as long as nothing changed."""
        if self._reshape is None:
            old, after = self._known or Schema(), Schema(tuple(self._columns.values()))
            gone = missing(old, self._sent, self._policy) if self._sent else ()
            widened = {drift.column for drift in self._placer.drift if drift.kind == "type_widened"}
            events = [drift for drift in self._placer.drift if self._tells(drift, widened)]
            drift = merge_drift((*events, *gone, *renames(old, after, gone, events)))
            self._reshape = Reshape(self._before, after, drift, casts(after, self._sent, self._policy))
        return self._reshape

    @property
    def counts(self) -> Mapping[tuple[str, str], int]:
        """How many values each kind of drift touched so far, by (kind, column)."""
        return dict(self._placer.counts)

    @property
    def is_surprised(self) -> bool:
        """Whether columns of a new table would have other types, had all values up to now come at once."""
        is_new = self._before is None
        return is_new and (self._was_surprised or any(is_column(self._columns, path) for path in self._placer.waiting))

    def misfits(self, source_names: Collection[str]) -> int:
        """Return how many values of these columns did not fit so far, or found no column."""
        names = {f.source_name or f.name: f.name for f in self._columns.values()}
        columns = {names.get(name, name) for name in source_names}
        return sum(count for (_, path), count in self._placer.counts.items() if path in columns)

    def finish(self) -> Reshape:
        """Return the reshape of the whole load.

        Raises:
            DriftRefusedError: If a column was not sent in any batch and its policy is `freeze`; call this before the commit.
        """
        refuse_gone(self.reshape, self._policy)
        return self.reshape

    def shape(self, rows: RecordBatch, where: Callable[[int], str]) -> Shaped:
        """Return `rows` in the columns of `reshape.after`.

        Args:
            rows: A batch as the source sends it.
            where: Names the place of a row of this batch, by its number in the batch, for quarantine.

        Raises:
            DriftRefusedError: If the shape changed and the policy is `freeze`.
        """
        rows, words = split_words(rows)
        plan = self._planned(rows)
        arrays: dict[str, Array] = {}
        refused: list[tuple[str, Array]] = []
        for route in (*plan.routes, *self._routes_of_words(plan, words)):
            placed = self._place(route, rows.column(route.index)) if route.index >= 0 else Placed({})
            if route.source in words:
                placed = self._with_words(route, placed, words[route.source])
            for name, (grown, array) in placed.columns.items():
                arrays[name] = array
                if self._columns.get(name) is not grown and self._columns.get(name) != grown:
                    self._columns[name], self._reshape = grown, None
            if placed.misfits is not None:
                refused.append((route.column, placed.misfits))
        made = self._assemble(arrays, rows.num_rows)
        if not refused:
            return Shaped(made, self.reshape)
        self._reshape = None
        return self._without(made, refused, _Raw(self._readable(rows, plan), self._sayable(words)), where)

    def _planned(self, rows: RecordBatch) -> _Plan:
        plan = self._plan
        if plan is not None and (plan.schema is rows.schema or plan.schema.equals(rows.schema, check_metadata=True)):
            found = [i for i in plan.undecided if trim(as_texts(rows.column(i))).null_count < rows.num_rows]
            if not found:
                return plan
        self._plan = self._make_plan(rows)
        return self._plan

    def _make_plan(self, rows: RecordBatch) -> _Plan:
        """Meet the batch's schema: add and promote columns, and route every column of the batch."""
        names = unique(rows.schema.names)
        if self._before is not None and rows.num_rows:
            fields = tuple(self._columns.values())
            refuse_keyless(folded_names(fields, names), self._policy, known=self._before.names)
        self._follow(rows.schema)
        fields = tuple(self._columns.values())
        seen, undecided, routed = [], [], set()
        for i, (name, column) in enumerate(zip(names, folded_names(fields, names), strict=True)):
            kind = self._type_of(rows, i, name, column)
            if kind is not None:
                spelling = self._spelling_of(rows.schema.field(i), name, column)
                doc = _unit_doc(spelling) or told_doc(rows.schema.field(i))
                seen.append(Field(column, kind, name, doc, spelling=str(spelling or "")))
            elif self._policy.column(name, column).mask == "drop":
                continue
            elif is_text(rows.schema.field(i)):
                undecided.append(i)
            elif is_bare(rows.schema.field(i).type):
                routed.add(name)
        merger = Merger(self._policy, eager=False, first=self._before is None)
        self._columns = {f.name: self._respelled(f) for f in merger.fields(fields, seen)}
        self._placer.drift += merger.drift
        self._sent.update(names)
        self._reshape = None
        routed |= {f.source_name for f in seen}
        folded = folded_names(tuple(self._columns.values()), names)
        routes = tuple(
            self._route(rows.schema.field(i), i, name, column)
            for i, (name, column) in enumerate(zip(names, folded, strict=True))
            if name in routed
        )
        return _Plan(rows.schema, names, routes, tuple(undecided))

    def _follow(self, schema: ArrowSchema) -> None:
        """Rename the columns that the source proves to have renamed: once in a load, since an old name may be another column's now."""
        new = {old: name for old, name in proven(schema).items() if self._followed.get(old) != name}
        if new:
            self._followed.update(new)
            followed = follow(tuple(self._columns.values()), self._known, new, self._policy)
            self._columns, self._known = {f.name: f for f in followed.columns}, followed.before
            renamed = {drift.column for drift in followed.drift if drift.kind == "renamed"}
            told = [d for d in self._placer.drift if not (d.kind == "column_added" and d.column in renamed)]
            self._placer.drift = [*told, *followed.drift]

    def _type_of(self, rows: RecordBatch, index: int, name: str, column: str) -> Type | None:
        """Return the type with which a column of the batch asks to be in the table; None if it says nothing, or is left out."""
        said = self._policy.column(name, column)
        if said.mask:
            return STRING if said.mask == "hash" else None
        known = self._columns.get(column)
        if said.type is not None:
            return said.type
        if not is_text(rows.schema.field(index)):
            return self._joint_type(name, seen_type(rows.column(index), known.type if known else None), known)
        if known is not None:
            return known.type
        if name not in self._text_types:
            profile = TextProfile()
            profile.observe(rows, [name])
            self._text_types.update(profile.forms())
        form = self._text_types.get(name)
        return form.type if form else None

    def _joint_type(self, name: str, seen: Type | None, known: Field | None) -> Type | None:
        """Return the type that a new column gets: of what is known to come and of what is seen; note what it should have been."""
        if self._before is not None or (known is not None and known.name in self._given):
            return seen
        coming = self._joint_types.get(name) if known is None else None
        # a source may have changed since it was looked at: nothing says that what is seen now was there then
        kind = seen if coming is None else coming if seen is None else join(coming, seen)
        if kind is not None:
            met = self._met.get(name, kind)
            self._met[name] = join(met, kind)
            self._was_surprised |= has_new_fractions(met, self._met[name])
        return kind

    def _spelling_of(self, arrow_field: ArrowField[Any], name: str, column: str) -> Spelling | None:
        """Return how the values of a column of the batch are written: as the project says, or as they were when it came."""
        said = self._policy.column(name, column)
        if said.mask or not (is_text(arrow_field) or (said.type is not None and is_textual(arrow_field.type))):
            return None
        known = self._columns.get(column)
        if said.spelling is not None:
            return said.spelling
        if known is not None:
            return parse_spelling(known.spelling) if known.spelling else None
        form = self._text_types.get(name)
        return form.spelling if form is not None and said.type is None else None

    def _respelled(self, column: Field) -> Field:
        """Return a column with the spelling that the project says now."""
        said = self._policy.column(column.source_name, column.name).spelling
        return replace(column, spelling=str(said)) if said is not None and said.takes(column.type) else column

    def _route(self, arrow_field: ArrowField[Any], index: int, name: str, column: str) -> _Route:
        said = self._policy.column(name, column)
        pinned = said.type is not None and is_textual(arrow_field.type)
        spelling = self._spelling_of(arrow_field, name, column)
        spot = Spot(column, self._policy.drift_of(name, column), is_text(arrow_field) or pinned, spelling)
        return _Route(index, name, column, spot, said)

    def _routes_of_words(self, plan: _Plan, words: Mapping[str, Words]) -> list[_Route]:
        """Return the routes of words whose columns are not in the batch, or have no value of any type there."""
        routed = {route.source for route in plan.routes} if words else set()
        alone = [name for name in words if name not in routed]
        if not alone:
            return []
        names = [*plan.names, *(name for name in alone if name not in plan.names)]
        folded = dict(zip(names, folded_names(tuple(self._columns.values()), names), strict=True))
        if not self._sent.issuperset(alone):
            self._sent.update(alone)
            self._reshape = None
        said = {name: self._policy.column(name, folded[name]) for name in alone}
        spots = {name: Spot(folded[name], self._policy.drift_of(name, folded[name])) for name in alone}
        return [_Route(-1, name, folded[name], spots[name], said[name]) for name in alone if said[name].mask != "drop"]

    def _place(self, route: _Route, values: Array) -> Placed:
        if route.column not in self._columns:
            values = trim(as_texts(values)) if route.spot.text else values
            column = Field(route.column, STRING, route.source)
            return self._placer.place_bare(column, values, route.spot, self._columns)
        column = self._columns[route.column]
        if route.said.mask:
            return self._placer.place(
                column, hashed(values, route.said.salt), replace(route.spot, text=False), self._columns
            )
        values = as_texts(values) if route.spot.text else values
        return self._placer.place(column, values, route.spot, self._columns)

    def _with_words(self, route: _Route, placed: Placed, words: Words) -> Placed:
        """Put the source's own words for other values of a column beside those that were placed."""
        around = {**self._columns, **{name: grown for name, (grown, _) in placed.columns.items()}}
        texts = hashed(words.texts, route.said.salt) if route.said.mask else words.texts
        spot = replace(route.spot, text=False)
        column = around.get(route.column)
        if words.is_json:
            told = self._placer.place_json(Field(route.column, STRING, route.source), texts, spot, around)
        elif column is None:
            told = self._placer.place_bare(Field(route.column, STRING, route.source), texts, spot, around)
        else:
            told = self._placer.place(column, texts, spot, around)
        return beside(placed, told)

    def _assemble(self, arrays: Mapping[str, Array], rows: int) -> RecordBatch:
        columns = []
        for f in self._columns.values():
            kind = arrow_type(f.type)
            array = arrays.get(f.name)
            columns.append(pa.nulls(rows, kind) if array is None else array if array.type == kind else array.cast(kind))
        if not columns:
            return RecordBatch.from_struct_array(pa.nulls(rows, pa.struct([])))
        return RecordBatch.from_arrays(columns, names=list(self._columns))

    def _without(
        self,
        made: RecordBatch,
        refused: list[tuple[str, Array]],
        raw: _Raw,
        where: Callable[[int], str],
    ) -> Shaped:
        """Take the refused rows out; each becomes one reject, named after the first column that refused it."""
        reasons: dict[int, str] = {}
        mask = None
        for column, misfits in refused:
            mask = either(mask, misfits)
            for row in pc.indices_nonzero(misfits).to_pylist():
                reasons.setdefault(row, column)
        numbers = sorted(reasons)
        texts = [said_of(text, row, raw.words) for row, text in zip(numbers, json_rows(raw.rows, numbers), strict=True)]
        names = raw.rows.schema.names
        pairs = zip(names, folded_names(tuple(self._columns.values()), names), strict=True)
        masked = tuple(name for name, column in pairs if self._policy.column(name, column).mask)
        rejects = tuple(
            Reject(self._reason(reasons[row]), where(row), text, reasons[row], masked)
            for row, text in zip(numbers, texts, strict=True)
        )
        return Shaped(made.filter(pc.invert(mask)), self.reshape, rejects)

    def _reason(self, column: str) -> str:
        known = self._columns.get(column)
        return f"{column} does not fit {known.type}" if known else f"{column} is not a column of the table"

    def _readable(self, rows: RecordBatch, plan: _Plan) -> RecordBatch:
        """Return the rows as quarantine may show them: masked columns masked there too."""
        columns, names = [], []
        folded = folded_names(tuple(self._columns.values()), plan.names)
        for i, (name, column) in enumerate(zip(plan.names, folded, strict=True)):
            said = self._policy.column(name, column)
            if said.mask != "drop":
                columns.append(hashed(rows.column(i), said.salt) if said.mask else rows.column(i))
                names.append(name)
        return RecordBatch.from_arrays(columns, names=names)

    def _sayable(self, words: Mapping[str, Words]) -> dict[str, Words]:
        """Return words as quarantine may show them."""
        said = {name: self._policy.column(name, candidate(name)) for name in words}
        shown = {name: one for name, one in words.items() if said[name].mask != "drop"}
        return {
            name: Words(hashed(one.texts, said[name].salt)) if said[name].mask else one for name, one in shown.items()
        }

    def _tells(self, drift: Drift, widened: Collection[str]) -> bool:
        """Whether an event says something about the table as it was when the load began.

        A column of this very load can neither widen nor narrow, and one that this load widened has not been narrowed by it.
        """
        if not drift.kind.startswith("type_"):
            return True
        old = self._known is not None and self._known.find(drift.column.split(".")[0]) is not None
        return old and not (drift.kind == "type_narrowed" and drift.column in widened)


def _forms(types: Mapping[str, Type | Form]) -> dict[str, Form]:
    return {name: kind if isinstance(kind, Form) else Form(kind) for name, kind in types.items()}


def _unit_doc(spelling: Spelling | None) -> str:
    """Return the sentence that keeps the unit of a column of numbers, which its values do not bear any more."""
    return f"All values are in {spelling.unit}." if isinstance(spelling, Numbers) and spelling.unit else ""
