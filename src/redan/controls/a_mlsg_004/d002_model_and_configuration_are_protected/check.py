"""Model and configuration: one seal over all of it, loading from verified bytes, verification during service."""

from redan.artifacts.model_seal import ModelSeal
from redan.controls.a_mlsg_004.d002_model_and_configuration_are_protected.loaded import LOADED, loaded_verified
from redan.controls.a_mlsg_004.d002_model_and_configuration_are_protected.rollback import CHECK as ROLLBACK_CHECK
from redan.controls.a_mlsg_004.d002_model_and_configuration_are_protected.running import CHECK as RUNS_CHECK
from redan.controls.a_mlsg_004.d002_model_and_configuration_are_protected.sealed import SEALED, each_model, sealed
from redan.controls.contract import Check
from redan.terms import Tier

CHECKS = (
    Check(id=SEALED, subjects=each_model, run=sealed, needs=(ModelSeal,), tier=Tier.SECONDS),
    Check(
        id=LOADED,
        subjects=each_model,
        run=loaded_verified,
        needs=(ModelSeal,),
        tier=Tier.SECONDS,
        dated=True,
        adjustable=True,
    ),
    ROLLBACK_CHECK,
    RUNS_CHECK,
)
