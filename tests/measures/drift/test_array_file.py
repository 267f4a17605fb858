"""Arrays from files: what NumPy writes comes back, objects and damage are refused, and any bytes end well."""

import io
import zipfile

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from redan.errors import InputError
from redan.measures.drift.array_file import open_data, read_array
from redan.measures.drift.images import table_of_arrays


def saved(array, **more):
    buffer = io.BytesIO()
    if more:
        np.savez_compressed(buffer, x=array, **more)
    else:
        np.save(buffer, array)
    return buffer.getvalue()


@pytest.mark.parametrize("dtype", ["f4", "f8", "i8", "u1", "?", ">i2"])
@pytest.mark.parametrize("order", ["C", "F"])
def test_numbers_come_back(dtype, order, tmp_path):
    """Every type of number and either order of memory, plain and packed beside another array."""
    array = np.asarray(np.arange(12).reshape(4, 3) % 2, dtype=dtype, order=order)
    plain = read_array(io.BytesIO(saved(array)), packed=False)
    packed = read_array(io.BytesIO(saved(array, y=np.arange(4))), packed=True)
    np.testing.assert_array_equal(plain, array)
    np.testing.assert_array_equal(packed, array)
    (tmp_path / "a.npz").write_bytes(saved(array, y=np.arange(4)))
    assert open_data(tmp_path / "a.npz").rows == 4


def test_what_is_refused(tmp_path):
    """Objects (which would have to be unpickled), claims of more than there is, and archives without an `x`."""
    boxed = np.empty(2, dtype=object)
    boxed[:] = [print, {}]
    claims = saved(np.zeros(4)).replace(b"(4,)", b"(9,)")
    huge = saved(np.zeros(4)).replace(b"(4,), }" + b" " * 12, b"(9999999999999,), }")
    two = io.BytesIO()
    np.savez(two, a=np.zeros(2), b=np.zeros(2))
    for data, packed in ((saved(boxed), False), (claims, False), (huge, False), (two.getvalue(), True), (b"", True)):
        with pytest.raises(InputError):
            read_array(io.BytesIO(data), packed=packed)
    (tmp_path / "broken.npy").write_bytes(claims)
    with pytest.raises(InputError, match=r"broken\.npy"):
        open_data(tmp_path / "broken.npy")


@given(st.binary(max_size=300), st.integers(0, 200), st.booleans())
def test_any_bytes(noise, place, packed):
    """Noise, and a good file with noise in it, are numbers or one refusal."""
    good = saved(np.arange(6.0).reshape(2, 3))
    for data in (noise, good[:place] + noise + good[place + len(noise) :]):
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w") as archive:
            archive.writestr("x.npy", data)
        try:
            found = read_array(io.BytesIO(buffer.getvalue() if packed else data), packed=packed)
        except InputError:
            continue
        assert found.dtype.kind in "biuf"


def test_pictures_become_columns():
    """Brightness, contrast, channels and patches are the means that they say."""
    rng = np.random.default_rng(1)
    pictures = rng.random((5, 16, 24, 3)).astype(np.float32)
    table = table_of_arrays(pictures)
    rows = table.frame.collect("pyarrow").to_arrow()
    grey = pictures.mean(axis=3)
    np.testing.assert_allclose(rows["brightness"].to_numpy(), grey.mean(axis=(1, 2)), rtol=1e-5)
    np.testing.assert_allclose(rows["channel 1"].to_numpy(), pictures[..., 1].mean(axis=(1, 2)), rtol=1e-5)
    np.testing.assert_allclose(rows["patch 0,7"].to_numpy(), grey[:, :2, 21:].mean(axis=(1, 2)), rtol=1e-5)
    first = table_of_arrays(np.moveaxis(pictures, 3, 1)).frame.collect("pyarrow").to_arrow()
    np.testing.assert_allclose(first["channel 2"].to_numpy(), rows["channel 2"].to_numpy(), rtol=1e-5)


def test_tensors_and_tiny_pictures():
    """A tensor that carries gradients, and pictures smaller than the grid, are taken as they are."""
    torch = pytest.importorskip("torch")
    table = table_of_arrays(torch.rand(6, 4, 4, requires_grad=True))
    assert table.rows == 6
    assert len(table.columns) == 2 + 16
    assert table_of_arrays(np.arange(5)).columns == ("x0",)


@pytest.mark.parametrize("data", [np.array(["a"]), np.zeros((1, 1, 1, 1, 1)), np.float64(1)])
def test_arrays_that_cannot_be_compared(data):
    """Texts, five axes and single numbers are refused."""
    with pytest.raises(InputError, match="cannot be compared"):
        table_of_arrays(data)
