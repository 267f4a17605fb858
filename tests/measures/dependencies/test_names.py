"""Names and versions agree with the reference library, whatever their spelling."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from redan.measures.dependencies.names import Purl, normal_name, normal_version, python_purl

VERSIONS = (
    "1.0", "1.0.0", "v1", "01.02", "1!2.0", "1.0a1", "1.0.ALPHA-1", "1.0b", "1.0c3", "1.0-preview_2", "1.0.post1", "1.0-1",
    "1.0.rev4", "1.0.dev3", "1.0a1.dev2", "1.0+cpu", "1.0+Ubuntu-1_2", "1.0+01", "0", "0.0", "1.0rc1.post2.dev3", "2.0.0.0",
)  # fmt: skip


@pytest.mark.parametrize("one", VERSIONS)
@pytest.mark.parametrize("other", VERSIONS)
def test_two_spellings_are_equal_where_the_reference_says_so(one, other):
    """Equality of normal forms is equality of versions."""
    peer = pytest.importorskip("packaging.version")
    assert (normal_version(one) == normal_version(other)) == (peer.Version(one) == peer.Version(other))


@settings(max_examples=400, deadline=None)
@given(st.text(alphabet="0123456789.abcrdevpost-_+!v *", max_size=16))
def test_versions_are_those_that_the_reference_accepts(text):
    """A text is a version here when it is one there."""
    peer = pytest.importorskip("packaging.version")
    try:
        known = peer.Version(text)
    except peer.InvalidVersion:
        known = None
    found = normal_version(text)
    assert (found is None) == (known is None)
    if known is not None:
        assert peer.Version(found) == known


@settings(max_examples=300, deadline=None)
@given(st.text(alphabet="aZ09._-!é", min_size=1, max_size=12))
def test_names_are_normal_as_in_the_reference(text):
    """The same normal form, and refused where the reference refuses."""
    peer = pytest.importorskip("packaging.utils")
    try:
        known = peer.canonicalize_name(text, validate=True)
    except peer.InvalidName:
        known = None
    assert normal_name(text) == known


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("pkg:pypi/numpy@1.21.0", Purl("numpy", "1.21")),
        ("pkg:pypi/NumPy", Purl("numpy", None)),
        ("pkg:pypi/ruamel_yaml@0.18?file_name=x#y", Purl("ruamel-yaml", "0.18")),
        ("pkg:pypi/torch@2.0%2Bcpu", Purl("torch", "2+cpu")),
        ("pkg:npm/numpy@1", None),
        ("pkg:pypi/numpy@one", None),
        ("numpy@1", None),
        ("pkg:pypi/", None),
    ],
)
def test_package_urls_name_python_distributions_only(text, expected):
    """Other ecosystems and broken addresses name none."""
    assert python_purl(text) == expected
