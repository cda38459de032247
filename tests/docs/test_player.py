"""The player that runs the pages notices what it should."""

from __future__ import annotations

import pytest
from docs_pages import ROOT, Block, blocks
from docs_player import Player, commands, matches

SAID = """
 ✓ load    shop.orders   1 part    4 read = 3 written + 1 quarantined + 0 filtered    1,234 rows/s
Done in 2.1 s.  Page: warehouse/report/index.html
"""


def block(info, body):
    return Block(ROOT / "README.md", 1, info, body)


def test_times_rates_and_blanks_may_differ():
    printed = SAID.replace("    1,234 rows/s", "").replace("2.1 s", "17.0 s").replace("1 part    4", "1 part  4")
    assert matches(SAID, printed)


@pytest.mark.parametrize(
    "other",
    [
        SAID.replace("4 read", "5 read"),
        SAID.replace("✓", "✕"),
        SAID + "one more line\n",
        SAID.replace("Done", "Ended"),
        "",
    ],
)
def test_numbers_words_and_lines_may_not(other):
    assert not matches(SAID, other)


def test_the_sign_for_anything_stands_for_lines_and_for_the_end_of_one():
    assert matches("a\n[…]\nd\n", "a\nb\nc\nd\n")
    assert matches("a\n[…]\nd\n", "a\nd\n")
    assert matches("1 stream[…], b\n", "1 streams, b\n")
    assert not matches("a\n[…]\nd\n", "a\nb\n")


def test_commands_are_told_from_what_they_print():
    assert commands(block("console", "$ one\nx\n\n$ two --a\n")) == [("one", "x\n\n"), ("two --a", "")]


def test_a_file_is_written_and_changed(tmp_path):
    player = Player(tmp_path)
    player.play(block("text file=a/b.txt", "one\ntwo\n"))
    player.play(block("diff", "--- a/b.txt\n-two\n+three\n"))
    assert (tmp_path / "a" / "b.txt").read_text("utf-8") == "one\nthree\n"
    with pytest.raises(AssertionError, match=r"README.md:1: the lines to change are not in a/b.txt once"):
        player.play(block("diff", "--- a/b.txt\n-two\n+three\n"))


def test_what_a_command_prints_is_compared(tmp_path):
    player = Player(tmp_path)
    player.play(block("console", "$ lakesmith --version\nlakesmith 0.1.0\n"))
    with pytest.raises(AssertionError, match=r"`lakesmith --version` prints something else\n(.*\n)*-lakesmith 9"):
        player.play(block("console", "$ lakesmith --version\nlakesmith 9\n"))


def test_every_page_with_transcripts_is_played():
    played = {
        "README.md",
        *(f"docs/{name}.md" for name in ("data-way", "demo-company", "files", "web-logs", "documents")),
    }
    shown = {str(page.relative_to(ROOT)) for page in _pages() if any(b.language == "console" for b in blocks(page))}
    assert shown == played


def _pages():
    from docs_pages import pages

    return pages()
