"""Hostile text in Markdown is shown as itself: a renderer makes nothing but text of it."""

import html
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from redan.reports.escape import code, inline

HOSTILE = (
    "<script>alert(1)</script>",
    "[click](javascript:alert(1))",
    "![x](http://evil.example/p.png)",
    "http://evil.example and www.evil.example",
    "a|b|c",
    "`code` **bold** _em_ ~~gone~~ $x$",
    "@everyone #1",
    "&lt;img src=x&gt;",
    "line\nbreak\n\n# heading",
    "<!-- hidden -->",
    "\x1b[31mred",
    "\u202egnp.exe",
    "\\",
    "[ref]: http://evil.example",
)


def rendered(text):
    """The HTML of a list item with the text, by CommonMark with tables, struck text and autolinks."""
    peer = pytest.importorskip("markdown_it")
    return (
        peer.MarkdownIt("commonmark", {"html": True})
        .enable(["table", "strikethrough"])
        .render(f"- **q** {inline(text)}\n")
    )


@pytest.mark.parametrize("text", HOSTILE)
def test_a_renderer_makes_only_text_of_it(text):
    """No tag but those of the list, and the words come back as they were written."""
    found = rendered(text)
    assert set(re.findall(r"<(/?\w+)", found)) == {"ul", "/ul", "li", "/li", "strong", "/strong"}
    if text.isprintable():
        assert html.unescape(re.sub(r"<[^>]+>", "", found)).strip().removeprefix("q ") == " ".join(text.split())


def test_no_address_is_written_so_that_a_host_makes_a_link_of_it():
    """Schemes, www and mentions are broken up in the source and whole when shown."""
    assert "://" not in inline("see http://evil.example")
    assert "www." not in inline("www.evil.example")
    assert "@" not in inline("@everyone")


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=80))
def test_any_text_stays_in_its_line_and_cell(text):
    """One line, no bare pipe, no tag, and nothing that steers a terminal."""
    found = inline(text)
    assert "\n" not in found
    assert not re.search(r"(?<!\\)(?:\\\\)*\|", found)
    assert "<" not in found
    assert found.isprintable()
    assert "`" not in code(text)
    assert "|" not in code(text)
