"""How much work a document may be: a floor well below what was measured, in processor time, which others on the machine do not change."""

import gc
import resource

import document_making as making
import pytest

FLOORS = {"mails": 80, "pages of PDF": 12, "Word documents": 60}
"""Documents per second of one processor, workers and parent together; measured: 320, 48 and 280."""
CONTENTS = {
    "mails": lambda number: bytes(making.multipart(f"No {number}", "word " * 200, ("a.txt", "text/plain", b"x" * 500))),
    "pages of PDF": lambda number: making.pdf("some words of a line " * 3, f"page {number}"),
    "Word documents": lambda number: making.word(*["some words of a paragraph " * 5] * 20, str(number)),
}


def used_s():
    both = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in both)


@pytest.mark.parametrize("kind", FLOORS)
def test_documents_per_second(folder, kind):
    count = 40
    folder.put("first", CONTENTS[kind](count))
    folder.load()  # what is imported once is not part of the measure
    for number in range(count):
        folder.put(f"{number:03}", CONTENTS[kind](number))
    before = used_s()
    rows = folder.load()
    folder.source = None
    gc.collect()  # what a worker used is known once it has ended
    rate = count / (used_s() - before)
    assert len(rows) == count
    assert not [row["error"] for row in rows.values() if row["error"]]
    assert rate > FLOORS[kind], f"{rate:.0f} {kind} per second"
