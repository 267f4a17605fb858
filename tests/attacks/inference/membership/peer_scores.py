"""Run by a peer's own Python: scores of SACRO-ML or TensorFlow Privacy for a matrix that is given as JSON."""

import importlib
import importlib.util
import json
import sys
from pathlib import Path
from unittest.mock import MagicMock


def sacro(held):
    import numpy as np

    importlib.import_module("scipy.stats")
    importlib.import_module("sklearn.ensemble")
    for name in (
        "torch",
        "torch.nn",
        "torch.nn.functional",
        "torch.optim",
        "torch.utils",
        "torch.utils.data",
        "xgboost",
        "acro",
    ):
        sys.modules.setdefault(name, MagicMock())
    from sacroml.attacks.likelihood_attack import LIRAAttack

    for name in [name for name in sys.modules if isinstance(sys.modules[name], MagicMock)]:
        del sys.modules[name]  # SciPy asks whether an array is of a library that is loaded

    found = {}
    for mode in ("offline", "offline-carlini", "online-carlini"):
        for fixed in (False, True):
            attack = LIRAAttack(write_report=False, mode=mode, fix_variance=fixed)
            there, gone = (dict(enumerate(map(np.array, held[side]))) for side in ("there", "gone"))
            wide = attack._get_global_std(there), attack._get_global_std(gone)
            scores = []
            for place, x in enumerate(held["target"]):
                out, into = attack._get_mean_std(gone[place], wide[1]), attack._get_mean_std(there[place], wide[0])
                scores.append(
                    attack._get_probabilities(
                        logit=x, out_mean=out[0], out_std=out[1], in_mean=into[0], in_std=into[1], mode=mode
                    )
                )
            found[f"{mode}{'-fixed' if fixed else ''}"] = scores
    return found


def tensorflow(held):
    import numpy as np

    for name in ("tensorflow_privacy", "tensorflow_privacy.privacy", "tensorflow_privacy.privacy.privacy_tests"):
        sys.modules[name] = MagicMock()
    sys.modules["tensorflow_privacy.privacy.privacy_tests.utils"] = MagicMock()
    file = next(Path(sys.prefix).rglob("membership_inference_attack/advanced_mia.py"))
    spec = importlib.util.spec_from_file_location("advanced_mia", file)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    x = np.array(held["target"])[:, None]
    there, gone = ([np.array(side)[:, None] for side in held[name]] for name in ("there", "gone"))
    found = {}
    for option in ("both", "out"):
        for fixed in (False, True):
            scores = module.compute_score_lira(x, there, gone, option=option, fix_variance=fixed, median_or_mean="mean")
            found[f"lira-{option}{'-fixed' if fixed else ''}"] = scores.tolist()
    offset = module.compute_score_offset(x, there, gone, option="out", median_or_mean="mean")
    found["offset-out"] = offset.tolist()
    logits, labels = np.array(held["logits"]), np.array(held["labels"])
    shares = module.convert_logit_to_prob(logits)
    found["statistic"] = module.calculate_statistic(logits.copy(), labels).tolist()
    found["statistic-of-shares"] = module.calculate_statistic(shares, labels, is_logits=False).tolist()
    return found


if __name__ == "__main__":
    json.dump({"sacro": sacro, "tensorflow": tensorflow}[sys.argv[1]](json.load(sys.stdin)), sys.stdout)
