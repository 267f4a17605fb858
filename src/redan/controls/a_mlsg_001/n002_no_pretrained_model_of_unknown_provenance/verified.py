"""Digest and signature of a pretrained model, against what its publisher announced."""

from collections.abc import Iterator

from redan.artifacts.model_file import ModelFile
from redan.artifacts.model_seal import ModelSeal
from redan.controls.a_mlsg_001.n002_no_pretrained_model_of_unknown_provenance.pretrained import model_of
from redan.controls.announced import malformed, plain
from redan.controls.contract import Have
from redan.findings import Finding, Remedy, broken, holds, not_run
from redan.system.records import Model
from redan.terms import Level

VERIFIED = "A-MLSG-001-N002/digest-and-signature-verify"
_FETCH = Remedy(
    text="Fetch the file again from its publisher, and find out who changed it before you use it.", effort=Level.MEDIUM
)


def verified(have: Have) -> Iterator[Finding]:
    """Whether the file has the announced digest and a seal that verifies against the stated key: an answer for each."""
    model = model_of(have)
    yield _digest(have, model)
    yield _signature(have, model)


def _digest(have: Have, model: Model) -> Finding:
    actual = have.get(ModelFile, have.subject.id).digest
    if model.sha256 is None:
        text = f"No digest is stated that the file of pretrained model {model.name} could be compared with."
        advice = Remedy(text="State sha256 as its publisher announces it, not as the file has it.", effort=Level.LOW)
        return broken(VERIFIED, have.subject.id, text, advice, part="digest")
    fault = malformed(model.sha256)
    if fault is not None:
        text = f"The digest stated for pretrained model {model.name} cannot be one of SHA-256: it {fault}."
        advice = Remedy(
            text="Take the SHA-256 digest, 64 hex digits; MD5 and SHA-1 can be forged.",
            effort=Level.LOW,
        )
        return broken(VERIFIED, have.subject.id, text, advice, part="digest")
    if plain(model.sha256) != actual:
        announced = plain(model.sha256)
        text = (
            f"The file of pretrained model {model.name} has SHA-256 {actual[:16]}..., announced is {announced[:16]}..."
        )
        return broken(VERIFIED, have.subject.id, text, _FETCH, part="digest")
    text = f"The file of pretrained model {model.name} has the announced SHA-256 {actual[:16]}..."
    return holds(VERIFIED, have.subject.id, text, part="digest")


def _signature(have: Have, model: Model) -> Finding:
    found = next(iter(have.all(ModelSeal)), None)
    if found is None:
        text = "the seal cannot be verified here; it needs a package that is not installed"
        advice = Remedy(text="Install what seals may need.", command="pip install 'redan[blake3]'", effort=Level.LOW)
        return not_run(VERIFIED, have.subject.id, text, remedy=advice, part="signature")
    if model.seal is None or model.key is None or found.state is None:
        missing = "seal" if model.seal is None else "key"
        text = f"No signature over pretrained model {model.name} can be verified, since no {missing} is stated."
        advice = Remedy(
            text=(
                "Take signature and key from the publisher; when there is none, vet the file and seal it with the key "
                "of the person who vetted it."
            ),
            command=f"redan seal {model.bundle or model.path} --key KEY -o {model.path}.sig",
            effort=Level.MEDIUM,
        )
        return broken(VERIFIED, have.subject.id, text, advice, part="signature")
    fault = found.state.fault or _outside(model, found)
    if fault:
        text = f"The signature over pretrained model {model.name} does not verify: {fault}."
        return broken(VERIFIED, have.subject.id, text, _FETCH, part="signature")
    text = f"The signature over pretrained model {model.name} verifies against key {found.state.key_id[:16]}."
    return holds(VERIFIED, have.subject.id, text, part="signature")


def _outside(model: Model, found: ModelSeal) -> str:
    return f"it does not cover {model.path}" if model.path in found.uncovered else ""
