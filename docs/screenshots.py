"""Pictures of the console over a made-up record, for `console.md`. Usage: `python docs/screenshots.py`; needs Chromium."""  # noqa: INP001 - a script, not a module

from __future__ import annotations

import shutil
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "tests" / "tools"))

from made_history import Company, fill, write_project  # noqa: E402 - found only now

import lakesmith  # noqa: E402
from lakesmith.api.storing import open_store  # noqa: E402
from lakesmith.api.viewing import Viewing  # noqa: E402
from lakesmith.console import serving  # noqa: E402

MOST_BYTES = 150_000
WIDTH, HEIGHT, NARROW = 1280, 740, 400


def main() -> int:
    """Make the record, serve it, take the pictures."""
    from playwright.sync_api import sync_playwright

    program = next(
        (found for name in ("chromium", "chromium-browser", "google-chrome") if (found := shutil.which(name))), None
    )
    if program is None:
        print("There is no Chromium on the PATH.", file=sys.stderr)  # noqa: T201 - a program
        return 1
    folder = Path(tempfile.mkdtemp(prefix="lakesmith-pictures-"))
    company = Company(now=datetime.now(UTC))
    project = lakesmith.open(write_project(folder / "acme", company))
    store = open_store(project._shop)  # noqa: SLF001 - the record is filled behind its back
    fill(store.engine, company)
    store.close()
    out = HERE / "console"
    out.mkdir(exist_ok=True)
    with serving(project, port=0) as link, sync_playwright() as play:
        base = link.partition("/?")[0]
        browser = play.chromium.launch(executable_path=program, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT})
        page.goto(link)
        state = page.context.storage_state()
        too_large = []
        for name, (path, width, scheme) in _pictures(project).items():
            context = browser.new_context(
                viewport={"width": width, "height": HEIGHT}, color_scheme=scheme, storage_state=state
            )
            page = context.new_page()
            page.goto(base + path)
            file = out / f"{name}.png"
            page.screenshot(path=str(file), clip={"x": 0, "y": 0, "width": width, "height": HEIGHT})
            if file.stat().st_size > MOST_BYTES:
                too_large.append(file.name)
            context.close()
        browser.close()
    shutil.rmtree(folder)
    for file in too_large:
        print(f"{file} is larger than {MOST_BYTES:,} bytes", file=sys.stderr)  # noqa: T201 - a program
    return 1 if too_large else 0


def _pictures(project: lakesmith.Project) -> dict[str, tuple[str, int, str]]:
    with Viewing(project) as viewing:
        incident = viewing.incidents().incidents[0].incident_id
        run = viewing.runs(state="warned").runs[0].run_id
    return {
        "today": ("/", WIDTH, "light"),
        "today-dark": ("/", WIDTH, "dark"),
        "today-narrow": ("/", NARROW, "light"),
        "incident": (f"/incidents/{incident}", WIDTH, "light"),
        "runs": ("/runs", WIDTH, "light"),
        "run": (f"/runs/{run}", WIDTH, "light"),
        "sources": ("/sources", WIDTH, "light"),
        "tables": ("/tables", WIDTH, "light"),
        "table": ("/tables/shop.orders", WIDTH, "light"),
        "table-dark": ("/tables/shop.orders", WIDTH, "dark"),
        "quarantine": ("/quarantine", WIDTH, "light"),
        "system": ("/system", WIDTH, "light"),
    }


if __name__ == "__main__":
    sys.exit(main())
