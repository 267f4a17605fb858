"""Small parts of a CycloneDX document: digests, licences, addresses, parties; nothing that was not stated.

Source: CycloneDX 1.7; `licence_ids.txt` is the SPDX licence list (CC0-1.0) of its `spdx.schema.json`.
"""

import re
from functools import cache
from importlib.resources import files

from redan.canon import Json

_ALGORITHMS = {"sha256": "SHA-256", "sha384": "SHA-384", "sha512": "SHA-512"}
_SPDX_PAGE = re.compile(r"https?://spdx\.org/licenses/(?P<id>[A-Za-z0-9.+-]+?)(?:\.html|\.json)?/?", re.IGNORECASE)
_TOKEN = re.compile(r"\(|\)|[A-Za-z0-9.+-]+")
_WORDS = frozenset({"AND", "OR", "(", ")"})


def hash_of(sha256: str, algorithm: str = "sha256") -> Json:
    """A digest as CycloneDX writes it."""
    return {"alg": _ALGORITHMS[algorithm], "content": sha256}


@cache
def _known_ids() -> dict[str, str]:
    text = files(__package__).joinpath("licence_ids.txt").read_text(encoding="utf-8")
    return {line.lower(): line for line in text.split()}


def licences(texts: list[str]) -> list[Json]:
    """Licences by their SPDX id where they have one, as an expression where every part is known, else by name.

    Args:
        texts: as the description gives them.
    """
    return [_licence(text) for text in dict.fromkeys(texts)]


def _licence(text: str) -> Json:
    known = _known_ids()
    page = _SPDX_PAGE.fullmatch(text.strip())
    bare = page["id"] if page else text.strip()
    if bare.lower() in known:
        return {"license": {"id": known[bare.lower()]}}
    tokens = _TOKEN.findall(bare)
    spelled = [known.get(t.lower(), t) for t in tokens]
    whole = "".join(tokens) == "".join(bare.split()) and len(tokens) > 1
    if whole and all(t in _WORDS or t.lower() in known for t in tokens) and _alternates(tokens):
        return {"expression": " ".join(spelled).replace("( ", "(").replace(" )", ")")}
    return {"license": {"name": text}}


def _alternates(tokens: list[str]) -> bool:
    """Whether ids and operators take turns and brackets close, as an SPDX expression asks."""
    level, wants_id = 0, True
    for token in tokens:
        if token == "(":  # noqa: S105 -- a bracket
            if not wants_id:
                return False
            level += 1
        elif token == ")":  # noqa: S105
            level -= 1
            if wants_id or level < 0:
                return False
        else:
            if (token in _WORDS) == wants_id:
                return False
            wants_id = not wants_id
    return level == 0 and not wants_id


def party(name: str) -> Json:
    """An organisation."""
    return {"name": name}


def prop(name: str, value: object) -> Json:
    """A fact that CycloneDX has no field for, in redan's own namespace."""
    return {"name": f"redan:{name}", "value": str(value)}


def reference(kind: str, url: str, *, comment: str = "", sha256: str | None = None) -> Json:
    """An external reference."""
    found: dict[str, Json] = {"type": kind, "url": url}
    if comment:
        found["comment"] = comment
    if sha256 is not None:
        found["hashes"] = [hash_of(sha256)]
    return found


def stated(fields: dict[str, Json]) -> dict[str, Json]:
    """The fields that say something: None, and empty texts, lists and objects are left out."""
    return {key: value for key, value in fields.items() if value not in (None, "", [], {})}
