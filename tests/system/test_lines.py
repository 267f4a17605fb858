"""Every key that tomllib sees has a line, and the line is right."""

import json
import tomllib

import pytest
import tomlkit
from hypothesis import example, given, settings
from hypothesis import strategies as st

from redan.system.lines import DEPTH_LIMIT, ENTRY_LIMIT, NotTomlError, locate

TOKENS = [
    "[", "]", "[[", "]]", "{", "}", "=", ",", ".", "\n", "\r\n", " ", "\t", "#c", "a", "b", "1", "-2.5e3", "true", "inf",
    '"', "'", '"""', "'''", "\\", '"q.k"', "'l'", '"\\u0041"', "1979-05-27", "1979-05-27 07:32:00Z", "a.b", "a = 1\n",
    "[t]\n", "[[t]]\n", "[t.u]\n", '""', "x = [1, # c\n 2,]\n", "y = { a.b = 1, c = [] }\n", 's = """\n[no]\nk = 1"""\n',
    "0x1F", "1_000", "é", '"é"', "[ t . u ]\n", "\ufeff", "07:32:00",
]  # fmt: skip


def paths(value, prefix=()):
    """Every path that tomllib yields, naive twin of what `locate` must cover."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield (*prefix, key)
            yield from paths(inner, (*prefix, key))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield (*prefix, index)
            yield from paths(inner, (*prefix, index))


def leaves(value, prefix=()):
    """Paths and values of everything that is neither table nor array."""
    pairs = value.items() if isinstance(value, dict) else enumerate(value)
    for key, inner in pairs:
        if isinstance(inner, (dict, list)):
            yield from leaves(inner, (*prefix, key))
        else:
            yield (*prefix, key), inner


@settings(max_examples=400, deadline=None)
@given(st.lists(st.sampled_from(TOKENS), max_size=14).map("".join))
@example('a = """x""""')
@example("a = ''''x'''''\nb = 1")
@example('a = "\\""\n"b" = 1')
@example("a = 1979-05-27 # c\nb = 1979-05-27 07:32:00\n")
@example("[[a]]\n[a.b]\nc=1\n[[a]]\nb.c=1\n[[a.d]]\n[[a.d]]\ne=1")
@example("[a.b]\n[a]\nc=1")
def test_whatever_tomllib_accepts_has_all_its_lines(text):
    """No text that the parser takes escapes the guard in front of it."""
    try:
        values = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return
    lines = locate(text.replace("\r\n", "\n"))
    assert set(paths(values)) == set(lines)
    assert all(1 <= line <= text.count("\n") + 1 for line in lines.values())


KEYS = st.one_of(
    st.from_regex(r"\A[A-Za-z0-9_-]{1,6}\Z"), st.text(st.characters(codec="utf-8"), min_size=1, max_size=5)
)
TREES = st.recursive(
    st.none(),
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=3),
        st.dictionaries(KEYS, inner, min_size=1, max_size=3),
    ),
    max_leaves=12,
)
DOCUMENTS = st.dictionaries(KEYS, TREES, min_size=1, max_size=4)
DECOY = ["# [fake]\n", "\n", "   # a = 1\n"]


def numbered(tree, counter):
    """The tree with a number of its own at every leaf, so that a line can be recognised by it."""
    if isinstance(tree, dict):
        return {key: numbered(inner, counter) for key, inner in tree.items()}
    if isinstance(tree, list):
        return [numbered(inner, counter) for inner in tree]
    counter.append(0)
    return 900_000 + len(counter)


def quoted(key, draw):
    """A key in one of the ways TOML allows."""
    basic = json.dumps(key, ensure_ascii=draw(st.booleans()))
    if "\\ud" in basic.lower() or "\x7f" in key:
        basic = "".join(f"\\U{ord(c):08X}" for c in key).join('""')
    bare = key.isascii() and key.replace("-", "a").replace("_", "a").isalnum()
    literal = key.isprintable() and "'" not in key
    options = [basic, *([key] if bare else []), *([f"'{key}'"] if literal else [])]
    return draw(st.sampled_from(options))


def inline(value, draw):
    """A value on one line or, inside arrays, on several."""
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{quoted(k, draw)} = {inline_flat(v, draw)}" for k, v in value.items()) + " }"
    if isinstance(value, list):
        gap = draw(st.sampled_from([" ", "\n", " # c ]\n\n "]))
        return "[" + gap + ("," + gap).join(inline(v, draw) for v in value) + "," + gap + "]"
    return str(value)


def inline_flat(value, draw):
    """A value that keeps to the line of its inline table."""
    if isinstance(value, list):
        return "[" + ", ".join(inline_flat(v, draw) for v in value) + "]"
    return inline(value, draw)


def write(table, header, draw):
    """A table in a random mixture of TOML's ways to write one."""
    simple, tables = "", ""
    for key, value in table.items():
        name = quoted(key, draw)
        full = [*header, name]
        style = draw(st.integers(0, 2))
        simple += draw(st.sampled_from(["", *DECOY]))
        if isinstance(value, dict) and style == 0:
            tables += f"[ {' . '.join(full)} ] # c\n" + write(value, full, draw)
        elif isinstance(value, list) and style == 0 and value and all(isinstance(v, dict) for v in value):
            for item in value:
                tables += f"[[{'.'.join(full)}]]\n" + write(item, full, draw)
        elif isinstance(value, dict) and style == 1:
            for inner, leaf in value.items():
                simple += f"{name}.{quoted(inner, draw)}= {inline(leaf, draw)}\n"
        else:
            simple += f"{name} = {inline(value, draw)}\n"
    return simple + tables


@settings(max_examples=80, deadline=None)
@given(DOCUMENTS, st.data())
def test_each_key_is_on_its_line_in_every_style(tree, data):
    """Each leaf carries its own number: its line must hold that number, and the key where it is plainly written."""
    values = numbered(tree, [])
    text = write(values, [], data.draw)
    assert tomllib.loads(text) == values
    lines = locate(text)
    assert set(lines) == set(paths(values))
    rows = text.split("\n")
    for path, number in leaves(values):
        row = rows[lines[path] - 1]
        assert str(number) in row
        if isinstance(path[-1], str) and path[-1].isascii() and path[-1].isalnum():
            assert path[-1] in row


@settings(max_examples=100, deadline=None)
@given(DOCUMENTS)
def test_each_key_is_on_its_line_as_tomlkit_writes_it(tree):
    """The same for the layout of an outside writer."""
    values = numbered(tree, [])
    text = tomlkit.dumps(values)
    lines = locate(text)
    rows = text.split("\n")
    assert set(lines) == set(paths(tomllib.loads(text))) == set(paths(tomlkit.parse(text).unwrap()))
    assert all(str(number) in rows[lines[path] - 1] for path, number in leaves(values))


def test_lines_of_a_description():
    """Headers, arrays of tables, dotted and quoted keys, inline tables, multi-line strings and arrays."""
    text = (
        'title = """\n[not]\na = 1\n"""\n\n[[dataset]]\nname = "a"\nsources = [\n  "x",\n  "y",\n]\n'
        '[[dataset]]\n[controls."A-MLSG-002-D002"]\nreason = "r"\n[policy]\na.b = { c = 1, d.e = 2 }\n'
    )
    lines = locate(text)
    assert {path: lines[path] for path in lines if path[0] != "title"} == {
        ("dataset",): 6, ("dataset", 0): 6, ("dataset", 0, "name"): 7, ("dataset", 0, "sources"): 8,
        ("dataset", 0, "sources", 0): 9, ("dataset", 0, "sources", 1): 10, ("dataset", 1): 12,
        ("controls",): 13, ("controls", "A-MLSG-002-D002"): 13, ("controls", "A-MLSG-002-D002", "reason"): 14,
        ("policy",): 15, ("policy", "a"): 16, ("policy", "a", "b"): 16, ("policy", "a", "b", "c"): 16,
        ("policy", "a", "b", "d"): 16, ("policy", "a", "b", "d", "e"): 16,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("a = " + "[" * 10_000, "nest deeper"),
        ("[" * 10_000, ""),
        ("a = " + "{a=" * 10_000, "nest deeper"),
        ("a." * 100_000 + "b = 1", "more than 16 parts"),
        ("[" + "a." * 100_000 + "b]", "more than 16 parts"),
        ("a" * 2_000 + " = 1", "longer than 1000"),
        ("a = " + "9" * 10_000, "longer than 1000"),
        ("a = [" + "1," * (ENTRY_LIMIT + 1) + "]", "more than 50,000"),
        ("[[a]]\n" * (ENTRY_LIMIT + 1), "more than 50,000"),
        ("a = '''" + "'" * 3 + "x" * 100_000, ""),
        ('a = "' + "\\" * 100_001, ""),
        ("# " + "c" * 1_000_000 + "\n[", ""),
    ],
    ids=range(12),
)
def test_texts_built_to_exhaust_are_refused(text, says):
    """Depth, key parts and numbers of entries have limits, and reaching one is no RecursionError."""
    with pytest.raises(NotTomlError) as caught:
        locate(text)
    assert says in caught.value.what
    assert bool(says) == bool(caught.value.what)


def test_nesting_at_the_limit_is_read():
    """The limit is where it is said to be."""
    assert locate("a = " + "[" * DEPTH_LIMIT + "]" * DEPTH_LIMIT)
    with pytest.raises(NotTomlError):
        locate("a = " + "[" * (DEPTH_LIMIT + 2) + "]" * (DEPTH_LIMIT + 2))


def test_the_place_of_a_fault():
    """The offset and the line are those of the first text that is no TOML."""
    with pytest.raises(NotTomlError) as caught:
        locate("a = 1\nb = \nc = 2\n")
    assert (caught.value.at, caught.value.line) == (10, 2)


def test_a_string_of_the_largest_size_is_one_key():
    """Four million characters in one string are no reason to refuse."""
    assert locate('k = "' + "x" * 4_000_000 + '"') == {("k",): 1}
