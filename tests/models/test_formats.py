"""Which format bytes are: by content alone, refused when two loaders would read them differently."""

import io
import warnings
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models import model_files as made
from redan.controls.planted import tiny_onnx
from redan.errors import InputError
from redan.models.formats import Format, recognise


def archive(**members):
    """A zip archive; underscores of a name stand for slashes."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        for name, data in members.items():
            file.writestr(name.replace("__", "/").replace("_dot_", "."), data)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("make", "expected"),
    [
        (tiny_onnx, Format.ONNX),
        (lambda: made.onnx_external()[0], Format.ONNX),
        (made.safetensors_file, Format.SAFETENSORS),
        (made.state_dict_file, Format.TORCH),
        (lambda: made.state_dict_file(legacy=True), Format.TORCH_LEGACY),
        (made.whole_module_file, Format.TORCH),
        (made.torchscript_file, Format.TORCHSCRIPT),
        (made.skops_file, Format.SKOPS),
        (made.joblib_file, Format.PICKLE),
        (lambda: made.joblib_file(compress=3), Format.PICKLE),
        (lambda: made.joblib_file(compress=("bz2", 3)), Format.PICKLE),
        (lambda: made.joblib_file(compress=("xz", 3)), Format.PICKLE),
        (lambda: made.joblib_file(compress=("gzip", 3)), Format.PICKLE),
        (lambda: made.joblib_file(compress=("lzma", 3)), Format.PICKLE),
    ],
)
def test_files_of_their_own_libraries_are_recognised(make, expected):
    """Each as the library that defines the format wrote it."""
    assert recognise(make()) is expected


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"\x89HDF\r\n\x1a\n" + b"\0" * 40, "HDF5"),
        (b"GGUF\x03\0\0\0", "GGUF"),
        (b"\x18\0\0\0ORTM" + b"\0" * 40, "ONNX Runtime"),
        (b"\x18\0\0\0TFL3" + b"\0" * 40, "TensorFlow Lite"),
        (b"CBM1" + b"\0" * 9, "CatBoost"),
        (b"tree\nversion=v4\n", "LightGBM"),
        (b"\x93NUMPY\x01\0", "NumPy"),
        (b"7z\xbc\xaf\x27\x1c", "7z"),
        (b"cos\nsystem\n(S'true'\ntR.", "no format"),
        (b"weights", "no format"),
        (b"", "no format"),
        (b"PK\x03\x04 and then nothing", "damaged"),
        (archive(readme_dot_txt="hello"), "no known model format"),
        (archive(config_dot_json="{}", model_dot_weights_dot_h5="x"), "Keras"),
        (archive(schema_dot_json="{}", archive__data_dot_pkl="x"), "can be read as"),
    ],
)
def test_what_is_not_loaded_is_refused_with_its_name(data, said):
    """The message says what the file is, where that is known, and what to use instead."""
    with pytest.raises(InputError, match=said) as caught:
        recognise(data)
    assert caught.value.remedy


def test_a_name_twice_in_an_archive_is_refused():
    """Readers differ in which of the two they take."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for data in "xy":
            file.writestr("a/data.pkl", data)
    with pytest.raises(InputError, match="one name twice"):
        recognise(buffer.getvalue())


@pytest.mark.parametrize("length", [0x178, 0x280, 0x380, 0x480])
def test_a_safetensors_length_that_spells_another_magic_is_safetensors(length):
    """376 spells zlib's first bytes and 640 a pickle's; the brace behind it decides."""
    from safetensors import deserialize

    head = b'{"w":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}'.ljust(length)
    data = length.to_bytes(8, "little") + head + b"\x05"
    assert dict(deserialize(data))["w"]["shape"] == [1]
    assert recognise(data) is Format.SAFETENSORS


@given(st.binary(max_size=200))
def test_any_bytes_have_one_format_or_are_refused(data):
    """Nothing else is raised."""
    try:
        assert recognise(data) in Format
    except InputError as error:
        assert error.remedy
