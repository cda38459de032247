"""Whether a stream's filter is one condition by itself, which cannot end the brackets that it is put into."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import psycopg


def need_one_condition(session: psycopg.Connection[Any], relation: str, condition: str) -> None:
    """Let the server read a filter within square brackets and within round ones: one that ends the former does not fit into the latter.

    Args:
        session: Asked to plan, which reads no row.
        relation: The table or view, as SQL names it.
        condition: The filter.

    Raises:
        psycopg.Error: What the server does not understand.
    """
    # the line's end ends a comment; by the extended protocol, a statement is one statement
    for query in (
        f"explain select array[\n{condition}\n] from {relation}",  # noqa: S608 - planned alone
        f"explain select from {relation} where (\n{condition}\n)",
    ):
        session.execute(query.encode(), binary=True)
