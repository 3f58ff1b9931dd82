#!/bin/bash
# Builds the signature program for arm64 and runs it under qemu: its signatures must be those of
# tests/train/golden_runs.h.
#   tests/portability/arm64.sh BUILD_DIRECTORY
# Exit codes: 0 equal, 1 different or not built, 77 skipped (the message says what is missing).
set -euo pipefail
folder=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$folder/../.." && pwd)
build=${1:?BUILD_DIRECTORY}
export LC_ALL=C.UTF-8

skip() {
  echo "SKIPPED: $*" >&2
  exit 77
}
for tool in aarch64-linux-gnu-g++ qemu-aarch64; do
  command -v "$tool" >/dev/null ||
    skip "$tool is missing: apt-get install g++-aarch64-linux-gnu qemu-user"
done
command -v apt-get >/dev/null || skip "arm64 libraries are fetched by apt-get, which is missing"

# The libraries come from Debian's arm64 packages, unpacked beside the build: apt's own state and
# the machine's architectures stay as they are, and no privileges are needed.
mkdir -p "$build"
build=$(cd "$build" && pwd)
packages=(libhwy1 libhwy-dev libxxhash-dev libxxhash0 libdeflate-dev libdeflate0
          libtomlplusplus-dev libtomlplusplus3 libeigen3-dev)
fetch() {
  local state=$build/apt
  rm -rf "$state" "$build/sysroot"
  mkdir -p "$state"/{lists/partial,cache/archives/partial} "$build/sysroot"
  : >"$state/status"
  local apt=(apt-get -qq -o APT::Architecture=arm64 -o APT::Architectures=arm64
             -o Acquire::Retries=3 -o "Dir::State=$state" -o "Dir::State::Lists=$state/lists"
             -o "Dir::State::status=$state/status" -o "Dir::Cache=$state/cache"
             -o APT::Sandbox::User=root -o Dir::Etc::SourceParts=/etc/apt/sources.list.d)
  "${apt[@]}" update || true  # a source without arm64 is no obstacle
  (cd "$state" && "${apt[@]}" download "${packages[@]}") || return 1
  for package in "$state"/*.deb; do dpkg-deb -x "$package" "$build/sysroot"; done
  rm -rf "$state"
  touch "$build/sysroot/complete"
}
if [ ! -e "$build/sysroot/complete" ]; then
  fetch >"$build/fetch.log" 2>&1 || {
    tail -n 5 "$build/fetch.log" >&2
    skip "Debian's arm64 packages could not be fetched"
  }
fi

launcher=()
command -v ccache >/dev/null && launcher=(-DCMAKE_CXX_COMPILER_LAUNCHER=ccache)
# Bits are what counts here: what GCC suspects on this processor alone is no error.
cmake -S "$root" -B "$build" -G Ninja -DCMAKE_BUILD_TYPE=Release -DCREASE_SIGNATURE_ONLY=ON \
  -DCREASE_WERROR=OFF \
  -DCMAKE_TOOLCHAIN_FILE="$folder/arm64.cmake" -DSYSROOT="$build/sysroot" "${launcher[@]}" \
  >"$build/build.log" 2>&1 && cmake --build "$build" --target crease_signature \
  >>"$build/build.log" 2>&1 || { tail -n 40 "$build/build.log" >&2; exit 1; }

program=$build/tests/portability/crease_signature
file "$program" 2>/dev/null | cut -d: -f2 | cut -d, -f1-2 || true
# Threads and targets are checked natively, too; emulated, two numbers will do.
qemu-aarch64 -L /usr/aarch64-linux-gnu "$program" --check --threads 1 --threads 2
