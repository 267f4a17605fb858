"""`python -m redan` is `redan`: like the console script, it imports nothing from the folder that it is called in."""

import os
import sys

if not sys.flags.safe_path and sys.path and sys.path[0] in {"", os.getcwd()}:  # noqa: PTH109 -- pathlib comes after
    # A project is hostile: its numpy.py must not be taken for the package.
    del sys.path[0]

from redan.cli.app import main

main()
