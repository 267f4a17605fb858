"""Small models to seal, bundles to forge, and certificate authorities to try chains with."""

import base64
import datetime as dt
import json
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from redan.seal.dsse import pae
from redan.seal.in_toto import PAYLOAD_TYPE
from redan.seal.keys import generate
from redan.seal.oms import statement
from redan.seal.oms.records import BUNDLE_TYPE

SHARED = Path(__file__).resolve().parents[3] / "shared"
OLD = SHARED / "vectors" / "oms" / "old-bundles"
NOW = dt.datetime(2026, 11, 21, 12, tzinfo=dt.UTC)
FILES = {
    "weights.bin": b"\x00\x01weights" * 50,
    "config.json": b"{}",
    "sub/a.bin": b"",
    "sub-a.bin": b"dash",
    "a b.txt": b"x",
}


def model(folder, files=FILES):
    """A folder with files."""
    for name, data in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return folder


def opened(bundle):
    """The bundle, and the statement in it."""
    whole = json.loads(bundle)
    return whole, json.loads(base64.b64decode(whole["dsseEnvelope"]["payload"]))


def signed(stated, signer, **changes):
    """A bundle over any statement, honestly signed; `changes` replace whole members of the bundle."""
    payload = stated if isinstance(stated, bytes) else json.dumps(stated).encode()
    whole = {
        "mediaType": BUNDLE_TYPE,
        "verificationMaterial": {"publicKey": {"hint": signer.public.key_id}, "tlogEntries": []},
        "dsseEnvelope": {
            "payload": base64.b64encode(payload).decode(),
            "payloadType": PAYLOAD_TYPE,
            "signatures": [{"sig": base64.b64encode(signer.sign(pae(PAYLOAD_TYPE, payload))).decode(), "keyid": ""}],
        },
    }
    return json.dumps({**whole, **changes}).encode()


def stated(resources, *, method="files", hash_type="sha256", name="m", **more):
    """A statement over resources, its root digest right."""
    return {
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{"name": name, "digest": {"sha256": statement.root_of(r["digest"] for r in resources)}}],
        "predicateType": "https://model_signing/signature/v1.0",
        "predicate": {
            "resources": resources,
            "serialization": {"method": method, "hash_type": hash_type, "allow_symlinks": False, **more},
        },
    }


class Authority:
    """A certificate and its key; issues others below it."""

    def __init__(self, key, certificate):
        self.key = key
        self.certificate = certificate

    @property
    def der(self):
        """The certificate as DER."""
        return self.certificate.public_bytes(Encoding.DER)

    @property
    def pem(self):
        """The certificate as PEM."""
        return self.certificate.public_bytes(Encoding.PEM)


def certificate(
    name, issuer=None, *, ca=False, path_length=None, usage="auto", purposes="auto", days=(-10, 10), extra=(), key=None,
    signed_by=None, algorithm=None, basic=True,
):  # fmt: skip
    """A certificate with what a test wants wrong in it."""
    key = key or ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.certificate.subject if issuer else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW + dt.timedelta(days=days[0]))
        .not_valid_after(NOW + dt.timedelta(days=days[1]))
    )
    if basic:
        builder = builder.add_extension(x509.BasicConstraints(ca, path_length), critical=True)
    usage = ({"key_cert_sign"} if ca else {"digital_signature"}) if usage == "auto" else usage
    if usage is not None:
        bits = ("digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement",
                "key_cert_sign", "crl_sign", "encipher_only", "decipher_only")  # fmt: skip
        builder = builder.add_extension(x509.KeyUsage(**{bit: bit in usage for bit in bits}), critical=True)
    purposes = (None if ca else [ExtendedKeyUsageOID.CODE_SIGNING]) if purposes == "auto" else purposes
    if purposes is not None:
        builder = builder.add_extension(x509.ExtendedKeyUsage(purposes), critical=False)
    for extension, critical in extra:
        builder = builder.add_extension(extension, critical=critical)
    signer = signed_by or (issuer.key if issuer else key)
    default = None if isinstance(signer, ed25519.Ed25519PrivateKey) else hashes.SHA256()
    return Authority(key, builder.sign(signer, algorithm or default))


def signer_of(authority):
    """redan's own signer around a certificate's key."""
    from redan.seal.keys import Signer, public_of

    return Signer(public_of(authority.key.public_key()), authority.key)


P256 = generate("p256")
