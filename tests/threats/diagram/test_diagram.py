"""The data-flow diagram: complete, without overlaps, deterministic, self-contained, safe against hostile names."""

import itertools
import os
import re
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ET

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from diagram_systems import BIG, HOSTILE, NAMES, ZONES
from redan.threats import derive
from redan.threats.diagram import MOST_EDGES, MOST_NODES, diagram
from redan.threats.diagram.graph import Edge, Graph, Node, graph
from redan.threats.diagram.routes import routes
from redan.threats.diagram.scene import CARD, scene
from redan.threats.diagram.text import clean, escaped, width, wrap
from threat_systems import CHURN, EXPECTED, IDEA, PHOTOS, PLANTS, SHIPPED, system_of

SVG = "{http://www.w3.org/2000/svg}"
SYSTEMS = {**{name: text for name, (text, _) in EXPECTED.items()}, "big": BIG, "zones": ZONES, "names": NAMES}
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


def _svg(text):
    system = system_of(text)
    return diagram(system, derive(system).threats)


def _apart(one, other, gap=0.0):
    """Whether two boxes (x, y, w, h) do not overlap."""
    right, below = one[0] + one[2] + gap <= other[0], one[1] + one[3] + gap <= other[1]
    return right or below or other[0] + other[2] + gap <= one[0] or other[1] + other[3] + gap <= one[1]


def _box(thing):
    return thing.x, thing.y, thing.w, thing.h


def _label_box(label):
    return label.x - label.w / 2, label.y - label.h / 2, label.w, label.h


def _check_layout(drawn):
    """No two cards overlap, no label a card or label, no zone a card that is not its own, no lane a card."""
    placed = scene(drawn)
    arrows = routes(drawn, placed)
    cards = list(placed.cards.values())
    assert {card.node.id for card in cards} == {node.id for node in drawn.nodes}
    for one, other in itertools.combinations(cards, 2):
        assert _apart(_box(one), _box(other)), (one.node.id, other.node.id)
    labels = [_label_box(arrow.label) for arrow in arrows if arrow.label]
    for one, other in itertools.combinations(labels, 2):
        assert _apart(one, other)
    for label, card in itertools.product(labels, cards):
        assert _apart(label, _box(card))
    for frame, card in itertools.product(placed.frames, cards):
        if frame.zone.id not in card.node.zones:
            assert _apart(_box(frame), _box(card)), (frame.zone.id, card.node.id)
    for card in cards:
        around = [f for f in placed.frames if not _apart(_box(f), _box(card))]
        assert {f.zone.id for f in around} == set(card.node.zones)
    for lane, card in itertools.product(placed.lanes.values(), cards):
        across = placed.left[lane.first], lane.y, placed.left[lane.last] + CARD - placed.left[lane.first], 0.0
        assert _apart(across, _box(card))


@pytest.mark.parametrize("name", SYSTEMS)
def test_nothing_overlaps(name):
    """Cards, labels, zones and arrows keep apart in every described system."""
    _check_layout(graph(system_of(SYSTEMS[name])))


@settings(deadline=None, max_examples=60)
@given(
    st.lists(st.tuples(st.integers(0, 14), st.integers(0, 14)), max_size=30),
    st.lists(st.sampled_from(["source", "dataset", "model", "endpoint", "feedback"]), min_size=15, max_size=15),
    st.sampled_from(["", "x", "a long list of features, one after the other, for every week"]),
)
def test_nothing_overlaps_in_any_graph(pairs, kinds, label):
    """Cycles, double and lonely nodes and long labels never bring two words on top of each other."""
    nodes = tuple(Node(f"{kind}:{i}", kind, f"node {i}", kind, (f"{kind}:{i}",)) for i, kind in enumerate(kinds))
    ends = dict.fromkeys((a, b) for a, b in pairs if a != b)
    edges = tuple(Edge(nodes[a].id, nodes[b].id, label, "tls" if label else None) for a, b in ends)
    _check_layout(Graph(nodes, edges, ()))


@pytest.mark.parametrize("name", SYSTEMS)
def test_every_element_and_flow_is_in_the_picture(name):
    """Sources, data sets, models, endpoints and feedback are all drawn, and each declared flow is named."""
    system = system_of(SYSTEMS[name])
    titles = [e.text for e in ET.fromstring(_svg(SYSTEMS[name])).iter(f"{SVG}title")]
    for element in system.elements:
        if element.startswith(("source:", "dataset:", "model:", "endpoint:", "feedback:", "preprocessor:", "feature:")):
            assert any(element in title for title in titles), element
    for flow in system.flows:
        if flow.from_ != flow.to:
            assert any(f"{flow.from_} to {flow.to}: " in title for title in titles)


def test_badges_count_threats_in_the_colour_of_the_worst():
    """The card of an element shows how many threats it has, and its title says so in words."""
    system = system_of(PHOTOS)
    threats = derive(system).threats
    root = ET.fromstring(diagram(system, threats))
    for element in ("endpoint:tag", "dataset:uploads", "model:resnet"):
        own = [t for t in threats if t.element == element]
        (card,) = [g for g in root.iter(f"{SVG}g") if (g.findtext(f"{SVG}title") or "").startswith(f"{element};")]
        (badge,) = [t for t in card.iter(f"{SVG}text") if t.get("class", "").startswith("badge")]
        assert badge.text == str(len(own))
        assert badge.get("class") == f"badge on-{own[0].risk.level}"
        assert f"{len(own)} threats, worst {own[0].risk.level}" in card.findtext(f"{SVG}title")


def test_implied_flows_are_drawn_where_none_is_declared():
    """What a table says flows is drawn as implied, until a flow says it explicitly."""
    before = graph(system_of(PHOTOS))
    pairs = {(e.source, e.target): e for e in before.edges}
    assert pairs[("source:photos", "dataset:uploads")].protection is None
    assert pairs[("feedback:corrections", "dataset:uploads")].protection is None
    assert pairs[("model:resnet", "model:tagger")].protection is None
    assert pairs[("endpoint:tag", "clients:tag")].both
    flow = '\n[[flow]]\nfrom = "source:photos"\nto = "dataset:uploads"\nprotection = "signed"\n'
    after = {(e.source, e.target): e for e in graph(system_of(PHOTOS + flow)).edges}
    assert after[("source:photos", "dataset:uploads")].protection == "signed"
    assert len(after) == len(pairs)


def test_flows_between_the_same_elements_are_one_arrow_of_the_weakest_protection():
    """A bundle is as protected as its barest flow, and its title names each."""
    flow = '\n[[flow]]\nfrom = "source:photos"\nto = "dataset:uploads"\nprotection = "{}"\ndata = ["{}"]\n'
    text = PHOTOS + flow.format("mtls", "a") + flow.format("none", "b")
    (edge,) = [e for e in graph(system_of(text)).edges if e.flows]
    assert (edge.protection, edge.label, len(edge.flows)) == ("none", "a, b", 2)


def test_third_party_sites_and_boundaries_are_zones():
    """A site that somebody else runs is drawn around what lies there; our own is not."""
    assert [zone.id for zone in graph(system_of(PLANTS)).zones] == ["site:plant-a", "site:plant-b"]
    ours = PLANTS.replace("third_party = true", "third_party = false")
    assert graph(system_of(ours)).zones == ()
    assert {zone.id for zone in graph(system_of(SHIPPED)).zones} == {"boundary:hospital", "site:clinic"}


def test_what_no_boundary_names_stands_with_its_neighbours():
    """Features and preprocessing between a data set and a model inside one boundary are drawn inside it too."""
    text = CHURN + '[[preprocessor]]\nname = "scale"\n[[boundary]]\nname = "office"\ncontains = ["dataset:train", {}]\n'
    text = text.replace('inputs = ["tenure", "monthly"]', 'inputs = ["tenure", "monthly"]\npreprocessors = ["scale"]')
    zones = {n.kind: n.zones for n in graph(system_of(text.replace("{}", '"model:churn"'))).nodes}
    assert zones["feature"] == zones["preprocessor"] == ("boundary:office",)
    apart = {n.kind: n.zones for n in graph(system_of(text.replace(", {}", ""))).nodes}
    assert apart["feature"] == apart["preprocessor"] == ()


def test_a_site_that_receives_answers_stands_right_of_what_sends_them():
    """A flow to somebody else's site reads from left to right like any other."""
    flow = '\n[[flow]]\nfrom = "endpoint:alarm"\nto = "site:plant-b"\n'
    cards = scene(graph(system_of(PLANTS + flow))).cards
    assert cards["site:plant-b"].x > cards["endpoint:alarm"].x


def test_a_zone_whose_members_do_not_stay_together_is_drawn_in_numbered_pieces():
    """Overlapping boundaries are drawn honestly: no piece holds what is not inside."""
    titles = [line for frame in scene(graph(system_of(ZONES))).frames for line in frame.title]
    assert {"overlap (1 of 2)", "overlap (2 of 2)"} <= set(titles)
    assert "office" in titles


def test_a_boundary_with_nothing_inside_is_a_tick_on_the_flow():
    """A boundary known only from a flow is still seen."""
    text = '\n[[boundary]]\nname = "internet"\n[[flow]]\nfrom = "source:photos"\nto = "dataset:uploads"\nboundary = "internet"\n'
    svg = _svg(PHOTOS + text)
    assert svg.count('class="tick"') == 1
    assert "across internet" in svg
    assert 'class="tick"' not in _svg(PHOTOS)


def test_the_bytes_are_the_same_in_every_process():
    """Hash seeds change nothing."""
    code = (
        "import sys; sys.path[:0] = sys.argv[1:]\n"
        "from diagram_systems import BIG\nfrom threat_systems import system_of\n"
        "from redan.threats import derive\nfrom redan.threats.diagram import diagram\n"
        "s = system_of(BIG)\nsys.stdout.buffer.write(diagram(s, derive(s).threats).encode())"
    )
    made = {
        subprocess.run(
            [sys.executable, "-c", code, *sys.path],
            capture_output=True,
            check=True,
            env={**os.environ, "PYTHONHASHSEED": seed},
        ).stdout
        for seed in ("0", "1", "2")
    }
    assert made == {_svg(BIG).encode()}


@pytest.mark.parametrize("name", [*SYSTEMS, "hostile"])
def test_the_picture_is_self_contained(name):
    """No script, handler, link, image, font or address can be in it, whatever the names are."""
    root = ET.fromstring(_svg(HOSTILE if name == "hostile" else SYSTEMS[name]))
    allowed = {"svg", "title", "desc", "style", "g", "rect", "path", "polygon", "circle", "text"}
    for element in root.iter():
        assert element.tag.removeprefix(SVG) in allowed
        assert not [a for a in element.attrib if a.lower().startswith("on") or "href" in a or a == "style"]
    style = root.findtext(f"{SVG}style")
    assert not [word for word in ("url(", "@import", "http", "<", "expression") if word in style]
    assert root.get("role") == "img"
    assert root.findtext(f"{SVG}title")
    assert root.findtext(f"{SVG}desc")


def test_hostile_names_are_shown_as_text():
    """Markup, entities, control and direction characters of a description do no harm and lose no letters."""
    svg = _svg(HOSTILE)
    text = "".join(ET.fromstring(svg).itertext())
    assert "<script>alert(1)</script>" in text
    assert "<script" not in svg
    assert not [c for c in svg if c in "\u202e\u2066\x1b\x00\u2028"]


@given(st.text(max_size=60))
def test_any_text_is_valid_character_data(text):
    """Whatever a name is, the XML parses and gives back the cleaned text."""
    assert (ET.fromstring(f'<a b="{escaped(text)}">{escaped(text)}</a>').text or "") == clean(text)


@given(st.text(max_size=80), st.integers(40, 200), st.integers(1, 4), st.booleans())
def test_wrapped_lines_fit(text, limit, lines, bold):
    """No line is wider than its room, and there are no more lines than asked for."""
    made = wrap(text, 13.0, limit, lines, bold=bold)
    assert 1 <= len(made) <= lines
    assert all(width(line, 13.0, bold=bold) <= limit or len(line) <= 2 for line in made)


@given(st.text(st.characters(codec="ascii", categories=["L", "N"]), min_size=1, max_size=60))
def test_wrapping_loses_nothing_where_there_is_room(text):
    """With lines enough, the whole word comes back."""
    assert "".join(wrap(text, 13.0, 100, 60)) == clean(text).replace(" ", "")


def test_nothing_described_is_a_picture_that_says_so():
    """A system with only a name has a picture."""
    assert "Nothing is described yet." in _svg(IDEA)


def test_many_features_are_one_card():
    """Features of one model are drawn together unless a flow names one."""
    features = "".join(f'\n[[feature]]\nname = "f{i}"\nfrom = "uploads"\n' for i in range(40))
    nodes = [n for n in graph(system_of(PHOTOS + features)).nodes if n.kind == "feature"]
    assert [n.name for n in nodes] == ["40 features"]
    flow = '\n[[flow]]\nfrom = "feature:f3"\nto = "model:tagger"\n'
    nodes = [n for n in graph(system_of(PHOTOS + features + flow)).nodes if n.kind == "feature"]
    assert [n.name for n in nodes] == ["f3", "39 features"]


# Counts words that stick out of their card or label, pairs of words that overlap, and words outside the picture.
MEASURE = """<script>
const all = [...document.querySelectorAll('svg.dfd text')], box = all.map(t => t.getBoundingClientRect());
const out = all.filter(t => /name|caption|label|badge/.test(t.getAttribute('class')) &&
  t.parentNode.querySelector(':scope > .plate, :scope > .shape')).filter(t => {
  const a = t.getBBox(), b = t.parentNode.querySelector('.plate, .shape').getBBox();
  return a.x < b.x - 0.5 || a.x + a.width > b.x + b.width + 0.5; }).length;
let over = 0;
for (let i = 0; i < box.length; i++) for (let j = 0; j < i; j++) {
  const a = box[i], b = box[j];
  if (a.left < b.right - 1 && b.left < a.right - 1 && a.top < b.bottom - 1 && b.top < a.bottom - 1) over++; }
const whole = document.querySelector('svg.dfd').getBoundingClientRect();
const lost = box.filter(b => b.left < whole.left || b.right > whole.right || b.bottom > whole.bottom).length;
document.title = `words ${all.length} out ${out} over ${over} lost ${lost}`;
</script>"""


def _crowded(sources, datasets):
    text = '[system]\nname = "Crowded"\n' + "".join(
        f'[[source]]\nname = "s{i}"\nkind = "crowd"\n' for i in range(sources)
    )
    for i in range(datasets):
        named = ", ".join(f'"s{(i + j) % sources}"' for j in range(min(sources, 12)))
        text += f'[[dataset]]\nname = "d{i}"\nrole = "test"\nsources = [{named}]\n'
    return text + '[[dataset]]\nname = "worst"\nrole = "train"\nworth = "high"\nsources = ["s0"]\n'


def test_a_crowd_of_elements_is_cut_to_what_can_be_read_and_says_so():
    """The picture of very many elements shows those with the worst threats, and how many it left out."""
    system = system_of(_crowded(400, 400))
    svg = diagram(system, derive(system).threats)
    assert f"Shown: {MOST_NODES} of 801 elements, " in svg
    assert "dataset:worst; " in svg
    assert len(svg) < 1_000_000
    assert "Shown: " not in _svg(BIG)


def test_very_many_flows_are_cut_too():
    """Arrows are limited as well, because each costs the reader more than a card."""
    shown = re.search(r"Shown: 151 of 151 elements, (\d+) of (\d+) flows", _svg(_crowded(50, 100)))
    assert [int(n) for n in shown.groups()] == [MOST_EDGES, 1201]


@pytest.mark.browser
@pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium")
@pytest.mark.parametrize("name", ["photos", "big", "names", "zones"])
def test_words_do_not_overlap_in_a_real_browser(name, tmp_path):
    """Every word that Chromium draws stays in its card or label, apart from other words, and inside the picture."""
    page = tmp_path / "page.html"
    page.write_text(f"<!doctype html><meta charset=utf-8><body>{_svg(SYSTEMS[name])}{MEASURE}", encoding="utf-8")
    flags = ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]
    command = [CHROMIUM, *flags, f"--user-data-dir={tmp_path / 'profile'}", "--dump-dom", page.as_uri()]
    dom = subprocess.run(command, capture_output=True, check=True, timeout=120).stdout.decode()
    words, out, over, lost = (int(n) for n in re.search(r"words (\d+) out (\d+) over (\d+) lost (\d+)<", dom).groups())
    assert words == _svg(SYSTEMS[name]).count("<text ")
    assert (out, over, lost) == (0, 0, 0)
