"""TorchScript archives: what torch writes is clean, operators that reach out are named."""

import io
import warnings
import zipfile

import pytest

from redan.scan import ScanVerdict, scan_bytes

torch = pytest.importorskip("torch")


@pytest.fixture(scope="module")
def scripted():
    """A scripted model as torch writes it."""
    from torch import nn

    model = nn.Sequential(nn.Linear(4, 3), nn.ReLU(), nn.BatchNorm1d(3))
    file = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        torch.jit.save(torch.jit.trace(model.eval(), torch.zeros(2, 4)), file)
    return file.getvalue()


def changed(data: bytes, old: bytes, new: bytes) -> bytes:
    """The archive with a text of its sources replaced."""
    file = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old_file, zipfile.ZipFile(file, "w") as new_file:
        for name in old_file.namelist():
            content = old_file.read(name)
            new_file.writestr(name, content.replace(old, new) if name.endswith(".py") else content)
    return file.getvalue()


def test_what_torch_writes_is_clean(scripted):
    """Sources, constants and debug pickles of a traced model are understood."""
    found = scan_bytes(scripted, "m.pt")
    assert (found.format, found.detections, found.unread) == ("torchscript", (), ())


@pytest.mark.parametrize("call", [b"torch.from_file(", b"torch.save(", b"ops.aten.save(", b"ops.aten.from_file ("])
def test_operators_that_reach_files_are_malicious(scripted, call):
    """`aten::from_file` maps any file, `aten::save` writes one."""
    assert scan_bytes(changed(scripted, b"torch.relu(", call), "m.pt").verdict is ScanVerdict.MALICIOUS


@pytest.mark.parametrize("call", [b"ops.custom.op(", b"ops.tensorrt.execute_engine("])
def test_operators_of_extensions_are_not_understood(scripted, call):
    """What an extension's operator does is not known."""
    assert scan_bytes(changed(scripted, b"torch.relu(", call), "m.pt").verdict is ScanVerdict.NOT_UNDERSTOOD


def test_sources_in_another_archive_are_not_understood():
    """A plain zip file with a member of that name is program text, not TorchScript."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("code/__torch__.py", "class M: pass\n")
    assert scan_bytes(file.getvalue(), "m.zip").verdict is ScanVerdict.NOT_UNDERSTOOD
