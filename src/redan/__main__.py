"""`python -m redan` is `redan`."""

from redan.cli.app import main

main()
