"""Rebuilds the pinned taxonomies from the full id lists: `python tools/pin_taxonomies.py [SOURCE]`.

SOURCE is the folder with the full lists, `../shared/taxonomies` by default. Kept are the ids that a TOML file of the
package refers to, with the names that the source's licence lets us carry; everything else is left out.
"""

import json
import re
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
SOURCE = ROOT.parent / "shared" / "taxonomies"
TARGET = ROOT / "src" / "redan" / "threats" / "taxonomy"
REFERENCE = re.compile(
    r'"(AML\.[TM]\d{4}(?:\.\d{3})?@[^"]+|ML\d{2}:\d{4}|NISTAML\.\d{2,3}|AISVS-C[\d.]+@[\d.]+|AIX\.[^"@]+@[^"]+)"'
)
# Requirements per section of OWASP AISVS 1.0, locked by its publisher (repository OWASP/AISVS, commit 94fbad5,
# folder 1.0/en). Counts only: the text is CC BY-SA.
AISVS = {
    "1.1": 5, "1.2": 3, "1.3": 5, "3.1": 3, "3.2": 3, "3.3": 3, "3.4": 2, "3.5": 4, "5.1": 2, "5.2": 7, "5.3": 2,
    "6.1": 4, "6.2": 3, "11.1": 5, "11.2": 5, "11.3": 4, "11.4": 3, "12.1": 4, "12.2": 6, "12.3": 4, "12.4": 3,
    "12.5": 4,
}  # fmt: skip
# ATLAS 2026.07 moved these ids; the pinned edition is older than that.
RETIRED = {"AML.T0019": "AML.T0115.000", "AML.T0104": "AML.T0115.002"}


def referenced(package: Path = ROOT / "src" / "redan") -> set[str]:
    """Every taxonomy id that a TOML file of the package names."""
    texts = (path.read_text(encoding="utf-8") for path in sorted(package.rglob("*.toml")))
    return {found for text in texts for found in REFERENCE.findall(text)}


def build(source: Path, used: set[str]) -> dict[str, str]:
    """The pinned files: name to text."""
    made = {
        "atlas.json": _atlas(_read(source / "atlas-5.6.0.json"), used),
        "owasp_ml.json": _owasp_ml(_read(source / "owasp-ml-2023.json"), used),
        "nist.json": _nist(_read(source / "nist-ai-100-2-e2025.json"), used),
        "aisvs.json": _aisvs(used),
        "ai_exchange.json": _ai_exchange(_read(source / "owasp-ai-exchange-2026-08.json"), used),
        "aliases.json": {"source": "MITRE ATLAS", "edition": "2026.07", "retired": RETIRED},
    }
    return {name: json.dumps(data, indent=1, ensure_ascii=False) + "\n" for name, data in made.items()}


def _read(path: Path) -> dict[str, Any]:
    data: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return data


def _file(source: str, edition: str, licence: str, rows: list[dict[str, Any]], used: set[str]) -> dict[str, Any]:
    kept = {row["id"]: row for row in rows if row["id"] in used}
    return {"source": source, "edition": edition, "licence": licence, "entries": [kept[key] for key in sorted(kept)]}


def _atlas(data: dict[str, Any], used: set[str]) -> dict[str, Any]:
    names = {row["id"]: row["name"] for row in data["techniques"]}
    rows = []
    for row in [*data["mitigations"], *data["techniques"]]:
        facts = {key: row[key] for key in ("maturity", "case_studies") if key in row}
        # ATLAS prints a sub-technique after its parent: "AI Supply Chain Compromise: Data".
        name = f"{names[row['parent']]}: {row['name']}" if "parent" in row else row["name"]
        rows.append({"id": f"{row['id']}@{data['edition']}", "name": name, **facts})
    licence = "Apache-2.0; MITRE ATLAS is a trademark of The MITRE Corporation"
    return _file(data["source"], data["edition"], licence, rows, used)


def _owasp_ml(data: dict[str, Any], used: set[str]) -> dict[str, Any]:
    rows = [{"id": row["id"], "name": row["name"]} for row in data["risks"]]
    return _file(data["source"], data["edition"], data["licence"], rows, used)


def _nist(data: dict[str, Any], used: set[str]) -> dict[str, Any]:
    # The full list's titles were not checked against the publication, so only ids are carried.
    rows = [{"id": row["id"]} for row in data["entries"]]
    return _file(data["source"], data["edition"], data["licence"], rows, used)


def _aisvs(used: set[str]) -> dict[str, Any]:
    rows = [{"id": f"AISVS-C{section}.{n}@1.0"} for section, count in AISVS.items() for n in range(1, count + 1)]
    return _file("OWASP AISVS", "1.0", "CC BY-SA 4.0: ids only", rows, used)


def _ai_exchange(data: dict[str, Any], used: set[str]) -> dict[str, Any]:
    edition = data["edition"].partition(" ")[0]
    rows = [
        {"id": f"AIX.{re.sub('[^A-Z]+', '-', row['name'])}@{edition}", "name": row["name"]} for row in data["controls"]
    ]
    return _file(data["source"], edition, data["licence"], rows, used)


def main(arguments: list[str]) -> int:
    """Writes the pinned files, and names the ids that no list has."""
    used = referenced()
    made = build(Path(arguments[0]) if arguments else SOURCE, used)
    for name, text in made.items():
        (TARGET / name).write_text(text, encoding="utf-8")
    known = {row["id"] for text in made.values() for row in json.loads(text).get("entries", [])}
    for missing in sorted(used - known):
        print(f"unknown id: {missing}", file=sys.stderr)
    print(f"{len(known)} ids pinned")
    return 1 if used - known else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
