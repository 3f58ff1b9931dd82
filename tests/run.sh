#!/bin/bash
# Runs the whole test suite: installs what is missing, configures, builds, and calls CTest.
#   tests/run.sh                 # everything
#   tests/run.sh --fast          # the tests labelled fast only
#   tests/run.sh -R store -V     # further arguments go to ctest
# Needs Debian 12, as root or with sudo. Exits with CTest's status.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
export LC_ALL=C.UTF-8
[ "${1:-}" != --help ] || { sed -n '2,6s/^# \{0,1\}//p' tests/run.sh; exit 0; }
select=()
if [ "${1:-}" = --fast ]; then
  select=(-L '^fast$')
  shift
fi

step() { printf '\n[%4d s] %s\n' $SECONDS "$*"; }

step "1/4 Packages"
apps/install-packages.sh tests

step "2/4 MNIST"
# Tests that need it say that they were skipped where it could not be fetched.
apps/get-mnist.sh </dev/null || echo "MNIST could not be fetched; its tests will be skipped." >&2

step "3/4 Build into build/"
mkdir -p build
if ! cmake --preset release >build/configure.log 2>&1; then
  cat build/configure.log >&2
  exit 1
fi
cmake --build --preset release -j "$(nproc)"

step "4/4 Tests"
status=0
ctest --test-dir build --output-on-failure --no-tests=error -j "$(nproc)" \
  "${select[@]}" "$@" || status=$?
step "Finished with status $status"
exit $status
