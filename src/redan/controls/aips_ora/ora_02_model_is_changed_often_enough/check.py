"""What a change of the model takes from whoever copied or attacked the generation before."""

from redan.artifacts.dataset_file import DatasetFile
from redan.artifacts.model_file import ModelFile
from redan.controls.aips_ora.ora_02_model_is_changed_often_enough.carried import DIFFER, differ
from redan.controls.aips_ora.ora_02_model_is_changed_often_enough.generations import generations
from redan.controls.aips_ora.ora_02_model_is_changed_often_enough.rotation import OUTPACES, outpaces
from redan.controls.contract import Check
from redan.controls.transferred import located
from redan.terms import Tier

CHECKS = (
    Check(
        id=OUTPACES,
        subjects=generations,
        run=located(OUTPACES, "lifetime", outpaces),
        needs=(DatasetFile, ModelFile),
        tier=Tier.MINUTES,
        adjustable=True,
    ),
    Check(
        id=DIFFER,
        subjects=generations,
        run=located(DIFFER, "previous", differ),
        needs=(DatasetFile, ModelFile),
        tier=Tier.MINUTES,
        extra="torch",
        adjustable=True,
    ),
)
