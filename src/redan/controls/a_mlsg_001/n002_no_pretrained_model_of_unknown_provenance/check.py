"""Pretrained models: what is stated of them, what verifies, and what any model's file would run."""

from redan.artifacts.dataset_file import DatasetFile
from redan.artifacts.model_file import ModelFile
from redan.artifacts.model_scan import ModelScan
from redan.artifacts.model_seal import ModelSeal
from redan.controls.a_mlsg_001.n002_no_pretrained_model_of_unknown_provenance.backdoors import (
    RISK,
    each_with_samples,
    risk,
)
from redan.controls.a_mlsg_001.n002_no_pretrained_model_of_unknown_provenance.own_samples import (
    OWN,
    each_with_own,
    predicted,
)
from redan.controls.a_mlsg_001.n002_no_pretrained_model_of_unknown_provenance.pretrained import (
    STATED,
    each_pretrained,
    stated,
)
from redan.controls.a_mlsg_001.n002_no_pretrained_model_of_unknown_provenance.scanned import (
    NO_CODE,
    each_model_file,
    no_code,
)
from redan.controls.a_mlsg_001.n002_no_pretrained_model_of_unknown_provenance.verified import VERIFIED, verified
from redan.controls.attacked import told_why
from redan.controls.contract import Check
from redan.terms import Tier

CHECKS = (
    Check(id=STATED, subjects=each_pretrained, run=stated),
    Check(id=VERIFIED, subjects=each_pretrained, run=verified, needs=(ModelFile, ModelSeal), tier=Tier.SECONDS),
    Check(id=NO_CODE, subjects=each_model_file, run=no_code, needs=(ModelScan,), tier=Tier.SECONDS),
    Check(
        id=RISK,
        subjects=each_with_samples,
        run=told_why(RISK, "path", risk),
        needs=(ModelFile, DatasetFile),
        tier=Tier.MINUTES,
    ),
    Check(
        id=OWN,
        subjects=each_with_own,
        run=told_why(OWN, "path", predicted),
        needs=(ModelFile, DatasetFile),
        tier=Tier.MINUTES,
    ),
)
