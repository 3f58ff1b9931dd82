#!/bin/bash
# On emulated x86-64 processors without fused multiply-add, or without AVX2, the signatures must be
# those of tests/train/golden_runs.h (by the scalar kernels), and the program must start.
#   tests/portability/no_fma.sh CREASE_SIGNATURE CREASE [CPU...]
# The tiny runs alone: by fma in software, and emulated, the smoke sweep takes three minutes.
# Exit codes: 0 equal, 1 different, 77 skipped.
set -euo pipefail
signature=${1:?CREASE_SIGNATURE} crease=${2:?CREASE}
shift 2
[ $# != 0 ] || set -- Nehalem SandyBridge
if ! command -v qemu-x86_64 >/dev/null; then
  echo "SKIPPED: qemu-x86_64 is missing: apt-get install qemu-user" >&2
  exit 77
fi
for cpu in "$@"; do
  echo "$cpu:"
  qemu-x86_64 -cpu "$cpu" "$signature" --check --tiny --threads 1 2> >(grep -v "warning: TCG" >&2)
done
qemu-x86_64 -cpu Nehalem "$crease" --version 2> >(grep -v "warning: TCG" >&2)
