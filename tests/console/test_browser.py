"""The console in a real browser: every page at two widths, light and dark: accessible, within its width, silent; reached by the keyboard; three links to the cause."""

import json
import shutil

import pytest

pytestmark = pytest.mark.long

WIDTHS = (400, 1600)
NO_JAVASCRIPT = {"java_script_enabled": False}


@pytest.fixture(scope="module")
def chromium():
    """Chromium of this machine; without one this fails: a console that no browser has seen is not tested."""
    from playwright.sync_api import sync_playwright

    program = next(
        (found for name in ("chromium", "chromium-browser", "google-chrome") if (found := shutil.which(name))), None
    )
    assert program, "no Chromium on the PATH"
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield browser
        browser.close()


def opened(chromium, visitor, **wishes):
    """Return a page of a browser that was let in, and all that it complains of."""
    context = chromium.new_context(**wishes)
    name, value = visitor.cookie.split("=", 1)
    context.add_cookies([{"name": name, "value": value, "url": f"http://localhost:{visitor.port}"}])
    page, complaints = context.new_page(), []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("requestfailed", lambda request: complaints.append(request.url))
    return page, complaints


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", WIDTHS)
def test_every_page_is_accessible_and_fits(chromium, visitor, addresses, width, scheme):
    from axe_playwright_python.sync_playwright import Axe

    page, complaints = opened(chromium, visitor, viewport={"width": width, "height": 900}, color_scheme=scheme)
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    for path in [path for path in addresses if not path.endswith(".json")]:
        page.goto(f"http://localhost:{visitor.port}{path}")
        page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
        found = Axe().run(page).response["violations"]
        told = [(one["id"], [node["html"][:160] for node in one["nodes"][:3]]) for one in found]
        assert told == [], f"{path}: {json.dumps(told, indent=1)}"
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path
        assert page.evaluate("document.querySelectorAll('h1').length") == 1
    assert {url.split("/")[2] for url in asked} == {f"localhost:{visitor.port}"}
    assert complaints == []


def test_three_links_lead_from_the_first_page_to_cause_first_bad_run_and_downstream(chromium, visitor):
    page, _ = opened(chromium, visitor, **NO_JAVASCRIPT)
    page.goto(f"http://localhost:{visitor.port}/")
    links = 0
    page.locator("#incidents a").first.click()
    links += 1
    text = page.locator("main").inner_text()
    assert links <= 3
    assert "password has expired" in text
    assert "9 downstream models, 4 of them marts" in text
    first = page.locator("dt:has-text('First bad run') + dd a")
    first.click()
    links += 1
    assert links <= 3
    assert page.locator("h1").inner_text().startswith("✕Failed") or "Failed" in page.locator("h1").inner_text()


def test_the_keyboard_reaches_the_content_and_shows_where_it_is(chromium, visitor):
    page, _ = opened(chromium, visitor)
    page.goto(f"http://localhost:{visitor.port}/tables")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the content"
    assert page.evaluate("document.activeElement.getBoundingClientRect().left") >= 0
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "content"
    page.keyboard.press("Tab")
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"


def test_filters_and_leaving_work_without_javascript(chromium, own_project):
    from console_visitor import Visitor

    from lakesmith.console import serving

    with serving(own_project, port=0) as link:
        context = chromium.new_context(**NO_JAVASCRIPT)
        page = context.new_page()
        page.goto(link)
        assert page.url == f"{link.partition('?')[0]}"
        page.goto(f"{link.partition('/?')[0]}/runs")
        page.get_by_label("State").select_option("failed")
        page.get_by_role("button", name="Show").click()
        assert page.url.endswith("/runs?state=failed&pipeline=")
        assert "Runs failed" in page.locator("h1").inner_text()
        page.get_by_role("button", name="Log out everywhere").click()
        assert "Not let in yet" in page.locator("h1").inner_text()
        assert Visitor(int(link.split(":")[2].partition("/")[0])).ask("/").status == 401


def test_a_page_of_somebody_else_cannot_frame_or_read_it(chromium, visitor):
    import http.server
    import threading

    class Foreign(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            body = f"<iframe id=f src='http://localhost:{visitor.port}/'></iframe><p id=p>foreign</p>".encode()
            self.send_response(200)
            self.send_header("content-type", "text/html")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Foreign)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    page, _ = opened(chromium, visitor)
    page.goto(f"http://127.0.0.1:{server.server_port}/")
    page.wait_for_timeout(500)
    assert all("need you" not in frame.content() for frame in page.frames if frame.url != page.url)
    answer = page.evaluate(
        "async url => { try { return (await fetch(url, {credentials: 'include'})).status } catch (error) { return 'blocked' } }",
        f"http://localhost:{visitor.port}/today.json",
    )
    assert answer == "blocked"
    server.shutdown()
    server.server_close()
