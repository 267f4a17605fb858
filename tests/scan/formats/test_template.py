"""Chat templates: what reaches internals is told, what formats messages is clean, nothing is ever rendered."""

import jinja2
import pytest

from redan.scan.formats.template import LIMIT_CHARS, examine
from redan.scan.say import Voice
from scan_samples import HOSTILE_TEMPLATES, PLAIN_TEMPLATES, UNKNOWN_TEMPLATES


def _verdicts(text, *, sure=True):
    return {d.verdict.value for d in examine(text, Voice(""), "chat_template", sure=sure)}


@pytest.mark.parametrize("text", HOSTILE_TEMPLATES)
def test_templates_that_reach_internals_are_malicious(text):
    """Every published way from a template to Python's internals is told as malicious."""
    assert "malicious" in _verdicts(text)


@pytest.mark.parametrize("text", UNKNOWN_TEMPLATES)
def test_templates_that_hide_what_they_reach_are_never_clean(text):
    """Names that are put together, other templates and endless loops are told."""
    assert _verdicts(text)


@pytest.mark.parametrize("text", PLAIN_TEMPLATES)
def test_templates_that_format_messages_are_clean(text):
    """What chat templates of published models do raises nothing."""
    assert _verdicts(text) == set()


def test_nothing_is_rendered(monkeypatch):
    """Reading a template neither compiles nor renders it."""
    for name in ("from_string", "compile", "get_template"):
        monkeypatch.setattr(jinja2.Environment, name, None)
    assert _verdicts("{{ 1 // 0 }}") == set()


def test_long_templates_are_not_parsed():
    """A template beyond the limit is refused before it is parsed."""
    assert _verdicts("x" * (LIMIT_CHARS + 1)) == {"not-understood"}


def test_a_text_that_may_be_a_template_is_left_alone_unless_it_names_internals():
    """Mustaches in a README are no fault; the name of an internal beside them is told."""
    assert _verdicts("{{ broken", sure=False) == set()
    assert _verdicts("{{ broken __globals__", sure=False) == {"not-understood"}


def test_messages_never_quote_more_than_a_name():
    """A hostile attribute name is shortened and escaped."""
    name = "__" + "a" * 500 + "\\n"
    found = list(examine("{{ x['" + name + "'] }}", Voice(""), "t"))
    assert found
    assert all(len(d.what) < 200 and d.what.isprintable() for d in found)
