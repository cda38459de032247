"""Where all tables of the run store are listed, and the texts that every database takes."""

from __future__ import annotations

import hashlib
from typing import Any

from sqlalchemy import Dialect, MetaData, String, Text, TypeDecorator

metadata = MetaData()

_TAIL = 16
"""Hexadecimal digits that stand for what was cut off."""


def fitted(text: str, length: int) -> str:
    """Return a text that is no longer than `length`: a long one is cut, and ends with a hash of all of it, so that two stay two.

    Examples:
        >>> fitted("shop.orders", 20)
        'shop.orders'
        >>> fitted("shop.orders_of_all_years", 20)
        'sho~0cc58f44535b569e'
    """
    if len(text) <= length:
        return text
    return f"{text[: length - _TAIL - 1]}~{hashlib.sha256(text.encode('utf-8', 'replace')).hexdigest()[:_TAIL]}"


def storable(text: str) -> str:
    """Return a text without what some database refuses: NUL, and halves of surrogate pairs."""
    if text.isascii():
        return text.replace("\0", "�") if "\0" in text else text
    return text.encode("utf-8", "replace").decode("utf-8").replace("\0", "�")


class Name(TypeDecorator[str]):
    """A text of bounded length; a longer one is cut when it is written and when it is asked for, so that both find each other."""

    impl = String
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:  # noqa: ARG002 - SQLAlchemy's
        """Return what is sent to the database."""
        length: int | None = getattr(self.impl_instance, "length", None)
        if value is None:
            return None
        return fitted(storable(value), length) if length else storable(value)


class Prose(TypeDecorator[str]):
    """A text of any length."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:  # noqa: ARG002 - SQLAlchemy's
        """Return what is sent to the database."""
        return None if value is None else storable(value)
