#!/usr/bin/env bash
# Installs the system packages that some tests and examples need (Chromium, a Java runtime, strace, age, Redis, setpriv, systemd-analyze,
# Fashion-MNIST)
# when that is possible without asking.
# Without them those tests skip and say so.
set -u
wanted=()
command -v chromium >/dev/null 2>&1 || command -v chromium-browser >/dev/null 2>&1 || wanted+=(chromium)
command -v java >/dev/null 2>&1 || wanted+=(openjdk-17-jre-headless)
command -v strace >/dev/null 2>&1 || wanted+=(strace)
command -v age >/dev/null 2>&1 || wanted+=(age)
command -v valkey-server >/dev/null 2>&1 || command -v redis-server >/dev/null 2>&1 || wanted+=(redis-server)
command -v setpriv >/dev/null 2>&1 || wanted+=(util-linux)
command -v systemd-analyze >/dev/null 2>&1 || wanted+=(systemd)
[ -d /usr/share/datasets/fashion-mnist ] || wanted+=(dataset-fashion-mnist)
[ ${#wanted[@]} -eq 0 ] && exit 0
command -v apt-get >/dev/null 2>&1 || { echo "no apt-get: tests that need ${wanted[*]} will skip"; exit 0; }
if [ "$(id -u)" -eq 0 ]; then
  do_it=()
elif sudo -n true 2>/dev/null; then
  do_it=(sudo -n)
else
  echo "not root and no sudo without a password: tests that need ${wanted[*]} will skip"
  exit 0
fi
export DEBIAN_FRONTEND=noninteractive
"${do_it[@]}" apt-get update -qq >/dev/null 2>&1
"${do_it[@]}" apt-get install -y -qq --no-install-recommends "${wanted[@]}" >/dev/null 2>&1 ||
  echo "could not install ${wanted[*]}: tests that need them will skip"
exit 0
