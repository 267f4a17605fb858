"""The page: self-contained, escaped, the same in a real browser with scripts off."""

import html.parser
import itertools
import re
import shutil
import subprocess
from importlib.resources import files
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
    """The drawing holds the marks in the order of their numbers, and the numbers stand beside it as text."""
    measure = Measure(
        name="lost_share", value=0.4, interval=Interval(0.3, 0.5), n=100, threshold=0.1, unit="share", comparator="<="
    )
    figure = str(gauge(measure, Outcome.BROKEN))
    limit = float(re.search(r'class="limit" x1="([\d.]+)%"', figure)[1])
    dot = float(re.search(r'class="dot broken" x="([\d.]+)%"', figure)[1])
    start, end = map(float, re.search(r'class="span" x1="([\d.]+)%" x2="([\d.]+)%"', figure).groups())
    assert limit < start < dot < end
    caption = figure.partition("<figcaption>")[2]
    for words in ("40%", "n = 100", "lost share", "at most 10%", "95% interval 30% to 50%"):
        assert words in caption


@pytest.mark.parametrize(
    ("comparator", "outcome", "shape"),
    [("<=", Outcome.HOLDS, "holds"), (">=", Outcome.BROKEN, "broken"), ("<=", Outcome.STALE, "other")],
)
def test_gauge_says_the_outcome_without_colour(comparator, outcome, shape):
    """Each outcome has a mark of its own shape, and the side that holds is the one the comparator names."""
    measure = Measure(name="rows", value=30, n=100, threshold=50, unit="rows", comparator=comparator)
    figure = str(gauge(measure, outcome))
    shapes = {kind: str(gauge(measure, o)) for kind, o in (("holds", Outcome.HOLDS), ("broken", Outcome.BROKEN))}
    assert f'class="dot {shape}"' in figure
    assert re.search(r'<path d="([^"]+)"', shapes["holds"])[1] != re.search(r'<path d="([^"]+)"', shapes["broken"])[1]
    zone, limit = (
        float(re.search(pattern, figure)[1]) for pattern in (r'class="zone" x="([\d.]+)', r'limit" x1="([\d.]+)')
    )
    assert (zone == limit) is (comparator == ">=")
    assert "30 rows of 100" in figure


def test_gauge_without_a_value_says_so():
    """No number means words, not a drawing of zero."""
    text = str(gauge(Measure(name="share", value=None, n=3, threshold=0.1), Outcome.NOT_RUN))
    assert "not enough data" in text
    assert "holds with at most 0.1" in text
    assert "<svg" not in text


def test_headings_and_landmarks_are_in_order(page):
    """One h1, no level skipped, each section named by its heading, and a way past the head for the keyboard."""
    levels = [int(level) for level in re.findall(r"<h([1-6])[ >]", page)]
    assert levels.count(1) == 1
    assert levels[0] == 1
    assert all(after <= before + 1 for before, after in itertools.pairwise(levels))
    for tag in ("header", "nav", "main", "footer"):
        assert page.count(f"<{tag}") == 1
    for section in re.findall(r"<section [^>]*>", page):
        assert re.search(r'aria-labelledby="([^"]+)"', section)[1] in re.findall(r'<h2 id="([^"]+)"', page)
    assert 'class="skip" href="#first"' in page
    assert all("aria-label" in picture for picture in re.findall(r'<[a-z]+ [^>]*role="img"[^>]*>', page))


def test_only_the_worst_threats_stand_open(page, small_material):
    """Ten threats are shown, worst first; the rest is folded under a line that counts them."""
    shown, folded = page.split('class="threats"', 1)[1].split('<details class="more">', 1)
    assert shown.count('class="threat"') == 10
    rest = len(small_material.analysis.threats) - 10
    assert re.search(rf"<summary>{rest} more: \d+ \w+", folded)


def test_colours_have_contrast():
    """Every text colour of the page reaches 4.5 to 1 on paper and card, in light and in dark (WCAG 2.2, 1.4.3)."""
    style = files("redan.reports").joinpath("page/page.css").read_text(encoding="utf-8")
    for block in style.split(":root{")[1:3]:
        colour = dict(re.findall(r"--([a-z-]+):(#[0-9a-f]{3,6})", block.partition("}")[0]))
        for ink in ("ink", "soft", "accent", "holds", "broken", "error", "stale", "notrun", "na"):
            assert contrast(colour[ink], colour["paper"]) >= 4.5, ink
            assert contrast(colour[ink], colour["card"]) >= 4.5, ink
        for ground in ("low", "medium", "high", "critical"):
            assert contrast(colour["risk-ink"], colour[ground]) >= 4.5, ground


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
