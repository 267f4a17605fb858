#!/usr/bin/env bash
# Makes the environments of outside tools that tests and benchmarks compare with, each apart from redan's own, where
# they are missing. What cannot be made is said; the tests that need it skip and say so too.
#   tools/peers.sh PYTHON        what tests compare with
#   tools/peers.sh PYTHON bench  and what only benchmarks do: about a gigabyte, and a checkout from GitHub
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
peer openapi-client openapi-python-client==0.29.1
# The schemas of Kubernetes, KServe and Envoy that the manifests in deploy/ are checked by; of KServe only the files are read.
peer deploy kubernetes-validate==1.37.0 envoy-data-plane==2.2.0
peer kserve --no-deps kserve==0.21.0
# One file of it is read, which needs neither JAX nor the rest.
peer jax-privacy --no-deps jax-privacy==2.0.0
# Only the formulas are compared: torch, xgboost and TensorFlow, which both import, are stood in for by the tests.
if [ ! -e .peers/sacro/.made ]; then
  "$python" -m venv .peers/sacro && pip=".peers/sacro/bin/python -m pip install --quiet --disable-pip-version-check" &&
    $pip numpy scipy scikit-learn fpdf2 pypdf matplotlib pandas pyyaml && $pip --no-deps sacroml==2.0.1 && touch .peers/sacro/.made ||
    echo "could not install SACRO-ML: tests that compare with it will skip"
fi
if [ ! -e .peers/tf-privacy/.made ]; then
  "$python" -m venv .peers/tf-privacy && pip=".peers/tf-privacy/bin/python -m pip install --quiet --disable-pip-version-check" &&
    $pip numpy scipy && $pip --no-deps tensorflow-empirical-privacy==0.1.0 && touch .peers/tf-privacy/.made ||
    echo "could not install TensorFlow's empirical privacy: tests that compare with it will skip"
fi
[ "${2:-}" = bench ] || exit 0

# ART imports packaging, requests and multiprocess, and does not declare them.
peer art torch==2.13.0 adversarial-robustness-toolbox==1.20.1 'numpy==2.3.*' packaging requests multiprocess
peer mlserver mlserver==1.7.1
# visdom, which adv-lib imports, does not build in isolation; the tests stand in for what it draws.
if [ ! -e .peers/adv-lib/.made ]; then
  "$python" -m venv .peers/adv-lib && pip=".peers/adv-lib/bin/python -m pip install --quiet --disable-pip-version-check" &&
    $pip 'setuptools<81' wheel torch==2.13.0 scikit-learn 'numpy<2.5' && $pip --no-build-isolation visdom &&
    $pip adv-lib==0.2.8 foolbox==3.3.4 && touch .peers/adv-lib/.made ||
    echo "could not install adv-lib and Foolbox: tests that compare with them will skip"
fi
# auto-attack was never released as a package; its few files are taken as they were at the commit that is compared with.
# Without a network, copy its folder `autoattack` of that commit into .peers/auto-attack.
if [ ! -d .peers/auto-attack/autoattack ]; then
  commit=a39220048b3c9f2cca9a4d3a54604793c68eca7e
  GIT_TERMINAL_PROMPT=0 git clone --quiet --no-checkout https://github.com/fra31/auto-attack .peers/auto-attack &&
    git -C .peers/auto-attack checkout --quiet "$commit" ||
    { rm -rf .peers/auto-attack; echo "could not fetch fra31/auto-attack: what compares with it will skip"; }
fi
exit 0
