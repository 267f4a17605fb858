"""Without PyTorch the defences that need it say so."""

import importlib

import pytest

from redan.errors import MissingExtraError

PACKAGES = ["training", "smoothing", "transformations", "detectors"]


@pytest.mark.parametrize("package", PACKAGES)
def test_a_missing_extra_is_named(package, monkeypatch):
    """The package imports; a name of it gives the install line, and no traceback of an import."""
    module = importlib.import_module(f"redan.defences.{package}")
    monkeypatch.setattr("redan.defences.torch_only.missing_import", lambda extra: extra)
    name = {"training": "pgd", "smoothing": "certify"}.get(package, "beside")
    with pytest.raises(MissingExtraError, match="torch"):
        getattr(module, name)
    with pytest.raises(AttributeError, match="nothing_of_that_name"):
        module.nothing_of_that_name  # noqa: B018 -- asking for it is the test


@pytest.mark.parametrize("package", PACKAGES)
def test_every_public_name_is_there_and_stays_what_it_is(package):
    """Names are found twice in a row: no module of the package hides one of them after the first import."""
    module = importlib.import_module(f"redan.defences.{package}")
    for name in module.__getattr__.__closure__[0].cell_contents:
        assert callable(getattr(module, name))
        assert getattr(module, name) is getattr(module, name)
