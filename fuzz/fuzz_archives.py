"""Fuzz target: zip, tar and gzip bytes: a verdict, nothing raised, no payload missed that a standard reader finds."""

import gzip
import io
import sys
import tarfile
import zipfile

from redan.scan import Scanned, ScanVerdict, scan_bytes

PAYLOAD = b"cos\nsystem\n(S'true'\ntR."


def _by_zipfile(data):
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            small = [info for info in archive.infolist() if info.file_size < 1 << 20]
            return any(archive.read(info).startswith(PAYLOAD) for info in small)
    except Exception:  # noqa: BLE001 -- whatever the peer raises
        return False


def _by_tarfile(data):
    try:
        with tarfile.open(fileobj=io.BytesIO(data), mode="r:") as archive:
            plain = [member for member in archive.getmembers() if member.isreg() and member.size < 1 << 20]
            return any(archive.extractfile(member).read().startswith(PAYLOAD) for member in plain)
    except Exception:  # noqa: BLE001 -- whatever the peer raises
        return False


def _by_gzip(data):
    try:
        return gzip.GzipFile(fileobj=io.BytesIO(data)).read(1 << 16).startswith(PAYLOAD)
    except Exception:  # noqa: BLE001 -- whatever the peer raises
        return False


def TestOneInput(data: bytes) -> None:  # noqa: N802 -- the name that fuzzers call
    found = scan_bytes(data, "m.zip")
    if not isinstance(found, Scanned):
        raise AssertionError("no verdict")  # noqa: TRY004 -- a fuzzer looks for this
    for read in (_by_zipfile, _by_tarfile, _by_gzip):
        if read(data) and found.verdict is not ScanVerdict.MALICIOUS:
            raise AssertionError(f"{read.__name__} finds a payload, the scan does not")


if __name__ == "__main__":
    import atheris

    atheris.instrument_all()
    atheris.Setup(sys.argv, TestOneInput)
    atheris.Fuzz()
