"""E-mail addresses.

Source: RFC 5321 section 4.1.2 (dot-string local part), RFC 1035 section 2.3.1 (labels), as mail systems accept them.
"""

import re

from redan.measures.personal.kinds import Kind, Recogniser, Verification

# bounded repeats: a hostile megabyte of letters costs linear time; RE2 reads the same text as Python does
_LOCAL = r"[A-Za-z0-9](?:[A-Za-z0-9._%+'-]{0,62}[A-Za-z0-9_+-])?"
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
ADDRESS = rf"{_LOCAL}@(?:{_LABEL}\.){{1,8}}[A-Za-z]{{2,24}}"
IN_TEXT = re.compile(rf"(?<![A-Za-z0-9._%+'@/-]){ADDRESS}(?![A-Za-z0-9@-])")
# names of files and code hosts that look like a mail domain or mailbox
_FILES = frozenset({"png", "jpg", "jpeg", "gif", "svg", "webp", "css", "js", "json", "py", "txt", "csv", "parquet"})
_LOGINS = frozenset({"git", "hg", "svn"})


def is_email(value: str) -> bool:
    """Whether a candidate of the right shape is a mailbox of a person or role, not a file or a code host's login."""
    local, _, domain = value.strip().rpartition("@")
    return ".." not in local and domain.rpartition(".")[2].lower() not in _FILES and local.lower() not in _LOGINS


RECOGNISERS = (
    Recogniser(
        kind=Kind.EMAIL,
        scheme="email",
        verification=Verification.SHAPE,
        shape=re.compile(rf"\s*(?:mailto:)?{ADDRESS}\s*"),
        valid=is_email,
        chance=0.0,
        hints=("email", "e mail", "mail"),
        alone=0.0,
        of_all=0.0,
        fewest=1,
    ),
)
