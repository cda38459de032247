import runpy

from gallery_lab import HERE

PAGE = HERE.parents[1] / "docs" / "errors.md"


def test_the_page_of_errors_is_up_to_date():
    made = runpy.run_path(str(HERE / "render.py"))["render"]()
    assert made == PAGE.read_text(), "run `python tests/gallery/render.py`"


def test_the_page_holds_every_snapshot():
    text = PAGE.read_text()
    for file in (HERE / "snapshots").glob("*.txt"):
        for line in file.read_text().partition("\n--- ")[2].splitlines()[1:-2]:
            assert line.startswith("--- ") or line in text
