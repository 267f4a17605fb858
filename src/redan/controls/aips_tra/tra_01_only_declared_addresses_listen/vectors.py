"""A service with a forgotten second port, and its repaired twins."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from redan.controls.contract import Vector
from redan.controls.live.planted import PROBES, SERVED
from redan.terms import Outcome

_CHECK = "AIPS-TRA-01/no-undeclared-address-listens"
_NOTE = "A forgotten notebook server is a shell with a web page."
_LISTEN = """
import socket, sys
held = [socket.create_server(("127.0.0.1", 0)) for _ in range(int(sys.argv[1]))]
print(*(one.getsockname()[1] for one in held), flush=True)
sys.stdin.read()
"""


def _listening(ports: int) -> Callable[[Path], AbstractContextManager[None]]:
    """A process that listens at so many ports, of which `@URL@` is the first and `@OTHER@` the last."""

    @contextmanager
    def around(folder: Path) -> Iterator[None]:
        process = subprocess.Popen(  # noqa: S603 -- this interpreter, and a program of our own
            [sys.executable, "-I", "-S", "-c", _LISTEN, str(ports)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        with process:
            told = process.stdout.readline().split() if process.stdout is not None else []
            path = folder / "redan.toml"
            text = path.read_text().replace("@URL@", f"http://127.0.0.1:{told[0]}").replace("@OTHER@", told[-1])
            path.write_text(text)
            try:
                yield
            finally:
                process.terminate()

    return around


def vectors() -> tuple[Vector, ...]:
    """Bad systems and their repaired twins."""

    def case(name: str, outcome: Outcome, ports: int, more: bytes = b"") -> Vector:
        files = {"redan.toml": SERVED + more, **PROBES}
        return Vector(name=name, files=files, check=_CHECK, expect=outcome, note=_NOTE, around=_listening(ports))

    return (
        case("a second port", Outcome.BROKEN, 2),
        case("one port", Outcome.HOLDS, 1),
        case("a second port that is declared", Outcome.HOLDS, 2, b'\n[gateway]\nadmin = "127.0.0.1:@OTHER@"\n'),
    )
