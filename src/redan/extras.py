"""Optional dependencies: which extra brings which import; a missing one means `not-run`, never a pass."""

from collections.abc import Mapping
from importlib.util import find_spec
from types import MappingProxyType

EXTRAS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "sklearn": ("sklearn",),
        "secrets": ("credsweeper",),
        "spark": ("pyspark",),
        "xlsx": ("xlsxwriter",),
        "onnx": ("onnxruntime",),
        "torch": ("torch", "onnx"),
        "safetensors": ("safetensors",),
        "skops": ("skops",),
        "blake3": ("blake3",),
        "sigstore": ("sigstore",),
        "kms": ("securesystemslib",),
        "tuf": ("tuf", "securesystemslib"),
        "code": ("bandit",),
        "audit": ("pip_audit",),
        "labels": ("cleanlab", "sklearn"),
        "text": ("presidio_analyzer",),
        "trees": ("veritas",),
        "ray": ("ray",),
        "gateway": (
            *("msgspec", "httptools", "uvicorn", "uvloop", "starlette", "prometheus_client"),
            *("onnxruntime", "httpx", "joserfc", "valkey"),
        ),
        "opacus": ("opacus", "torch", "dp_accounting"),
        "otel": ("opentelemetry",),
        "privacy": ("dp_accounting",),
        "flower": ("flwr",),
        "demo": ("sklearn", "skl2onnx"),
    }
)


def missing_import(extra: str) -> str | None:
    """The first import of an extra that is not installed; None when all are.

    Args:
        extra: a key of `EXTRAS`.

    Raises:
        KeyError: there is no such extra.
    """
    return next((name for name in EXTRAS[extra] if find_spec(name) is None), None)
