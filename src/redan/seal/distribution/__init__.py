"""Signed distribution of sealed models to sites: TUF metadata, so that old, mixed and frozen offers are refused.

Source: The Update Framework specification 1.0.31. The modules that need the extra `tuf` are imported where they are
used; `names`, `records` and `releases` need none.
"""

from redan.seal.distribution.records import (
    ROLES,
    Pulled,
    Release,
    ReleasedFile,
    Role,
    Target,
    Written,
)

__all__ = ["ROLES", "Pulled", "Release", "ReleasedFile", "Role", "Target", "Written"]
