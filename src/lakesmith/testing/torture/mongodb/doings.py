"""What happens at a market: documents come, change and go, fields are renamed and change their types, collections are made anew."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from lakesmith.testing.torture.mongodb.market import Market
from lakesmith.testing.torture.mongodb.words import KINDS, PARTS, value
from lakesmith.testing.torture.servers.playing import Table, drawn, drawn_table

MOST = 130
"""From so many documents on more go than come."""
Doing = Callable[[Market], None]


def _update(market: Market, kind: str, *changes: Mapping[str, Any], many: bool = False) -> None:
    """Do updates by one command: of one document each, or of `many`."""
    updates = [{**change, **({"multi": True} if many else {})} for change in changes]
    market.execute(kind, {"update": market.table, "updates": updates, "ordered": False})


def _change(market: Market, seen: Any = ..., which: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Return the change of a field, and of the cursor to `seen`, to a newer value if it is not given, to none with None."""
    name = market.chance.choice(market.fields)
    new = {name: market.a_value(name), "w": market.written()}
    new |= {} if seen is None else {market.path: market.tick() if seen is ... else seen}
    said: dict[str, Any] = {"$set": new}
    gone = market.chance.choice(market.fields)
    if gone != name and market.chance.random() < 0.2:  # noqa: PLR2004 - now and then
        said["$unset"] = {gone: ""}
    return {"q": dict(which or market.some()), "u": said}


def _insert(market: Market) -> None:
    market.insert("insert", 1)


def _insert_many(market: Market) -> None:
    if len(market.present) > MOST:
        _delete_many(market)
    else:
        market.insert("insert many", market.chance.randint(3, 25))


def _insert_so(kind: str, cursor: Callable[[Market], Any]) -> Doing:
    def insert(market: Market) -> None:
        made = market.document(cursor(market))
        market.ids.append(made["_id"])
        market.execute(kind, {"insert": market.table, "documents": [made]})

    return insert


def _insert_again(market: Market) -> None:
    """Insert under an `_id` that was there before; most of the time it still is."""
    made = market.document(id_=market.chance.choice(market.ids))
    market.execute("insert again", {"insert": market.table, "documents": [made]})


def _update_many(market: Market) -> None:
    low = market.chance.randint(0, max(1, market.writes))
    which = {"w": {"$gte": low, "$lt": low + market.chance.randint(2, 25)}}
    _update(market, "update many", _change(market, which=which), many=True)


def _bulk(market: Market) -> None:
    _update(market, "bulk", *(_change(market) for _ in range(market.chance.randint(2, 9))))


def _replace(market: Market) -> None:
    which = market.some()
    made = market.document(id_=which["_id"]["$eq"])
    _update(market, "replace", {"q": which, "u": made, "upsert": market.chance.random() < 0.3})  # noqa: PLR2004 - now and then


def _push(market: Market) -> None:
    name, kind = market.chance.choice(market.fields), market.chance.choice(KINDS)
    said = {"$push": {name: value(kind, market.chance)}, "$set": {"w": market.written(), market.path: market.tick()}}
    _update(market, "push", {"q": market.some(), "u": said})


def _update_to_the_boundary(market: Market) -> None:
    _update(market, "update to the boundary", _change(market, market.at_the_boundary()))


def _stray(market: Market) -> None:
    _update(market, "update stray", _change(market, market.stray()))


def _delete(market: Market) -> None:
    market.execute("delete", {"delete": market.table, "deletes": [{"q": market.some(), "limit": 1}]})


def _delete_many(market: Market) -> None:
    low = market.chance.randint(0, max(1, market.writes))
    which = {"w": {"$gte": low, "$lt": low + market.chance.randint(2, max(20, len(market.present) // 3))}}
    market.execute("delete many", {"delete": market.table, "deletes": [{"q": which, "limit": 0}]})


ROWS: Table[Doing] = {
    "insert": (16, _insert),
    "insert many": (3, _insert_many),
    "insert late": (5, _insert_so("insert late", Market.late)),
    "insert tie": (4, _insert_so("insert tie", lambda market: market.tick(0))),
    "insert at the boundary": (3, _insert_so("insert at the boundary", Market.at_the_boundary)),
    "insert stray": (1, _insert_so("insert stray", Market.stray)),
    "insert again": (3, _insert_again),
    "update": (22, lambda market: _update(market, "update", _change(market))),
    "update late": (2, lambda market: _update(market, "update late", _change(market, market.late()))),
    "update tie": (3, lambda market: _update(market, "update tie", _change(market, market.tick(0)))),
    "update to the boundary": (2, _update_to_the_boundary),
    "update silently": (4, lambda market: _update(market, "update silently", _change(market, None))),
    "update stray": (0.6, _stray),
    "update many": (3, _update_many),
    "bulk": (4, _bulk),
    "replace": (5, _replace),
    "push": (3, _push),
    "delete": (5, _delete),
    "delete many": (0.7, _delete_many),
}
"""What becomes of documents: how likely each is, and what it does."""


def _touch(market: Market, said: dict[str, Any]) -> dict[str, Any]:
    """Return a change with a new number and mostly a newer cursor: all documents at once are written with the same one."""
    new = {"w": market.written()}
    if market.chance.random() < 0.7:  # noqa: PLR2004 - mostly
        new[market.path] = market.tick()
    return {**said, "$set": {**said.get("$set", {}), **new}}


def _rename(market: Market) -> None:
    old = market.chance.choice(market.fields)
    market.names += 1
    new = f"f{market.names}"
    market.fields[market.fields.index(old)] = new
    market.habits[new] = market.habits.get(old, "int")
    which = {"q": {old: {"$exists": True}}, "u": _touch(market, {"$rename": {old: new}})}
    _update(market, "rename field", which, many=True)


def _rename_part(market: Market) -> None:
    name, (old, new) = market.chance.choice(market.fields), market.chance.sample(PARTS, 2)
    which = {f"{name}.{old}": {"$exists": True}, name: {"$type": "object", "$not": {"$type": "array"}}}
    said = _touch(market, {"$rename": {f"{name}.{old}": f"{name}.{new}"}})
    _update(market, "rename part", {"q": which, "u": said}, many=True)


def _retype(market: Market) -> None:
    """Let a field have another kind of values from now on, and give it to many documents at once."""
    name, kind = market.chance.choice(market.fields), market.chance.choice(KINDS)
    market.habits[name] = kind
    said = _touch(market, {"$set": {name: value(kind, market.chance)}})
    low = market.chance.randint(0, max(1, market.writes))
    _update(market, "retype field", {"q": {"w": {"$gte": low, "$lt": low + 40}}, "u": said}, many=True)


def _add(market: Market) -> None:
    market.names += 1
    name = f"f{market.names}"
    market.fields.append(name)
    _update(market, "add field", {"q": market.some(), "u": _touch(market, {"$set": {name: market.a_value(name)}})})


def _add_part(market: Market) -> None:
    name, part = market.chance.choice(market.fields), market.chance.choice(PARTS)
    which = {name: {"$type": "object", "$not": {"$type": "array"}}}
    made = value(market.chance.choice(KINDS), market.chance)
    _update(market, "add part", {"q": which, "u": _touch(market, {"$set": {f"{name}.{part}": made}})}, many=True)


def _drop(market: Market) -> None:
    name = market.chance.choice(market.fields)
    if len(market.fields) > 5:  # noqa: PLR2004 - some stay
        market.fields.remove(name)
    which = {"q": {name: {"$exists": True}}, "u": _touch(market, {"$unset": {name: ""}})}
    _update(market, "drop field", which, many=True)


DRIFT: Table[Doing] = {
    "rename field": (2, _rename),
    "rename part": (2, _rename_part),
    "retype field": (5, _retype),
    "add field": (2, _add),
    "add part": (2, _add_part),
    "drop field": (1.5, _drop),
}
"""What becomes of the shape of documents."""


def _index(market: Market) -> None:
    wanted = {"key": {market.path: 1}, "name": "by_cursor"}
    market.execute("create index", {"createIndexes": market.table, "indexes": [wanted]})


def _drop_index(market: Market) -> None:
    market.execute("drop index", {"dropIndexes": market.table, "index": "by_cursor"})


def _rename_collection(market: Market) -> None:
    market.names += 1
    old, market.table = market.table, f"t_{market.names}"
    said = {"renameCollection": f"{market.database}.{old}", "to": f"{market.database}.{market.table}"}
    market.execute("rename collection", said, "admin")


def _make_anew(market: Market) -> None:
    market.execute("drop collection", {"drop": market.table})
    market.execute("make anew", {"create": market.table})
    market.ids = market.ids[-20:]
    market.insert("insert many", market.chance.randint(20, 60))


UPKEEP: Table[Doing] = {
    "create index": (4, _index),
    "drop index": (3, _drop_index),
    "rename collection": (1.2, _rename_collection),
    "make anew": (1, _make_anew),
}
"""What becomes of the collection itself."""
TABLES: tuple[tuple[float, Table[Doing]], ...] = ((100, ROWS), (9, DRIFT), (1.4, UPKEEP))


def live(market: Market) -> None:
    """Let one thing happen."""
    one_of(market, drawn_table(market.chance, TABLES))


def one_of(market: Market, table: Table[Doing]) -> None:
    """Let one thing of a table happen."""
    table[drawn(market.chance, table)][1](market)
