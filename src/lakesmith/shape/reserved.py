"""Words that cannot be a column's name without quotes in at least one of the engines we support."""

from __future__ import annotations

RESERVED = frozenset(
    """
    all alter analyse analyze and anti any array as asc assert_rows_modified asymmetric at authorization between binary both by
    case cast check collate collation column concurrently connect constraint create cross cube current current_catalog current_date
    current_role current_schema current_time current_timestamp current_user default deferrable define delete desc describe
    distinct do drop else end enum escape except exclude exists extract false fetch filter following for foreign freeze from full
    grant group grouping groups hash having if ignore ilike in increment initially inner insert intersect interval into is isnull
    join lambda lateral leading left like limit localtime localtimestamp lookup merge minus natural new no not notnull null nulls
    of off offset old on only open or order outer over overlaps partition pivot placing preceding primary proto qualify range raw
    recursive references regexp respect returning revoke right rlike rollup row rows sample select semi session_user set show
    similar some start struct summarize symmetric system_user table tablesample then to top trailing treat trigger true truncate
    try_cast unbounded union unique unnest unpivot update user using values variadic verbose view when whenever where window with
    within without
    """.split()  # noqa: SIM905 - so many words are easier to read as a text
)
