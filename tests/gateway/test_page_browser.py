"""The operators' page in a real Chromium: live, by keyboard, without scripts, dark and narrow, and under its policy."""

import contextlib
import time

import httpx
import pytest

from gateway import browser, houses, pages
from redan.gateway.panel import Shown

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(browser.CHROMIUM is None, reason="Chromium is not installed"),
]


@pytest.fixture(scope="module")
def tab(tmp_path_factory):
    """One browser for all of them; it shows the password to whoever asks."""
    with browser.tab(tmp_path_factory.mktemp("b"), password=pages.WORD) as found:
        yield found


def load(port, count):
    """Real questions over a socket: most are fine, some show nobody, some are not signed."""
    statuses = []
    with httpx.Client(base_url=f"http://127.0.0.1:{port}") as client:
        for place in range(count):
            headers = dict(pages.signed())
            if place % 5 == 0:
                headers.pop("authorization")
            statuses.append(client.post("/v2/models/churn/infer", content=houses.BODY, headers=headers).status_code)
    return statuses


def test_the_page_lives_in_a_real_browser(tmp_path, tab):
    """Empty, then busy without a reload, then with alarms; no complaint of the browser in any of them."""
    with (
        pages.guarded(tmp_path / "p") as made,
        pages.planes(made) as (data, port),
    ):
        tab.open(f"http://127.0.0.1:{port}/")
        assert "Ready" in tab.run("document.getElementById('alarms').innerText")
        assert "Nothing was refused" in tab.run("document.getElementById('refusals').innerText")
        tab.run("window.mark = 1")
        statuses = load(data, 40)
        assert (statuses.count(200), statuses.count(401)) == (32, 8)
        tab.until("document.getElementById('traffic').innerText.includes('32 answered')")
        tab.until("document.getElementById('refusals').innerText.includes('unauthenticated')")
        assert tab.run("document.querySelectorAll('#traffic polyline').length") >= 2
        assert made.register.clerk.pseudonym("alice") in tab.run("document.getElementById('budgets').innerText")
        made.panel.show(
            lambda: Shown("drift", "churn", 1e3, 20.0, 512, alarm=True, names=("<img src=x onerror=alert(1)>",))
        )
        tab.until("document.getElementById('alarms').innerText.includes('asks to be looked at')")
        assert tab.run("document.querySelectorAll('#watched img, #alarms img').length") == 0
        assert tab.run("window.mark") == 1
        tab.run("document.getElementById('pause').click()")
        assert tab.run("document.getElementById('news').textContent") == "Paused"
        assert tab.complaints() == []
        assert tab.asked == 1  # the browser's own question, once: it keeps the answer for the page's files and its news
        tab.run(
            "document.body.insertAdjacentHTML('beforeend', '<p id=planted onclick=\"window.bad=1\">x</p><img src=\"https://192.0.2.1/x\">')"
        )
        tab.run("document.getElementById('planted').click()")
        assert tab.run("window.bad") is None
        tab.until("true")
        for width, dark in ((1280, False), (390, True)):
            tab.shot(tmp_path / "page.png", width=width, dark=dark)
            assert (tmp_path / "page.png").stat().st_size > 20_000
            assert tab.run("document.documentElement.scrollWidth <= window.innerWidth")
        assert any("Content Security Policy" in one for one in tab.complaints())


def test_everything_is_reached_by_the_keyboard_and_has_a_name(tmp_path, tab):
    """The first stop leads past the head; a rollback is done by keys alone; each control and picture has a name."""
    with (
        pages.guarded(tmp_path / "p") as made,
        pages.planes(made) as (_, port),
    ):
        houses.seal(tmp_path / "p", houses.model(2.0))
        first = made.models["churn"].version
        made.exchange("churn")
        tab.open(f"http://127.0.0.1:{port}/")
        tab.key("Tab", 9)
        assert tab.run("document.activeElement.textContent") == "To the numbers"
        tab.key("Enter", 13)
        assert tab.run("document.activeElement.id") == "main"
        for _ in range(12):
            tab.key("Tab", 9)
            if (tab.run("document.activeElement.textContent") or "").startswith("Roll back"):
                break
        time.sleep(2.2)  # what has the focus is not replaced
        assert tab.run("document.activeElement.textContent").startswith("Roll back to")
        tab.key("Enter", 13)
        tab.until("document.title.startsWith('Roll back churn?')")
        named = [
            (one["role"]["value"], one.get("name", {}).get("value", ""))
            for one in tab.call("Accessibility.getFullAXTree")["nodes"]
            if one["role"]["value"] in {"button", "link", "image", "textbox", "region", "navigation", "article"}
        ]
        assert named
        assert all(name for _, name in named)
        for _ in range(3):
            tab.key("Tab", 9)
            if tab.run("document.activeElement.tagName") == "BUTTON":
                break
        tab.key("Enter", 13)
        tab.until("location.hash === '#t-models' && document.readyState === 'complete'")
        assert made.models["churn"].version == first
        assert tab.complaints() == []
        tree = tab.call("Accessibility.getFullAXTree")["nodes"]
        pictures = [
            one for one in tree if one["role"]["value"] in {"image", "img", "button", "link", "region", "navigation"}
        ]
        assert pictures
        assert all(one.get("name", {}).get("value") for one in pictures)


def test_it_works_without_scripts(tmp_path, tab):
    """The same numbers, and the page asks to be loaded again by itself."""
    with pages.guarded(tmp_path / "p") as made, pages.planes(made) as (data, port):
        load(data, 10)
        tab.call("Emulation.setScriptExecutionDisabled", value=True)
        try:
            tab.call("Page.navigate", url=f"http://127.0.0.1:{port}/")
            text, until = "", time.monotonic() + 20
            while "8 answered" not in text and time.monotonic() < until:
                time.sleep(0.1)
                with contextlib.suppress(RuntimeError):  # while one page goes and the next comes
                    root = tab.call("DOM.getDocument", depth=0)["root"]["nodeId"]
                    text = tab.call("DOM.getOuterHTML", nodeId=root)["outerHTML"]
        finally:
            tab.call("Emulation.setScriptExecutionDisabled", value=False)
    assert "8 answered" in text
    assert 'id="pause" type="button" hidden=""' in text
    assert '<meta http-equiv="refresh" content="10">' in text
