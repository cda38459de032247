"""dbt's messages as errors a person can act on: where, what to do, and no row value in them."""

from __future__ import annotations

import re
from dataclasses import dataclass

from lakesmith.errors import TransformError

MASKED = "•••"

_ANSI = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]")
_HEAD = re.compile(
    r"^(?P<kind>[A-Z][\w ]*? Error)(?: in (?P<type>[\w ]+?) (?P<name>\S+))?(?: \((?P<path>[^()\n]+)\))?:?\s*$"
)
_PATH = re.compile(r"\((?P<path>[^()\s]+\.(?:sql|yml|yaml|py|csv|md))\)|Error reading \w+: (?P<yaml>\S+\.ya?ml)")
_LINE = re.compile(r"(?m)^\s*line (\d+)\s*$|near line (\d+)|, line (\d+), column")
_WIRE_LINE = re.compile(r"\bLINE (\d+):")

# Messages about a statement or a file quote names, which a person needs; all others may quote rows. Only the frame of a message may
# decide which it is: its beginning, or what is left without all that stands in quotes or brackets. A row can hold any words.
_ABOUT_STATEMENTS = re.compile(
    r"(Binder|Catalog|Parser|Syntax|Permission|IO|Not implemented|Dependency|Compilation|Parsing|Env var|TransactionContext) Error\b"
    r"|The profile |Could not find profile|Env var required|dbt found \d|Model '|Got \d+ results?, configured to (fail|warn) if"
)
_NAMED_KIND = re.compile(r"[A-Z][\w ]* Error: ")
_FRAME_WORDS = re.compile(r"does not exist|is undefined|syntax error|permission denied")
_INSIDE = re.compile(r"(?<!\w)['\"(].*['\")]", re.DOTALL)
_VALUES = re.compile(r"(?<![\w.])[-+]?\d[\d.,:TZ+-]*")
_OPENING = re.compile(r"(?<!\w)['\"]")  # not the apostrophe of a contraction
_WIRE_LITERAL = re.compile(r"(Key|Failing row contains) \(.*", re.DOTALL)

# Words that nobody quotes: `error('… ' || name)`, a pattern or a format taken from a column, RAISE in a function. Of such errors only
# frames of the engine itself are known to hold no value, and nothing after them.
_FREE = re.compile(r"Invalid Input Error: ")
_FREE_FRAMES = re.compile(
    r"Invalid Input Error: (?:Failed to (?:cast value|parse|convert)\b:? ?)?(?:Could not (?:parse|convert)(?: string)?)?(?=:? ['\"])"
)
_RAISED = re.compile(r"CONTEXT:\s+PL/pgSQL function \S+ line \d+ at RAISE")

# What dbt itself says of a node that it compiles while it builds. Any other words are of a macro, which may have read rows.
_DBT_SAYS = re.compile(
    r"'\w+(?: object)?' (?:is undefined|has no attribute '\w+')\s*|expected token '[^'\w]*', got '[^'\w]*'\s*"
    r"|(?:dbt was unable to infer all dependencies for the model|This model has an enforced contract that failed"
    r"|When searching for a relation, dbt found an approximate match)\b.*",
    re.DOTALL,
)

_FIXES = (
    (r"dbt deps|packages? specified|packages? installed", "run `lakesmith dbt deps`"),
    (r"Could not set lock|Conflicting lock|database is locked", "close the program that has the build database open, and run again"),
    (r"Env var required|env_var", "set the variable, or put it into `.env`"),
    (r"does not have a target named|Could not find profile|profiles\.yml", "check the target's name: `lakesmith plan --target …`"),
    (r"depends on a (node|source) named", "check the name in ref() or source(), or build what it names"),
    (r"Conversion Error|Could not convert|Invalid Input Error|Numeric value|invalid input syntax|out of range|overflow", "find the rows with try_cast(), and clean or cast them in the model"),
    (r"Constraint Error|violates|Duplicate key", "find the rows that break the rule, and clean them in the model"),
    (r"Table with name|does not exist|Catalog Error", "check the name; a table that a model reads must be built or loaded before it"),
    (r"Referenced column|Binder Error", "check the column's name: the source or a model above may have lost it"),
    (r"Out of Memory|out of memory", "give the engine more memory, or build the model in smaller parts"),
    (r"Parser Error|syntax error|Compilation Error|Parsing Error|is undefined", "correct the file"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Fault:
    """A message of dbt about one node, or about the project (`node` empty)."""

    message: str
    node: str = ""
    path: str = ""
    compiled: str = ""


def clean_message(text: str, written: str | None = None) -> str:
    r"""Return dbt's message without colours, its first line's frame, and whatever may be a row's value.

    Args:
        text: The message.
        written: The code of models and macros, for a message about a node at work: then macros have read rows, and of their messages
            only those stay that stand in the code as they are. None: dbt had not begun to work.

    Examples:
        >>> clean_message("Runtime Error in model m (models/m.sql)\n  Conversion Error: Could not convert string 'a' to INT32")
        'Conversion Error: Could not convert string ••• to INT32'
        >>> clean_message('Runtime Error in model m (models/m.sql)\n  Binder Error: Referenced column "nope" not found')
        'Binder Error: Referenced column "nope" not found'
    """
    lines = [line.rstrip() for line in _ANSI.sub("", text).strip().splitlines()]
    head = _HEAD.match(lines[0]) if lines else None
    body = lines[1:] if head and len(lines) > 1 else lines
    plain = "\n".join(line.removeprefix("  ") for line in body).strip()
    if head and head["kind"] in {"Compilation Error", "Parsing Error"}:
        return plain if written is None or _DBT_SAYS.fullmatch(plain) or _stands_in(plain, written) else MASKED
    return plain if _is_about_statement(plain) else _mask_values(plain)


def explain(fault: Fault, written: str | None = None) -> TransformError:
    """Return the error for a fault: dbt's message, the file and line as far as dbt says them, and what to do.

    `written` is as for `clean_message`.
    """
    message = clean_message(fault.message, written)
    where = _place(fault)
    fix = next(
        (fix for pattern, fix in _FIXES if re.search(pattern, fault.message)), "read the message, and correct the model"
    )
    if fault.compiled:
        fix += f"; the SQL that ran is in {fault.compiled}"
    what = f"dbt could not build {fault.node}: {message}" if fault.node else f"dbt could not start: {message}"
    return TransformError(what, where=where, fix=fix)


def _is_about_statement(text: str) -> bool:
    if _ABOUT_STATEMENTS.match(text):
        return True
    return not _NAMED_KIND.match(text) and _FRAME_WORDS.search(_INSIDE.sub("", text)) is not None


def _stands_in(text: str, written: str) -> bool:
    """Whether a text is a whole literal in some code: nothing was put into it."""
    return any(f"{quote}{text}{quote}" in written for quote in "'\"")


def _place(fault: Fault) -> str:
    found = _PATH.search(fault.message)
    path = fault.path or (found["path"] or found["yaml"] if found else "")
    wire = _WIRE_LINE.search(fault.message)
    if wire and fault.compiled:  # databases count lines of the compiled statement, not of the model
        return f"{path} ({fault.compiled}:{wire[1]})" if path else f"{fault.compiled}:{wire[1]}"
    line = _LINE.search(fault.message)
    number = next((group for group in line.groups() if group), "") if line else ""
    return f"{path}:{number}" if path and number else path


def _mask_values(text: str) -> str:
    """Mask from the first quote to the last one of its kind: a value may hold quotes itself."""
    if free := _FREE.match(text):
        return f"{(_FREE_FRAMES.match(text) or free)[0].rstrip()} {MASKED}"
    if raised := _RAISED.search(text):
        return f"{MASKED}\n{raised[0]}"
    text = _WIRE_LITERAL.sub(rf"\1 ({MASKED})", text)
    opening = _OPENING.search(text)
    if opening is None:
        return _VALUES.sub(MASKED, text)
    first = opening.start()
    last = text.rfind(text[first])
    tail = _mask_values(text[last + 1 :]) if last > first else ""
    return _VALUES.sub(MASKED, text[:first]) + MASKED + tail
