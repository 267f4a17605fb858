"""Repairs the published split: no test customer stays in the training set, and the customer id leaves both.

The audit team draws the test customers and keeps them; the training team gets what is left. Writes data/train.csv
and data/test.csv from the published files in ../data, and data/current.csv: the held-out customers as the model meets
them, without the answer.
"""

import csv
from pathlib import Path

HERE = Path(__file__).resolve().parent
PUBLISHED = HERE.parent / "data"
KEY = "customerid"
LABEL = "churn"


def rows(path: Path) -> list[dict[str, str]]:
    """The rows of a CSV file."""
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def write(path: Path, table: list[dict[str, str]]) -> None:
    """Writes rows without the customer id; readable by the owner and the group only."""
    columns = [name for name in table[0] if name != KEY]
    path.parent.mkdir(exist_ok=True)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, columns, extrasaction="ignore", lineterminator="\n")
        writer.writeheader()
        writer.writerows(table)
    path.chmod(0o640)


def main() -> None:
    """Splits by customer."""
    test = rows(PUBLISHED / "test.csv")
    held_out = {row[KEY] for row in test}
    train = [row for row in rows(PUBLISHED / "train.csv") if row[KEY] not in held_out]
    write(HERE / "data" / "train.csv", train)
    write(HERE / "data" / "test.csv", test)
    write(HERE / "data" / "current.csv", [{k: v for k, v in row.items() if k != LABEL} for row in test])
    print(f"{len(train):,} customers to train on, {len(test):,} held out, none in both")


if __name__ == "__main__":
    main()
