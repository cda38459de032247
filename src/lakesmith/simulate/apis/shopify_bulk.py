"""Shopify's GraphQL Admin API, as far as bulk operations go: ordered by a mutation, asked after, and fetched as JSON lines."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from lakesmith.simulate.apis.serving import Answer, Asked

PATH: Final = "/bulk/"
KINDS: Final = {"orders": "Order", "customers": "Customer", "products": "Product"}
_QUERY: Final = re.compile(r'bulkOperationRunQuery\(\s*query:\s*"""(?P<query>.*?)"""', re.DOTALL)
_LIST: Final = re.compile(r"\{\s*(?P<kind>\w+)[^{]*\{\s*edges\s*\{\s*node\s*(?P<node>\{.*)", re.DOTALL)
_NUMBER: Final = re.compile(r"gid://shopify/BulkOperation/(\d+)")
_WORDS: Final = re.compile(r"[{}]|\w+")
Record = Mapping[str, Any]


@dataclass(slots=True)
class _Operation:
    lines: Sequence[str]
    polls_left: int = 1
    fails: bool = False


class Bulk:
    """The bulk operations of a shop. One is done when it was asked after twice; its address needs no credential."""

    def __init__(self) -> None:
        self._operations: dict[str, _Operation] = {}
        self._lock = threading.Lock()

    def answer(self, asked: Asked, records: Mapping[str, Sequence[Record]]) -> Answer:
        """Return what is said to a query or mutation."""
        text = str(asked.json().get("query", ""))
        if asked.is_spoilt("throttled"):
            return Answer.json({"errors": [{"message": "Throttled", "extensions": {"code": "THROTTLED"}}]})
        ordered, number = _QUERY.search(text), _NUMBER.search(text)
        if ordered is not None:
            return self._ordered(ordered["query"], records)
        if number is not None and number[1] in self._operations:
            return self._status(number[1], asked)
        return Answer.json({"errors": [{"message": "syntax error", "extensions": {"code": "GRAPHQL_PARSE_FAILED"}}]})

    def fetched(self, asked: Asked) -> Answer:
        """Return the lines of an operation."""
        number = asked.path.removeprefix(PATH).removesuffix(".jsonl")
        if asked.is_spoilt("report_expires"):
            self._operations.pop(number, None)
        if number not in self._operations or "x-shopify-access-token" in asked.headers:
            return Answer(403, b"<Error><Code>AccessDenied</Code></Error>", {"Content-Type": "application/xml"})
        body = "".join(line + "\n" for line in self._operations[number].lines)
        return Answer(200, body.encode(), {"Content-Type": "application/jsonl"})

    def _ordered(self, query: str, records: Mapping[str, Sequence[Record]]) -> Answer:
        found = _LIST.search(query)
        if found is None or found["kind"] not in records:
            wrong = [{"field": ["query"], "message": "Invalid bulk query"}]
            return Answer.json({"data": {"bulkOperationRunQuery": {"bulkOperation": None, "userErrors": wrong}}})
        fields, kind = _selection(_WORDS.findall(found["node"])), KINDS[found["kind"]]
        lines = [json.dumps(_cut(_node(kind, row), fields)) for row in records[found["kind"]]]
        with self._lock:
            number = str(720_900 + len(self._operations))
            self._operations[number] = _Operation(lines)
        made = {"id": f"gid://shopify/BulkOperation/{number}", "status": "CREATED"}
        return Answer.json({"data": {"bulkOperationRunQuery": {"bulkOperation": made, "userErrors": []}}})

    def _status(self, number: str, asked: Asked) -> Answer:
        operation = self._operations[number]
        if asked.is_spoilt("report_slow") and asked.fault is not None:
            operation.polls_left = asked.fault.amount
        operation.fails = operation.fails or asked.is_spoilt("report_fails")
        is_done = operation.polls_left <= 0
        operation.polls_left -= 1
        told: dict[str, Any] = {"status": "COMPLETED" if is_done else "RUNNING", "errorCode": None, "url": None}
        told["objectCount"] = str(len(operation.lines))
        if operation.fails:
            told |= {"status": "FAILED", "errorCode": "INTERNAL_SERVER_ERROR"}
        elif is_done and operation.lines:
            told["url"] = f"{asked.host}{PATH}{number}.jsonl"
        return Answer.json({"data": {"node": told}})


def _selection(words: list[str]) -> dict[str, Any]:
    """Return the fields between the braces that words begin with, each with those inside of it."""
    fields: dict[str, Any] = {}
    last = ""
    words.pop(0)
    while words:
        if words[0] == "{":
            fields[last] = _selection(words)
            continue
        word = words.pop(0)
        if word == "}":
            break
        last = word
        fields[last] = {}
    return fields


def _cut(value: Any, fields: Mapping[str, Any]) -> Any:
    if not fields or not isinstance(value, Mapping):
        return value
    return {name: _cut(value.get(name), inner) for name, inner in fields.items()}


def _node(kind: str, row: Record) -> dict[str, Any]:
    """Return a record by the names of GraphQL; amounts are in objects, in the shop's currency."""
    said: dict[str, Any] = {}
    for name, value in row.items():
        first, *rest = name.split("_")
        words = first + "".join(word.capitalize() for word in rest)
        if isinstance(value, Decimal):
            said[f"{words}Set"] = {"shopMoney": {"amount": f"{value:.2f}", "currencyCode": row.get("currency", "EUR")}}
        elif isinstance(value, datetime):
            said[words] = value.strftime("%Y-%m-%dT%H:%M:%SZ")
        elif name == "customer":
            said[words] = _node("Customer", value)
        else:
            said[words] = value
    said["id"] = f"gid://shopify/{kind}/{row['id']}"
    return said | ({"currencyCode": row["currency"]} if "currency" in row else {})
