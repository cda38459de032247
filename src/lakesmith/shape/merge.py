"""How the columns of a table and the columns a source sends become the columns the table needs: the drift table, cell by cell.

Structs are merged part by part with the same rules, under dotted paths (`address.zip`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from lakesmith.errors import DriftRefusedError
from lakesmith.model.shapes import Drift
from lakesmith.model.types import Field, List, Map, Struct, Type
from lakesmith.shape.names import candidate, fold, is_sibling, sibling_name
from lakesmith.shape.policy import Policy
from lakesmith.shape.relate import holds, promotes, sibling_of

ADDED = {"evolve": "added", "quarantine": "quarantined", "ignore": "dropped"}
WIDENED = {"evolve": "promoted", "quarantine": "quarantined", "ignore": "cast"}
MISFIT = {"evolve": "sibling", "quarantine": "quarantined", "ignore": "nulled"}


@dataclass(slots=True)
class Merger:
    """One merge under a policy; `drift` is filled on the way.

    `eager` adds siblings for types that do not go together; otherwise they are left to the values, which may fit all the same.
    `first` says that there was no table: whatever comes is its shape, and nothing is drift.
    """

    policy: Policy
    eager: bool = True
    first: bool = False
    drift: list[Drift] = field(default_factory=list)

    def fields(
        self, known: Sequence[Field], seen: Sequence[Field], path: str = "", on_drift: str = ""
    ) -> tuple[Field, ...]:
        """Return the fields that hold both; `path` and `on_drift` are those of the struct they are parts of, empty for columns.

        Raises:
            DriftRefusedError: If they differ and the policy is `freeze`.
        """
        out = {f.name: f for f in known}
        names = folded_names(known, [source_of(f) for f in seen])
        for new, name in zip(seen, names, strict=True):
            rule = on_drift or self.policy.drift_of(source_of(new), name)
            if rule == "freeze" and not is_pinned(self.policy, path + name):
                raise refused(self.policy, path + name, "", str(new.type))
            if name in out:
                out[name], sibling = self._meet(out[name], new.type, path + name, rule)
                # A sibling that is there already is no change: the table has a place for such values.
                if sibling is not None and sibling.name not in out:
                    self.drift.append(
                        Drift("value_incompatible", path + name, str(out[name].type), str(new.type), rule, MISFIT[rule])
                    )
                    out |= {sibling.name: sibling} if rule == "evolve" else {}
            elif self.first or self._note("column_added", path + name, "", str(new.type), rule, ADDED):
                out[name] = Field(name, self._folded(new.type), source_of(new), new.doc, spelling=new.spelling)
                self._collision(out[name], path, rule)
        return tuple(out.values())

    def _meet(self, known: Field, seen: Type, path: str, rule: str) -> tuple[Field, Field | None]:
        """Return the known field as it has to be, and the sibling that incompatible values ask for, None without such."""
        merged = self._type(known.type, seen, path, rule)
        if merged is not None:
            return replace(known, type=merged), None
        if not self.eager:
            if self.policy.column(source_of(known), known.name).type == seen and path == known.name:
                # A pin set after the first load: a type in the lake only ever widens, so a rebuild has to bring it about.
                self.drift.append(Drift("pin_differs", path, str(known.type), str(seen), rule, "kept"))
            return known, None
        if rule == "freeze":
            raise refused(self.policy, path, str(known.type), str(seen))
        suffix, kind = sibling_of(known.type, seen)
        return known, Field(sibling_name(known.name, suffix), kind, doc=sibling_doc(known))

    def _type(self, known: Type, seen: Type, path: str, rule: str) -> Type | None:
        """Return the type that holds both, or None where there is none."""
        if known == seen:
            return known
        if isinstance(known, Struct) and isinstance(seen, Struct):
            return Struct(self.fields(known.fields, seen.fields, f"{path}.", rule))
        if isinstance(known, List) and isinstance(seen, List):
            element = self._type(known.element, seen.element, path, rule)
            return element and replace(known, element=element)
        if isinstance(known, Map) and isinstance(seen, Map):
            value = self._type(known.value, seen.value, path, rule)
            return value and replace(known, value=value)
        return self._scalar(known, seen, path, rule)

    def _scalar(self, known: Type, seen: Type, path: str, rule: str) -> Type | None:
        if promotes(known, seen):
            return seen if self._note("type_widened", path, str(known), str(seen), rule, WIDENED) else known
        if not holds(known, seen):
            return None
        if not self.first:
            self.drift.append(Drift("type_narrowed", path, str(known), str(seen), rule, "kept"))
        return known

    def _note(self, kind: str, path: str, before: str, after: str, rule: str, outcomes: dict[str, str]) -> bool:
        """Write the change down; whether the table changes for it."""
        if self.first and (rule != "freeze" or self.policy.pin is None):
            return True
        if rule == "freeze":
            raise refused(self.policy, path, before, after)
        self.drift.append(Drift(kind, path, before, after, rule, outcomes[rule]))
        return rule == "evolve"

    def _collision(self, new: Field, path: str, rule: str) -> None:
        wanted = candidate(new.source_name)
        if wanted != new.name:
            self.drift.append(Drift("name_collision", path + new.name, wanted, new.name, rule, "recorded"))

    def _folded(self, kind: Type) -> Type:
        """Fold the names inside a new column's type."""
        if isinstance(kind, Struct):
            inner = Merger(self.policy, first=True)
            return Struct(inner.fields((), kind.fields))
        if isinstance(kind, List):
            return replace(kind, element=self._folded(kind.element))
        return replace(kind, value=self._folded(kind.value)) if isinstance(kind, Map) else kind


def source_of(item: Field) -> str:
    """Return what the source calls a field."""
    return item.source_name or item.name


def folded_names(known: Sequence[Field], sources: Sequence[str]) -> tuple[str, ...]:
    """Return the folded name of every source name, where fields that are already known keep theirs.

    A known field without a source name (a lake that does not keep them inside structs) answers to the name it would be folded to.
    """
    given = {f.source_name: f.name for f in known if f.source_name and not is_sibling(f.name)}
    bare = {f.name for f in known if not f.source_name and not is_sibling(f.name)}
    for source in sources:
        if source not in given and candidate(source) in bare:
            bare.discard(candidate(source))
            given[source] = candidate(source)
    given.update({f"\0{name}": name for name in bare})
    return fold(sources, known=given)


def sibling_doc(column: Field) -> str:
    """Return the doc of a column's sibling."""
    return f"Values of {column.name} that are not {column.type}."


def is_pinned(policy: Policy, path: str) -> bool:
    """Whether a column, or part of one by dotted path, may come by the pinned schema; without one every name may."""
    if policy.pin is None:
        return True
    fields: tuple[Field, ...] = policy.pin.schema.fields
    for name in path.split("."):
        found = next((f for f in fields if f.name == name), None)
        if found is None:
            return False
        fields = parts_within(found.type)
    return True


def parts_within(kind: Type) -> tuple[Field, ...]:
    """Return the parts of the struct that a type is, or is a list or map of."""
    while isinstance(kind, (List, Map)):
        kind = kind.element if isinstance(kind, List) else kind.value
    return kind.fields if isinstance(kind, Struct) else ()


def refused(policy: Policy, column: str, before: str, after: str) -> DriftRefusedError:
    """Return the error for a change that `freeze` does not let pass."""
    stream = f"stream {policy.stream}, " if policy.stream else ""
    place = policy.where if policy.pin is None else policy.pin.place(column)
    return DriftRefusedError(
        f"The shape of the source changed and its policy is freeze: {column} was {before or 'not there'}, "
        f"and is {after or 'not sent any more'}. Nothing was loaded.",
        where=f"{stream}column {column}" + (f" ({place})" if place else ""),
        fix=_ways_out(policy, column, before, after),
    )


def _ways_out(policy: Policy, column: str, before: str, after: str) -> str:
    """Name the two ways out of `freeze`: to agree to the change in the pinned schema, or to let this column or stream evolve."""
    evolve = "or set `on_drift: evolve` for this column or stream, and run again"
    if policy.pin is None:
        return f"`lakesmith drift pin {policy.stream or 'STREAM'}` writes today's schema down: change {column} there, {evolve}"
    if not after:
        return f"take {column} out of {policy.pin.file}, {evolve}"
    if not before:
        return f"write {column} into {policy.pin.file}, {evolve}"
    return f"change the type of {column} in {policy.pin.file}, {evolve}"
