"""OpenSSF Model Signing v1.0: seals of files and folders, written, read and verified."""

from redan.seal.oms.records import (
    Chain,
    HashType,
    Identity,
    Progress,
    Resource,
    Sealed,
    Sealer,
    Serialization,
    Signing,
    Trust,
)
from redan.seal.oms.sealers import ChainSealer, KeySealer
from redan.seal.oms.signing import Made, make, sign
from redan.seal.oms.verifying import Verified, read_verified, verify

__all__ = [
    "Chain",
    "ChainSealer",
    "HashType",
    "Identity",
    "KeySealer",
    "Made",
    "Progress",
    "Resource",
    "Sealed",
    "Sealer",
    "Serialization",
    "Signing",
    "Trust",
    "Verified",
    "make",
    "read_verified",
    "sign",
    "verify",
]
