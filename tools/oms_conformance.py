#!/usr/bin/env python3
"""Adapter for the conformance suite of the OpenSSF Model Signing specification.

Usage: pytest test/ --entrypoint=.../tools/oms_conformance.py --skip-sigstore    (in a checkout of the suite)

The suite starts `sign-model` and `verify-model` and looks at the exit code alone. It expects what the specification
asks for where redan is stricter by default, so `verify-model` here accepts the files that OMS tools leave out by
default, and the paths that the suite ignores.
"""

import argparse
import os
import sys
from pathlib import Path

from redan.errors import RedanError
from redan.files import read_bounded, write_atomic
from redan.seal import oms
from redan.seal.keys import Signer, load_public
from redan.seal.oms import chain, keyless
from redan.seal.oms.bundle import BUNDLE_LIMIT_BYTES
from redan.seal.oms.records import DEFAULT_IGNORED


def main(words: list[str]) -> int:
    """Exit code 0 when the seal was made or verified."""
    asked = _parser().parse_args(words)
    try:
        asked.run(asked)
    except RedanError as error:
        print(error, file=sys.stderr)
        return int(error.exit_code)
    return 0


def _sign(asked: argparse.Namespace) -> None:
    ignore = _relative(asked, asked.output_bundle)
    if asked.method == "sigstore":
        with keyless.signed_in(asked.identity_token) as sealer:
            write_atomic(asked.output_bundle, oms.sign(asked.model_path, sealer, ignore=ignore))
        return
    key = _signer(asked.private_key)
    certificates = chain.load_certificates([asked.signing_cert, *asked.cert_chain] if asked.signing_cert else [])
    sealer = oms.ChainSealer(key, certificates) if asked.method == "certificate" else key
    write_atomic(asked.output_bundle, oms.sign(asked.model_path, sealer, ignore=ignore))


def _verify(asked: argparse.Namespace) -> None:
    if asked.method == "key":
        trust: oms.Trust = load_public(asked.public_key)
    elif asked.method == "certificate":
        trust = oms.Chain(anchors=chain.load_certificates(asked.cert_chain))
    else:
        trust = oms.Identity(identity=asked.identity, issuer=asked.identity_provider)
    oms.verify(
        asked.model_path,
        read_bounded(asked.bundle, BUNDLE_LIMIT_BYTES),
        trust,
        ignore=[*DEFAULT_IGNORED, *_relative(asked, asked.bundle)],
        ignore_unsigned=asked.ignore_unsigned_files,
    )


def _signer(path: Path) -> Signer:
    """The suite's keys lie in a checkout, where others can read them; redan itself refuses such keys."""
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    from redan.seal.keys import public_of

    key = load_pem_private_key(read_bounded(path, 1 << 16), None)
    return Signer(public_of(key.public_key()), key)  # type: ignore[arg-type]


def _relative(asked: argparse.Namespace, *more: Path) -> list[str]:
    root = asked.model_path.absolute()
    found = [Path(os.path.relpath(path.absolute(), root)) for path in (*asked.ignore_paths, *more)]
    return [path.as_posix() for path in found if ".." not in path.parts and path != Path()]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    verbs = parser.add_subparsers(required=True)
    sign, verify = verbs.add_parser("sign-model"), verbs.add_parser("verify-model")
    for verb, run in ((sign, _sign), (verify, _verify)):
        verb.set_defaults(run=run)
        verb.add_argument("--method", choices=["key", "certificate", "sigstore"], required=True)
        verb.add_argument("--model-path", type=Path, required=True)
        verb.add_argument("--cert-chain", type=Path, action="append", default=[])
        verb.add_argument("--ignore-paths", type=Path, action="append", default=[])
        verb.add_argument("--use-staging", action="store_true")
    sign.add_argument("--output-bundle", type=Path, required=True)
    sign.add_argument("--private-key", type=Path)
    sign.add_argument("--signing-cert", type=Path)
    sign.add_argument("--identity-token")
    verify.add_argument("--bundle", type=Path, required=True)
    verify.add_argument("--public-key", type=Path)
    verify.add_argument("--ignore-unsigned-files", action="store_true")
    verify.add_argument("--identity", default="")
    verify.add_argument("--identity-provider", default="")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
