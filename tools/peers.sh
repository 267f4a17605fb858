#!/usr/bin/env bash
# Makes the environments of outside tools that tests and benchmarks compare with, each apart from redan's own, where
# they are missing. What cannot be made is said; the tests that need it skip and say so too.
set -u
python=${1:-python3}
peer() { # NAME PACKAGE...
  local home=.peers/$1
  shift
  [ -e "$home/.made" ] && return
  "$python" -m venv "$home" && "$home/bin/python" -m pip install --quiet --disable-pip-version-check "$@" && touch "$home/.made" ||
    echo "could not install $*: tests that compare with it will skip"
}
# model-signing 1.1.1 imports pyOpenSSL and does not declare it.
peer model-signing model-signing==1.1.1 pyOpenSSL
# evidently 0.7.23 does not import with pandas 3, although it allows it.
peer evidently evidently==0.7.23 pandas==2.3.3 'numpy==2.4.*' pyarrow
peer flower flwr==1.41.0
exit 0
