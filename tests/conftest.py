"""Fixtures that several packages share."""

import os

import pytest

import small_project

# Tests run side by side on few cores, and threads of one that wait for each other spin: set before PyTorch is loaded.
os.environ.setdefault("OMP_NUM_THREADS", "1")


@pytest.fixture(scope="session")
def small(tmp_path_factory):
    """One run of the whole flow over the small project."""
    return small_project.checked(small_project.make(tmp_path_factory.mktemp("small")))


@pytest.fixture(scope="session")
def small_material(small):
    """What the reports draw of that run."""
    return small_project.material(small)
