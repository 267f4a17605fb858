"""Galleries are small PNGs that say what they show; what is no picture gives none."""

import base64
import struct
import zlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from redan.errors import InputError
from redan.measures.robustness import gallery
from redan.measures.robustness.gallery import data_uri
from redan.reports.pictures.gallery import LONGEST_URI


def decoded(uri):
    """A plain reader of PNG, which checks every checksum."""
    data = base64.b64decode(uri.removeprefix("data:image/png;base64,"))
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    at, chunks = 8, {}
    while at < len(data):
        (size,) = struct.unpack(">I", data[at : at + 4])
        name, body = data[at + 4 : at + 8], data[at + 8 : at + 8 + size]
        assert struct.unpack(">I", data[at + 8 + size : at + 12 + size]) == (zlib.crc32(name + body),)
        chunks[name], at = body, at + 12 + size
    width, height, depth, kind = struct.unpack(">IIBB", chunks[b"IHDR"][:10])
    assert depth == 8
    channels = {0: 1, 2: 3}[kind]
    lines = np.frombuffer(zlib.decompress(chunks[b"IDAT"]), np.uint8).reshape(height, 1 + width * channels)
    assert not lines[:, 0].any()
    return lines[:, 1:].reshape(height, width, channels)


@given(st.integers(1, 9), st.integers(1, 9), st.sampled_from([1, 3]), st.integers(0, 1000))
def test_a_png_holds_its_pixels(height, width, channels, seed):
    """What was written is read back by a plain reader."""
    pixels = np.random.default_rng(seed).integers(0, 256, (height, width, channels)).astype(np.uint8)
    assert np.array_equal(decoded(data_uri(pixels)), pixels)


@pytest.mark.parametrize("shape", [(5, 8, 8), (5, 1, 8, 8), (5, 3, 300, 200)])
def test_shots_show_the_broken_samples(shape):
    """The first broken samples in order; the clean picture is the sample, grey is no change; none is large."""
    rng = np.random.default_rng(0)
    x = rng.random(shape).astype(np.float32)
    x_adv = x.copy()
    x_adv[..., 0] = 1 - x_adv[..., 0]
    made = gallery(x, x_adv, [0, 1, 0, 1, 1], [f"s{i}" for i in range(5)], title="t", most=2)
    assert made is not None
    assert [shot.words for shot in made.shots] == ["s1", "s3"]
    first = made.shots[0]
    side = 8 if shape[-1] == 8 else 60
    clean, moved = decoded(first.clean), decoded(first.difference)
    assert clean.shape[0] == side
    assert np.abs(clean[0, 0] / 255 - x[1].reshape(-1, *shape[-2:])[:, 0, 0]).max() < 0.003
    assert (moved[:, 1:] == 128).all()
    assert (moved[:, 0] != 128).any()
    assert max(len(uri) for s in made.shots for uri in (s.clean, s.adversarial, s.difference)) < LONGEST_URI


def test_noise_in_colour_stays_below_the_bound_of_the_page():
    """The largest thumbnail that compresses worst is still drawn."""
    assert len(data_uri(np.random.default_rng(1).integers(0, 256, (64, 64, 3)).astype(np.uint8))) < LONGEST_URI


def test_what_is_no_picture_gives_no_gallery():
    """Rows of a table, nothing broken, four channels: None; numbers that are none are drawn as black."""
    words = ["a", "b"]
    for shape in ((2, 5), (2, 4, 8, 8), (2, 2, 2, 2, 2)):
        assert gallery(np.zeros(shape), np.ones(shape), [1, 1], words, title="t") is None
    x = np.zeros((2, 4, 4))
    assert gallery(x, x, [0, 0], words, title="t") is None
    assert gallery(x, np.full_like(x, np.nan), [1, 0], words, title="t") is not None
    with pytest.raises(InputError):
        gallery(x, x[:1], [1, 1], words, title="t")
