"""The one place that unpickles: bytes whose seal verified against a trusted key, when the caller asked for it.

The architecture test knows this module by name; every other import of a pickle machine in the package fails it.
"""

import io
import lzma
import pickle
import struct
import zipfile
import zlib

from redan.errors import InputError
from redan.models.versions import required

# What reading a damaged or hostile file raises in the loaders that are built on pickle.
FAULTS: tuple[type[Exception], ...] = (
    pickle.PickleError,
    ArithmeticError,
    AssertionError,
    AttributeError,
    BufferError,
    EOFError,
    ImportError,
    LookupError,
    MemoryError,
    NameError,
    OSError,
    RuntimeError,
    TypeError,
    ValueError,
    lzma.LZMAError,
    struct.error,
    zipfile.BadZipFile,
    zlib.error,
)
_PACKAGE = "joblib"


def unpickle(data: bytes) -> tuple[object, str, str]:
    """The object in a file of joblib or pickle; its code runs with the rights of this process.

    Args:
        data: the file; the caller has verified its seal against a trusted key, and asked for an unsafe format.

    Returns:
        The object, the loader and its version.

    Raises:
        MissingExtraError: joblib is not installed.
        InputError: the file cannot be loaded here.
    """
    found = required("sklearn", _PACKAGE)
    import joblib

    try:
        return joblib.load(io.BytesIO(data)), _PACKAGE, found
    except FAULTS as error:
        raise InputError(
            f"joblib {found} does not load the file ({type(error).__name__})",
            remedy="install the versions of the packages that it was saved with",
        ) from error
