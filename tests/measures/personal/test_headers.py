"""Headers are split into words as people write them, and speak only for what they say."""

import pytest

from redan.measures.personal.headers import hinted, words


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("custPhone_Nr", ("cust", "phone", "nr")),
        ("IMSINumber", ("imsi", "number")),
        ("E-Mail Adresse", ("e", "mail", "adresse")),
        ("Straße", ("strasse",)),
        ("prénom", ("prenom",)),
        ("a1b2", ("a1b2",)),
        ("", ()),
        ("___", ()),
    ],
)
def test_words(header, expected):
    """Camel case, separators and accents are taken apart."""
    assert words(header) == expected


@pytest.mark.parametrize(
    ("header", "hint", "expected"),
    [
        ("customer_phone", "phone", True),
        ("phonenumber", "phone", True),
        ("FirstName", "first name", True),
        ("firstname", "first name", True),
        ("name_first", "first name", False),
        ("simulation", "sim", False),
        ("sim", "sim", True),
        ("plan", "lan", False),
    ],
)
def test_hints(header, hint, expected):
    """A short hint is a whole word; a long one may be part of one."""
    assert hinted(header, (hint,)) is expected


def test_denied_words_take_it_back():
    """Minutes of phone calls are no phone numbers."""
    assert not hinted("phone_minutes", ("phone",), ("minutes",))


def test_endless_headers_are_cut():
    """A hostile header of a megabyte is looked at as far as a name goes."""
    assert len(" ".join(words("x " * 500_000))) <= 200
