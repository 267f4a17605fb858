"""Permissions of confidential and personal files; encryption of confidential ones; secrets in training code."""

import stat
from collections.abc import Iterable, Iterator

from redan.artifacts.code_files import CodeFile, CodeFiles
from redan.artifacts.encryption import Encryption
from redan.artifacts.file_modes import FileModes
from redan.controls.contract import Check, Have, Subject
from redan.errors import InputError
from redan.files import TEXT_LIMIT_BYTES, read_bounded
from redan.findings import Finding, Measure, Remedy, broken, holds, not_run
from redan.measures.personal.declared import is_personal
from redan.system.records import Dataset, Model, Site
from redan.system.system import System
from redan.terms import Level, Tier

MODES = "A-MLSG-001-C001/files-are-not-world-readable"
ENCRYPTED = "A-MLSG-001-C001/confidential-files-are-encrypted"
SECRETS = "A-MLSG-001-C001/code-holds-no-secrets"
_ROTATE = Remedy(
    text="Revoke the secret where it was issued, since a copy may be in the history of the repository; read the new "
    "one from the environment or a secret store at run time.",
    effort=Level.MEDIUM,
)
_SHORTEN = Remedy(text="List text files of at most 4 MiB under 'code' of the model.", effort=Level.LOW)


def _protected(system: System) -> Iterable[Subject]:
    data = (f"dataset:{d.name}" for d in system.datasets if d.path and (d.confidential or is_personal(d)))
    models = (f"model:{m.name}" for m in system.models if m.confidential and (m.path or m.code))
    return tuple(Subject(element, (element,)) for element in (*data, *models))


def _confidential(system: System) -> Iterable[Subject]:
    data = (f"dataset:{d.name}" for d in system.datasets if d.confidential and d.path)
    models = (f"model:{m.name}" for m in system.models if m.confidential and m.path)
    return tuple(Subject(element, (element,)) for element in (*data, *models))


def _with_code(system: System) -> Iterable[Subject]:
    return tuple(Subject(f"model:{m.name}", (f"model:{m.name}",)) for m in system.models if m.code)


def _modes(have: Have) -> Iterator[Finding]:
    modes = have.get(FileModes, have.subject.id).modes
    for name, mode in modes:
        open_to = [word for bit, word in ((stat.S_IROTH, "read"), (stat.S_IWOTH, "write")) if mode & bit]
        if not open_to:
            continue
        remedy = Remedy(
            text="Take the rights of other accounts away, and keep the folder closed to them as well.",
            command=f"chmod o-rwx {name}" if _plain(name) else None,
            effort=Level.LOW,
        )
        message = f"Every account of the machine may {' and '.join(open_to)} {name} (mode {mode:04o})."
        yield broken(MODES, have.subject.id, message, remedy, part=name)
    if not any(mode & (stat.S_IROTH | stat.S_IWOTH) for _, mode in modes):
        files = "file is" if len(modes) == 1 else "files are"
        yield holds(MODES, have.subject.id, f"{len(modes)} {files} closed to other accounts of the machine.")


def _encrypted(have: Have) -> Iterator[Finding]:
    found = have.get(Encryption, have.subject.id)
    site = _site(have)
    if found.recipients:
        how = "a passphrase" if found.recipients == ("scrypt",) else _recipients(len(found.recipients))
        text = f"{found.name} is an age file, locked to {how}; who else can open it cannot be told from outside."
        yield holds(ENCRYPTED, have.subject.id, text)
    elif site is not None and site.encrypted and not found.fault:
        text = f"{found.name} lies at site {site.name}, whose storage is declared encrypted; declared, not verified."
        yield holds(ENCRYPTED, have.subject.id, text)
    else:
        what = f"{found.name} {found.fault or 'is confidential and lies there in the clear'}."
        command = f"redan lock {found.name} --to RECIPIENT --remove" if _plain(found.name) else None
        advice = "Lock it to those who may read it, and declare the locked path; or declare 'encrypted' of its site."
        yield broken(ENCRYPTED, have.subject.id, what, Remedy(text=advice, command=command, effort=Level.LOW))


def _site(have: Have) -> Site | None:
    record = have.system.elements[have.subject.id]
    name = record.site if isinstance(record, Dataset | Model) else None
    return next((site for site in have.system.tables.site if site.name == name), None)


def _recipients(count: int) -> str:
    return "1 recipient" if count == 1 else f"{count} recipients"


def _plain(name: str) -> bool:
    return name.isascii() and all(c.isalnum() or c in "._/-" for c in name) and not name.startswith("-")


def _secrets(have: Have) -> Iterator[Finding]:
    from redan.measures.secrets import find_secrets

    texts: list[tuple[str, bytes]] = []
    unread = 0
    for file in have.get(CodeFiles, have.subject.id).files:
        try:
            texts.append((file.name, _text(file)))
        except InputError as error:
            unread += 1
            yield not_run(SECRETS, have.subject.id, f"{file.name} {error.what}.", remedy=_SHORTEN, part=file.name)
    found = find_secrets(texts)
    for name, secrets in found.items():
        if secrets:
            yield _leaked(have.subject.id, name, tuple((s.line, s.rule) for s in secrets))
    if not unread and not any(found.values()):
        measure = Measure(name="lines_with_secrets", value=0.0, n=len(texts), threshold=0.0, unit="lines")
        yield holds(SECRETS, have.subject.id, f"No secret found in {_files(len(texts))}.", measure=measure)


def _text(file: CodeFile) -> bytes:
    content = read_bounded(file.path, TEXT_LIMIT_BYTES)
    if b"\0" in content:
        raise InputError("is not a text file, so it cannot be searched for secrets", where=file.name)
    return content


def _leaked(subject: str, name: str, secrets: tuple[tuple[int, str], ...]) -> Finding:
    shown = "; ".join(f"line {line}: {rule}" for line, rule in secrets[:5])
    more = f"; and {len(secrets) - 5:,} more lines" if len(secrets) > 5 else ""  # noqa: PLR2004
    measure = Measure(name="lines_with_secrets", value=float(len(secrets)), threshold=0.0, unit="lines")
    return broken(SECRETS, subject, f"{name} holds secrets ({shown}{more}).", _ROTATE, part=name, measure=measure)


def _files(count: int) -> str:
    return "1 file" if count == 1 else f"{count} files"


CHECKS = (
    Check(id=MODES, subjects=_protected, run=_modes, needs=(FileModes,)),
    Check(id=SECRETS, subjects=_with_code, run=_secrets, needs=(CodeFiles,), tier=Tier.SECONDS, extra="secrets"),
    Check(id=ENCRYPTED, subjects=_confidential, run=_encrypted, needs=(Encryption,)),
)
