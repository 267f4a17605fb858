"""The runtime of models reports to nobody: no event is gathered or sent, whoever the user is."""

import os
import subprocess
import sys

SCRIPT = """
import os
from gateway import houses
from redan.models.onnx_session import onnx_session
session, _, _ = onnx_session(houses.model(), {})
print(os.environ["ORT_DISABLE_TELEMETRY"])
"""


def test_a_session_leaves_nothing_in_the_users_cache(tmp_path):
    """Of onnxruntime 1.31, whose wheels gather events there unless they are told not to."""
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p), "HOME": str(tmp_path)}
    env = {name: value for name, value in env.items() if name not in {"ORT_DISABLE_TELEMETRY", "XDG_CACHE_HOME"}}
    done = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, env=env, check=True, text=True)
    assert (done.stdout.strip(), done.stderr) == ("1", "")
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]
