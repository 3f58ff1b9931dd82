#!/bin/bash
# Builds the signature program with other compilers and flags: the signatures must be those of
# tests/train/golden_runs.h, with each of them.
#   tests/portability/compilers.sh BUILD_DIRECTORY [NAME...]   # all of them without a name
# Exit codes: 0 equal, 1 different or not built, 2 unknown name, 77 skipped.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
build=${1:?BUILD_DIRECTORY}
shift
export LC_ALL=C.UTF-8

declare -A compiler flags
add() { compiler[$1]=$2 flags[$1]=$3; }
for name in gcc:g++ clang:clang++; do
  add "${name%:*}-debug" "${name#*:}" "-O0 -g"
  add "${name%:*}-o2" "${name#*:}" "-O2"
  add "${name%:*}-release" "${name#*:}" "-O3"
  add "${name%:*}-v3" "${name#*:}" "-O3 -march=x86-64-v3"
  add "${name%:*}-native" "${name#*:}" "-O3 -march=native"
done
names=("$@")
[ ${#names[@]} != 0 ] || mapfile -t names < <(printf '%s\n' "${!compiler[@]}" | sort)

launcher=()
command -v ccache >/dev/null && launcher=(-DCMAKE_CXX_COMPILER_LAUNCHER=ccache)
tried=0 status=0
for name in "${names[@]}"; do
  [ -n "${compiler[$name]:-}" ] || { echo "unknown: $name; one of ${!compiler[*]}" >&2; exit 2; }
  if ! command -v "${compiler[$name]}" >/dev/null; then
    echo "SKIPPED: $name: ${compiler[$name]} is missing: apt-get install clang libomp-dev" >&2
    continue
  fi
  tried=$((tried + 1))
  printf '\n%s: %s %s\n' "$name" "${compiler[$name]}" "${flags[$name]}"
  mkdir -p "$build/$name"
  log=$build/$name/build.log
  if cmake -S "$root" -B "$build/$name" -G Ninja -DCREASE_SIGNATURE_ONLY=ON \
       -DCMAKE_CXX_COMPILER="${compiler[$name]}" -DCMAKE_BUILD_TYPE=None \
       -DCMAKE_CXX_FLAGS="${flags[$name]}" "${launcher[@]}" >"$log" 2>&1 &&
     cmake --build "$build/$name" --target crease_signature >>"$log" 2>&1; then
    "$build/$name/tests/portability/crease_signature" --check --threads 2 || status=1
  else
    grep -E "error|warning" "$log" | head -n 40 >&2
    status=1
  fi
done
[ $tried != 0 ] || exit 77
exit $status
