"""One document to the reader of its kind, and every accident on the way to a reason."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from importlib import import_module
from importlib.util import find_spec
from typing import BinaryIO, TypeVar

from lakesmith.sources.documents.kinds import BY_TYPE, HEAD_BYTES, declared_suffix, sniff, what_is
from lakesmith.sources.documents.parsed import Attachment, Limits, Parsed, UnreadableError

T = TypeVar("T")
LACKS = "library missing"


@dataclass(frozen=True, slots=True)
class Task:
    """How to read: with which limits, how deep inside another document, and until when what is slow may be begun."""

    limits: Limits = field(default_factory=Limits)
    soft_deadline: float = float("inf")
    depth: int = 0


def missing_libraries(type_: str) -> tuple[str, ...]:
    """Return the modules that are not installed and without which a type cannot be read."""
    family = BY_TYPE.get(type_)
    return tuple(name for name in family.needs if find_spec(name) is None) if family else ()


def kind_of(file: BinaryIO, declared: str) -> str:
    """Return the type of a document, containers looked into."""
    file.seek(0)
    found = sniff(file.read(HEAD_BYTES), declared)
    file.seek(0)
    if found == "zip":
        from lakesmith.sources.documents.families.package import kind_of_package

        found = kind_of_package(file)
    elif found == "ole" and not missing_libraries("msg"):
        from lakesmith.sources.documents.families.msg import kind_of_compound

        found = kind_of_compound(file)
    elif found == "ole" and declared == "msg":
        found = "msg"
    file.seek(0)
    return found


def read_document(file: BinaryIO, type_: str, task: Task) -> Parsed:
    """Return what a document says.

    Raises:
        UnreadableError: If it cannot be read.
    """
    family = BY_TYPE.get(type_)
    if family is None:
        raise UnreadableError(f"unsupported: {what_is(type_)}")
    lacking = missing_libraries(type_)
    if lacking:
        raise UnreadableError(f'{LACKS}: {", ".join(lacking)}; pip install "lakesmith[documents]"')
    module = import_module(f"lakesmith.sources.documents.families.{family.module}")
    parsed: Parsed = module.read(file, task)
    return parsed


def guarded(action: Callable[[], T]) -> tuple[T | None, str]:
    """Return what `action` gives, or None and the reason why it gave nothing.

    Readers of foreign documents raise whatever they like. The text of such an error may quote the document, so its name has to do.
    """
    try:
        return action(), ""
    except UnreadableError as error:
        return None, str(error)
    except ImportError as error:
        return None, f'library broken: {error.name}; pip install --force-reinstall "lakesmith[documents]"'
    except MemoryError:
        return None, "out of memory"
    except RecursionError:
        return None, "malformed: nested too deeply"
    except Exception as error:  # noqa: BLE001 - see above
        return None, f"malformed: {type(error).__name__}"


def attach(name: str | None, content: bytes, declared: str, task: Task) -> Attachment:
    """Return a document that was found inside another; `declared` is what that calls its type, for kinds nobody knows."""
    suffix = declared_suffix(name or "")
    type_, _ = guarded(lambda: kind_of(io.BytesIO(content), suffix))
    text = None
    if task.depth == 0 and type_ in BY_TYPE:
        inner = replace(task, depth=1)
        parsed, reason = guarded(lambda: read_document(io.BytesIO(content), type_, inner))
        if reason == "out of memory":
            raise MemoryError
        text = parsed.text if parsed else None
    known = type_ if type_ not in (None, "binary") else declared or "binary"
    return Attachment(name, known or "binary", len(content), hashlib.sha256(content).hexdigest(), text)
