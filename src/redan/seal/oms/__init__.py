"""OpenSSF Model Signing v1.0: seals of files and folders, written, read and verified."""

from redan.seal.oms.records import Chain, Identity, Resource, Sealed, Serialization, Trust
from redan.seal.oms.signing import sign
from redan.seal.oms.verifying import Verified, read_verified, verify

__all__ = [
    "Chain",
    "Identity",
    "Resource",
    "Sealed",
    "Serialization",
    "Trust",
    "Verified",
    "read_verified",
    "sign",
    "verify",
]
