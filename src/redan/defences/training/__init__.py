"""Training that makes a network harder to evade: on adversarial inputs (PGD, FGSM-RS, TRADES), or on noise."""

from typing import TYPE_CHECKING

from redan.defences.torch_only import on_first_use

if TYPE_CHECKING:
    from redan.defences.training.plan import Epoch as Epoch
    from redan.defences.training.plan import Plan as Plan
    from redan.defences.training.plan import Trained as Trained
    from redan.defences.training.recipes import fgsm_rs as fgsm_rs
    from redan.defences.training.recipes import gaussian as gaussian
    from redan.defences.training.recipes import pgd as pgd
    from redan.defences.training.recipes import plain as plain
    from redan.defences.training.recipes import trades as trades

__getattr__ = on_first_use(
    __name__,
    {
        "Plan": "plan",
        "Epoch": "plan",
        "Trained": "plan",
        "pgd": "recipes",
        "fgsm_rs": "recipes",
        "trades": "recipes",
        "gaussian": "recipes",
        "plain": "recipes",
    },
)
