"""What a description says of personal data in a dataset."""

from redan.system.records import Dataset


def declared_columns(dataset: Dataset) -> frozenset[str]:
    """The columns that a dataset declares to identify or describe persons, in any of the ways there are."""
    return frozenset(
        (*dataset.identifiers, *dataset.quasi_identifiers, *dataset.sensitive, *dataset.personal, *dataset.pseudonyms)
    )


def is_personal(dataset: Dataset) -> bool:
    """Whether a dataset declares any such column."""
    return bool(declared_columns(dataset))
