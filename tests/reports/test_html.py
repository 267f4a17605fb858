"""The page: self-contained, escaped, the same in a real browser with scripts off."""

import html.parser
import re
import shutil
import subprocess
from pathlib import Path

import pytest

import small_project
from redan.findings import Interval, Measure
from redan.reports.gauge import gauge
from redan.reports.shelf import render
from redan.terms import Outcome

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
VOID = {"meta", "link", "br", "img", "hr", "input", "line", "circle", "rect", "path", "use", "stop", "polygon"}


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


@pytest.fixture(scope="module")
def page(small_material):
    return render("html", small_material).decode()


def test_page_nests_and_needs_nothing(page):
    """All tags nest; there is no script, no handler and no address outside the page."""
    reader = Reader()
    reader.feed(page)
    assert reader.open == []
    assert "script" not in reader.tags
    assert not [name for name, _ in reader.attributes if name.startswith("on")]
    targets = [value for name, value in reader.attributes if name in {"href", "src", "xlink:href"}]
    assert all(value.startswith("#") for value in targets)


def test_links_inside_the_page_arrive(page):
    """Every link of the page leads to an element that is there."""
    ids = set(re.findall(r'\sid="([^"]+)"', page))
    assert set(re.findall(r'href="#([^"]+)"', page)) <= ids


def test_hostile_names_stay_text(page):
    """A script in the product's name arrives as text."""
    assert small_project.HOSTILE not in page
    assert "&lt;script&gt;" in page


def test_every_control_is_on_the_page(page, small_material):
    """No control of the catalogue is left out, with a check or without."""
    for row in small_material.judgement.rows:
        assert f'id="{row.control_id}"' in page


def test_gauge_draws_value_interval_and_threshold():
    """The drawing holds the three marks in the order of their numbers."""
    measure = Measure(
        name="share", value=0.4, interval=Interval(0.3, 0.5), n=100, threshold=0.1, unit="share", comparator="<="
    )
    svg = str(gauge(measure, Outcome.BROKEN))
    limit = float(re.search(r'class="limit" x1="([\d.]+)"', svg)[1])
    dot = float(re.search(r'cx="([\d.]+)"', svg)[1])
    start, end = map(float, re.search(r'class="span" x1="([\d.]+)" x2="([\d.]+)"', svg).groups())
    assert limit < start < dot < end
    assert 'class="dot broken"' in svg


def test_gauge_without_a_value_says_so():
    """No number means words, not a drawing of zero."""
    text = str(gauge(Measure(name="share", value=None, n=3, threshold=0.1), Outcome.NOT_RUN))
    assert "not enough data" in text
    assert "<svg" not in text


@pytest.mark.browser
@pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed")
def test_real_browser_shows_the_page(tmp_path, page):
    """Chromium lays the page out and prints it; the page's own policy forbids a script that is slipped in."""
    file = tmp_path / "report.html"
    planted = "<script>document.body.textContent = 'planted'</script></body>"
    file.write_text(page.replace("</body>", planted), encoding="utf-8")
    shot = tmp_path / "page.png"
    flags = [
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        f"--user-data-dir={tmp_path / 'profile'}",
    ]
    common = [str(CHROMIUM), *flags, "--window-size=1280,2000"]
    subprocess.run([*common, f"--screenshot={shot}", file.as_uri()], check=True, capture_output=True, timeout=120)
    assert shot.stat().st_size > 20_000
    seen = subprocess.run([*common, "--dump-dom", file.as_uri()], check=True, capture_output=True, timeout=120).stdout
    assert b"Gate not met" in seen
    printed = tmp_path / "page.pdf"
    subprocess.run([*common, f"--print-to-pdf={printed}", file.as_uri()], check=True, capture_output=True, timeout=120)
    assert Path(printed).read_bytes().startswith(b"%PDF")
