"""Training that makes a network harder to evade: on adversarial inputs (PGD, FGSM-RS, TRADES), or on noise."""

from redan.defences.torch_only import on_first_use

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
