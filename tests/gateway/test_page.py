"""The operators' page: what stands on it, who gets it, and what a form of it can do."""

import asyncio
import base64
import html.parser
import itertools
import json
import re
import time
from importlib.resources import files
from pathlib import Path

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway import houses, pages
from redan.gateway.admin import admin
from redan.gateway.panel import Shown, of_calibration, of_drift, of_shadow
from redan.guards.drift import Column, Drift
from redan.guards.shadow import Shadow

HOST = "127.0.0.1:9"
BASIC = {"authorization": "Basic " + base64.b64encode(b"me:abc").decode(), "host": HOST}
BEARER = {"authorization": "Bearer abc", "host": HOST}
HOSTILE = "<script>alert(1)</script>"
VOID = {"meta", "link", "br", "input", "rect", "line", "polyline", "polygon", "path"}


class Reader(html.parser.HTMLParser):
    """Collects tags and checks that they nest."""

    def __init__(self):
        super().__init__()
        self.open, self.tags, self.attributes = [], [], []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs

    def handle_endtag(self, tag):
        if tag not in VOID:
            assert self.open.pop() == tag


def call(made, *calls, token=b"abc"):
    """Answers to (method, path, headers, form)."""

    async def each():
        transport = httpx.ASGITransport(admin(made, token))
        async with httpx.AsyncClient(transport=transport, base_url=f"http://{HOST}") as client:
            found = []
            for method, path, headers, *form in calls:
                last = form[0](found) if form and callable(form[0]) else (form[0] if form else None)
                found.append(await client.request(method, path, headers=headers, data=last))
            return found

    return asyncio.run(each())


@pytest.fixture
def made(tmp_path):
    """A gateway with all guards on, which was asked and refused."""
    with pages.guarded(tmp_path / "p", endpoint="queries = 8") as found:
        found.sample(time.time() - 5)
        pages.ask(found.plane, 5)
        pages.ask(found.plane, 2, good=False)
        found.sample(time.time())
        yield found


def test_the_page_nests_and_has_no_script_and_no_style_of_its_own(made):
    """All tags nest; scripts and styles are files, no handler and no other address is on it."""
    made.panel.show(lambda: Shown("drift", HOSTILE, 3.0, 20.0, names=(HOSTILE,), says=HOSTILE))
    text = call(made, ("GET", "/", BASIC))[0].text
    reader = Reader()
    reader.feed(text)
    assert reader.open == []
    assert reader.tags.count("script") == 1
    names = [name for name, _ in reader.attributes]
    assert not [name for name in names if name.startswith("on") or name == "style"]
    targets = [value for name, value in reader.attributes if name in {"href", "src", "action"}]
    assert all(value.startswith(("/", "#")) and not value.startswith("//") for value in targets)
    assert HOSTILE not in text
    assert "&lt;script&gt;" in text


def test_landmarks_and_headings_are_in_order(made):
    """One h1, no level skipped, each section named by its heading, links of the page arrive, no identifier twice."""
    text = call(made, ("GET", "/", BASIC))[0].text
    levels = [int(level) for level in re.findall(r"<h([1-6])[ >]", text)]
    assert levels.count(1) == 1
    assert levels[0] == 1
    assert all(after <= before + 1 for before, after in itertools.pairwise(levels))
    for tag in ("header", "nav", "main", "footer"):
        assert text.count(f"<{tag}") == 1
    ids = re.findall(r'\sid="([^"]+)"', text)
    assert len(ids) == len(set(ids))
    assert set(re.findall(r'href="#([^"]+)"', text)) <= set(ids)
    assert all("aria-label" in one for one in re.findall(r'<[a-z]+ [^>]*role="img"[^>]*>', text))
    for header in re.findall(r"<th[ >][^>]*", text):
        assert 'scope="' in header


def test_what_happened_is_on_the_page_and_nobody_is_named(made):
    """Counts, refusals, the pseudonym of the ledger, generations; monitors that are not there are not declared."""
    text = call(made, ("GET", "/", BASIC))[0].text
    assert "4 answered" in text  # of two rows each: the fifth would be more than the endpoint allows
    assert "unauthenticated" in text
    assert made.register.clerk.pseudonym("alice") in text
    assert "alice" not in text
    assert made.models["churn"].current.root in text
    assert text.count("Not declared.") == 4
    assert "Near the limit: rows in all" in text
    assert "0% of rows in all" in text


def test_what_asks_to_be_looked_at_stands_first(made):
    """A broken seal, drift, a shadow, lost coverage; the parts that say more are linked."""
    drift = Drift("churn", (Column("age", [0.5], [10, 10]),), rows=1)
    shadow = Shadow()
    made.panel.show(lambda: of_drift(drift))
    made.panel.show(lambda: of_shadow("churn", shadow, 0, 0))
    made.panel.show(lambda: of_calibration("churn", 0.9, valid=True, rows=10, abstained=1, covered=(10, 9)))
    quiet = call(made, ("GET", "/", BASIC))[0].text
    assert "Ready, and nothing asks to be looked at" in quiet
    assert quiet.count("Not declared.") == 1
    made.panel.asks.clear()
    made.panel.show(lambda: Shown("drift", "churn", 1e4, 20.0, alarm=True, names=tuple("abcdefg")))
    made.panel.show(lambda: of_calibration("churn", 0.9, valid=False, rows=10, abstained=1))
    made.models["churn"].fault = "InvalidError"
    text = call(made, ("GET", "/", BASIC))[0].text
    assert "3 things ask" in text
    assert "moved: a, b, c, d, e and 2 more." in text
    assert text.index("things ask") < text.index("<nav")


def test_a_browser_gets_it_by_its_own_question_and_nothing_else_does(made):
    """The answer to nobody makes a browser ask; another host, another password, another page get nothing."""
    nobody, other, good = call(
        made, ("GET", "/", {"host": HOST}), ("GET", "/", {**BASIC, "host": "evil.example"}), ("GET", "/", BASIC)
    )
    assert nobody.status_code == other.status_code == 401
    assert 'Basic realm="redan operators"' in nobody.headers["www-authenticate"]
    assert good.status_code == 200
    for value in (
        "Basic !",
        "Basic " + base64.b64encode(b"abc").decode(),
        "Basic " + base64.b64encode(b"me:abcd").decode(),
        "basic " + BASIC["authorization"][6:] + "x",
    ):
        assert call(made, ("GET", "/", {**BASIC, "authorization": value}))[0].status_code == 401
    for found in (
        nobody,
        good,
        *call(made, *((("GET", p, BASIC)) for p in ("/live", "/page.css", "/health", "/nothing"))),
    ):
        assert "default-src 'none'" in found.headers["content-security-policy"]
        assert "unsafe" not in found.headers["content-security-policy"]
        assert found.headers["x-content-type-options"] == "nosniff"
        assert found.headers["cache-control"] == "no-store"


def test_another_page_in_the_browser_can_lead_here_and_no_more(made):
    """Fetch metadata and origin: of another site only the opening of the page itself passes."""
    cross = {**BASIC, "sec-fetch-site": "cross-site"}
    near = {**BASIC, "sec-fetch-site": "same-site", "sec-fetch-mode": "cors"}
    link, image, read, form, origin, null = call(
        made, ("GET", "/", {**cross, "sec-fetch-mode": "navigate"}), ("GET", "/live", {**cross, "sec-fetch-mode": "no-cors"}),
        ("GET", "/metrics", near), ("POST", "/models/churn/rollback", {**cross, "sec-fetch-mode": "navigate"}),
        ("POST", "/models/churn/rollback", {**BASIC, "origin": "http://127.0.0.1:8000"}), ("POST", "/verify", {**BASIC, "origin": "null"}),
    )  # fmt: skip
    assert [one.status_code for one in (link, image, read, form, origin, null)] == [200, 403, 403, 403, 403, 403]


def test_a_name_of_the_network_leads_nobody_to_an_open_socket(made):
    """Where the socket's permission is enough: a page whose name was pointed here (DNS rebinding) gets nothing."""
    fine, plain, evil = call(
        made,
        ("GET", "/", {"host": HOST}),
        ("GET", "/health", {"host": "x"}),
        ("GET", "/", {"host": "evil.example:80"}),
        token=None,
    )
    assert (fine.status_code, plain.status_code, evil.status_code) == (200, 200, 401)


def test_a_rollback_is_asked_back_and_done_once(made, tmp_path):
    """The word of the form does it; no word, that of an older form and the same one again do nothing."""
    houses.seal(tmp_path / "p", houses.model(2.0))
    before = made.models["churn"].version
    assert call(made, ("GET", "/models/churn/rollback", BASIC))[0].status_code == 404
    made.exchange("churn")
    path = "/models/churn/rollback"

    def word(found):
        return {"word": re.search(r'name="word" value="([0-9a-f]{64})"', found[0].text)[1]}

    same = {**BASIC, "origin": f"http://{HOST}", "sec-fetch-site": "same-origin"}
    asked, empty, wrong, done, again = call(
        made, ("GET", path, BASIC), ("POST", path, same), ("POST", path, same, {"word": "0" * 64}), ("POST", path, same, word), ("POST", path, same, word),
    )  # fmt: skip
    assert [one.status_code for one in (asked, empty, wrong, done, again)] == [200, 409, 409, 303, 409]
    assert made.models["churn"].version == before
    assert made.models["churn"].previous.model.version != before
    stranger, tool = call(made, ("POST", "/models/nothing/rollback", same, {"word": "x"}), ("POST", path, BEARER))
    assert (stranger.status_code, tool.status_code) == (404, 200)
    for deed in ("/verify", "/models/churn/swap"):
        assert call(made, ("POST", deed, same))[0].status_code == 403
    big = call(made, ("POST", path, same, {"word": "x" * 10_000}))[0]
    assert big.status_code == 409
    assert [one.status_code for one in call(made, ("POST", path, {"host": HOST}), token=None)] == [200]


def test_an_open_socket_asks_a_browser_for_the_word_too(made, tmp_path):
    """What a browser sends by itself marks it; a tool on the socket is believed as before."""
    houses.seal(tmp_path / "p", houses.model(2.0))
    made.exchange("churn")
    version, path = made.models["churn"].version, "/models/churn/rollback"
    found = call(
        made,
        ("POST", path, {"host": HOST, "origin": f"http://{HOST}"}),
        ("POST", path, {"host": HOST}, {"word": "x"}),
        token=None,
    )
    assert [one.status_code for one in found] == [409, 409]
    assert made.models["churn"].version == version


def test_news_are_one_event_with_every_part(made):
    """The browser asks again by itself; the parts are those of the page."""
    found = call(made, ("GET", "/live", BASIC))[0]
    assert found.headers["content-type"].startswith("text/event-stream")
    retry, data = found.text.strip().split("\n")
    assert retry == "retry: 2000"
    parts = json.loads(data.removeprefix("data: "))
    assert set(parts) == {"alarms", "traffic", "refusals", "budgets", "models", "watched", "ledger", "connections"}
    page = call(made, ("GET", "/", BASIC))[0].text
    assert all(f'id="{name}"' in page for name in parts)


def test_many_readers_cost_as_much_as_one(made, monkeypatch):
    """Parts are made once a second at most."""
    from redan.gateway import page_view

    count = []
    made_part = page_view.View.part
    monkeypatch.setattr(page_view.View, "part", lambda *given: count.append(given[1]) or made_part(*given))
    call(made, *[("GET", "/live", BASIC)] * 20)
    assert len(count) <= 2 * len(page_view.PARTS)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.one_of(st.binary(max_size=60), st.sampled_from([b"127.0.0.1", b"none", b"Og==", b"="])), max_size=6))
def test_no_headers_open_the_door(parts):
    """What the fuzzer tries, as a property; a base64 of anything but the token is nobody."""
    from importlib.util import module_from_spec, spec_from_file_location

    spec = spec_from_file_location("door_fuzz", Path(__file__).parents[2] / "fuzz" / "fuzz_operators_door.py")
    found = module_from_spec(spec)
    spec.loader.exec_module(found)
    found.TestOneInput(b"\n".join(part.replace(b"\n", b"") for part in parts))


def contrast(one, other):
    """The contrast ratio of two colours, WCAG 2.2."""
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def luminance(colour):
    """The relative luminance of a colour such as `#fff` or `#1d2327`."""
    digits = colour[1:] if len(colour) == 7 else "".join(2 * digit for digit in colour[1:])
    parts = [int(digits[k : k + 2], 16) / 255 for k in (0, 2, 4)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_colours_have_contrast():
    """Texts 4.5 to 1 on paper and card, lines 3 to 1 on what they lie on, in light and in dark (WCAG 2.2)."""
    style = files("redan.gateway").joinpath("page/page.css").read_text(encoding="utf-8")
    blocks = style.split(":root{")[1:3]
    assert len(blocks) == 2
    for block in blocks:
        colour = dict(re.findall(r"--([a-z-]+):(#[0-9a-f]{3,6})", block.partition("}")[0]))
        for ink in ("ink", "soft", "accent", "good", "bad", "warn"):
            assert contrast(colour[ink], colour["paper"]) >= 4.5, ink
            assert contrast(colour[ink], colour["card"]) >= 4.5, ink
        assert contrast(colour["on-bad"], colour["bad"]) >= 4.5
        assert contrast(colour["accent"], colour["area"]) >= 3
        assert contrast(colour["good"], colour["line"]) >= 3
