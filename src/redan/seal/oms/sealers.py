"""How a statement becomes a bundle under a bare key or under a certificate chain.

Source: OMS v1.0 sections 4.1, 4.2 and 6.7.
"""

from dataclasses import dataclass

from redan.canon import Json
from redan.errors import InvalidError, UsageError
from redan.seal.dsse import pae
from redan.seal.encoding import encode
from redan.seal.in_toto import PAYLOAD_TYPE
from redan.seal.keys import PublicKey
from redan.seal.oms import bundle as bundles
from redan.seal.oms import chain
from redan.seal.oms.records import Method, Signing

_CURVES = frozenset({"p256", "p384", "p521"})


@dataclass(frozen=True, slots=True)
class KeySealer:
    """Seals under a bare key: the verifier knows the public half.

    Args:
        key: in a file, a security module or a cloud's key store.
    """

    key: Signing

    @property
    def method(self) -> Method:
        """How the signer is known."""
        return "key"

    @property
    def words(self) -> str:
        """The signer in words."""
        return f"key {self.key.public.key_id[:16]} ({self.key.public.kind})"

    def bundle(self, payload: bytes) -> dict[str, Json]:
        """The bundle of method `key`.

        Raises:
            UsageError: the key is on no curve that OMS knows.
            InvalidError: what the key made is not its signature.
        """
        public = checked_key(self.key.public)
        return bundles.build(payload, _signed(self.key, payload), {"publicKey": {"hint": public.key_id}})


@dataclass(frozen=True, slots=True)
class ChainSealer:
    """Seals under a certificate: the verifier knows an authority above it.

    Args:
        key: the private key that the first certificate binds.
        certificates: DER, the signer's own first, then each authority's up to, or up to below, the one to be trusted.
    """

    key: Signing
    certificates: tuple[bytes, ...]

    @property
    def method(self) -> Method:
        """How the signer is known."""
        return "certificate"

    @property
    def words(self) -> str:
        """The signer in words."""
        return f"certificate of {chain.subject_of(self.certificates[0])}"

    def __post_init__(self) -> None:
        """Refuses a chain that is not this key's.

        Raises:
            UsageError: the first certificate binds another key, or a kind that OMS does not know.
        """
        public = checked_key(self.key.public)
        try:
            bound = chain.key_of(self.certificates[0]) if self.certificates else None
        except InvalidError as error:
            raise UsageError(error.what, remedy="give an ECDSA code-signing certificate") from error
        if bound != public:
            raise UsageError(
                "the first certificate of the chain does not bind this key",
                remedy="give the signer's certificate first",
            )
        if len(self.certificates) > bundles.CERTIFICATES_LIMIT:
            raise UsageError(f"the chain has more than {bundles.CERTIFICATES_LIMIT} certificates")

    def bundle(self, payload: bytes) -> dict[str, Json]:
        """The bundle of method `certificate`.

        Raises:
            InvalidError: what the key made is not its signature.
        """
        certificates: list[Json] = [{"rawBytes": encode(each)} for each in self.certificates]
        material: dict[str, Json] = {"x509CertificateChain": {"certificates": certificates}}
        return bundles.build(payload, _signed(self.key, payload), material)


def checked_key(public: PublicKey) -> PublicKey:
    """The key, if it is on a curve that OMS knows.

    Raises:
        UsageError: it is not.
    """
    if public.kind not in _CURVES:
        raise UsageError(
            f"OpenSSF Model Signing knows no {public.kind} keys",
            remedy="make one with `redan key new --kind p256 --output seal.pem`",
        )
    return public


def _signed(key: Signing, payload: bytes) -> bytes:
    """The signature over a statement, verified at once: a faulty module must not make a seal that nobody accepts."""
    data = pae(PAYLOAD_TYPE, payload)
    signature = key.sign(data)
    key.public.verify(signature, data)
    return signature
