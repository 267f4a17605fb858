"""Keyless seals: recorded ones of the public Sigstore verify offline, under their own identity and issuer alone."""

import base64
import json
from contextlib import contextmanager
from types import SimpleNamespace

import pytest

from redan.errors import IncompleteError, InvalidError, MissingExtraError, UsageError
from redan.seal import oms
from redan.seal.oms import keyless
from seal.oms_cases import NOW, OLD, P256, certificate, model, signed

pytest.importorskip("sigstore")
if not OLD.exists():
    pytest.skip("the recorded bundles are not at ../shared/vectors/oms", allow_module_level=True)

WHO, ISSUER = "stefanb@us.ibm.com", "https://sigstore.verify.ibm.com/oauth2"
TRUST = oms.Identity(identity=WHO, issuer=ISSUER)
VERSIONS = ["v0.3.1", "v1.0.0", "v1.0.1", "v1.1.0"]


@pytest.fixture(autouse=True)
def _own_home(tmp_path, monkeypatch):
    """Sigstore keeps its trusted roots in the user's folders; a test has its own."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def _recorded(version):
    folder = OLD / f"{version}-sigstore"
    return folder, (folder / "model.sig").read_bytes()


@pytest.mark.parametrize("version", VERSIONS)
def test_recorded_seals_verify_offline(version):
    """Certificate, log entry, time, signature, list and bytes, without any network."""
    folder, seal = _recorded(version)
    sealed = oms.verify(folder, seal, TRUST, ignore=["ignore-me"], now=NOW)
    assert sealed.names == ("signme-1", "signme-2")
    assert (sealed.method, sealed.signer) == ("sigstore", f"{WHO}, vouched for by {ISSUER}")


@pytest.mark.parametrize(
    ("who", "issuer"),
    [("mallory@example.com", ISSUER), (WHO, "https://accounts.google.com"), ("", ISSUER), (WHO.upper(), ISSUER)],
)
def test_identity_and_issuer_are_both_pinned(who, issuer):
    """Anybody can sign through Sigstore; only who was meant counts."""
    folder, seal = _recorded("v1.1.0")
    with pytest.raises(InvalidError, match="the seal is not by"):
        oms.verify(folder, seal, oms.Identity(identity=who, issuer=issuer))


@pytest.mark.parametrize(
    "path",
    [
        ("dsseEnvelope", "payload"),
        ("dsseEnvelope", "signatures", 0, "sig"),
        ("verificationMaterial", "certificate", "rawBytes"),
        ("verificationMaterial", "tlogEntries", 0, "inclusionPromise", "signedEntryTimestamp"),
        ("verificationMaterial", "tlogEntries", 0, "canonicalizedBody"),
    ],
)
def test_changed_parts_are_refused(path):
    """Statement, signature, certificate and log entry hold each other."""
    folder, seal = _recorded("v1.1.0")
    whole = json.loads(seal)
    at = whole
    for key in path[:-1]:
        at = at[key]
    data = bytearray(base64.b64decode(at[path[-1]]))
    data[len(data) // 2] ^= 1
    at[path[-1]] = base64.b64encode(data).decode()
    with pytest.raises(InvalidError):
        oms.verify(folder, json.dumps(whole).encode(), TRUST, ignore=["ignore-me"])


def test_methods_do_not_stand_in_for_each_other():
    """A key cannot verify a keyless seal, nor an identity one under a key."""
    folder, seal = _recorded("v1.1.0")
    with pytest.raises(InvalidError, match="by sigstore, which --key cannot verify"):
        oms.verify(folder, seal, P256.public)
    with pytest.raises(InvalidError, match="by key, which --identity and --issuer cannot verify"):
        oms.verify(folder, oms.sign(folder, P256), TRUST)


def test_a_trusted_root_of_ones_own_is_used(tmp_path):
    """A private Sigstore's root does not know the public one's certificates; a file that is none is refused."""
    folder, seal = _recorded("v1.1.0")
    (tmp_path / "root.json").write_text(
        json.dumps(
            {
                "mediaType": "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
                "tlogs": [],
                "certificateAuthorities": [],
                "ctlogs": [],
                "timestampAuthorities": [],
            }
        )
    )
    with pytest.raises((InvalidError, UsageError)):
        oms.verify(folder, seal, oms.Identity(identity=WHO, issuer=ISSUER, trust_root=tmp_path / "root.json"))
    for junk in ("{}", "[]", "not json", '{"mediaType": "application/vnd.dev.sigstore.clienttrustconfig.v0.1+json"}'):
        (tmp_path / "junk.json").write_text(junk)
        with pytest.raises(UsageError, match="holds no trusted root"):
            oms.verify(folder, seal, oms.Identity(identity=WHO, issuer=ISSUER, trust_root=tmp_path / "junk.json"))


def test_without_the_extra_it_is_said(monkeypatch):
    """No sigstore, no verdict: the line to install it."""
    folder, seal = _recorded("v1.1.0")
    monkeypatch.setitem(__import__("sys").modules, "sigstore", None)
    with pytest.raises(MissingExtraError, match=r"redan\[sigstore\]"):
        oms.verify(folder, seal, TRUST)


class Recorded:
    """A Sigstore signer that hands out a bundle of the same form, as the service would."""

    def __init__(self, error=None):
        self.error = error
        self.payload = None

    def sign_dsse(self, statement):
        from sigstore import errors

        if self.error:
            raise errors.NetworkError if self.error == "network" else errors.Error("no")
        self.payload = statement._contents
        leaf = base64.b64encode(certificate("x").der).decode()
        text = signed(
            self.payload,
            P256,
            verificationMaterial={"certificate": {"rawBytes": leaf}, "tlogEntries": [{"logIndex": "1"}]},
        )
        return SimpleNamespace(to_json=text.decode)


def test_the_statement_that_is_signed_is_redans_own(tmp_path):
    """Sigstore gets the very bytes of the statement, and its bundle is written unchanged."""
    folder = model(tmp_path / "m")
    service = Recorded()
    made = oms.make(folder, keyless.KeylessSealer(service, WHO))
    assert (made.method, made.signer) == ("sigstore", f"{WHO}, through Sigstore")
    whole = json.loads(made.bundle)
    assert base64.b64decode(whole["dsseEnvelope"]["payload"]) == service.payload
    assert json.loads(service.payload)["predicateType"] == "https://model_signing/signature/v1.0"
    assert whole["verificationMaterial"]["tlogEntries"] == [{"logIndex": "1"}]


@pytest.mark.parametrize("error", ["network", "other"])
def test_a_service_that_fails_is_incomplete(error, tmp_path):
    """No seal is written, and it is said that Sigstore did not sign."""
    with pytest.raises(IncompleteError, match="Sigstore did not sign"):
        oms.sign(model(tmp_path / "m"), keyless.KeylessSealer(Recorded(error), WHO))


def test_signing_in_uses_the_given_token(monkeypatch, tmp_path):
    """The token of the CI system becomes the identity; one that is none is a usage error; no network is asked here."""
    import sigstore.sign
    from sigstore import oidc

    service = Recorded()

    class Context:
        @classmethod
        def from_trust_config(cls, config):
            return cls()

        @contextmanager
        def signer(self, identity):
            yield service

    monkeypatch.setattr(sigstore.sign, "SigningContext", Context)
    monkeypatch.setattr(keyless, "_client_config", lambda path, offline: SimpleNamespace(signing_config=None))
    monkeypatch.setattr(oidc, "IdentityToken", lambda raw: SimpleNamespace(identity=f"who:{raw}"))
    with keyless.signed_in("token") as sealer:
        assert sealer.words == "who:token, through Sigstore"

    def refuse(raw):
        raise oidc.IdentityError("no token")

    monkeypatch.setattr(oidc, "IdentityToken", refuse)
    with pytest.raises(UsageError, match="identity token"), keyless.signed_in("junk"):
        pass
