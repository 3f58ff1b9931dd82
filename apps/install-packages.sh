#!/bin/bash
# Installs the Debian 12 packages that Crease needs and this machine lacks, as root or with sudo.
#   apps/install-packages.sh build    # what configuring and building needs
#   apps/install-packages.sh tests    # that, and what the whole test suite needs
# Does nothing, in a fraction of a second, where all of them are there. Exit codes: 0 done,
# 2 wrong argument, 4 the packages could not be installed.
set -euo pipefail

# Tests and benchmarks are configured together with the program, hence their libraries here.
build_packages=(
  git g++ cmake ninja-build pkg-config
  libhdf5-dev libdeflate-dev libsqlite3-dev libxxhash-dev
  libhwy-dev libeigen3-dev librandom123-dev
  libtomlplusplus-dev nlohmann-json3-dev libboost-program-options-dev
  libgtest-dev libgmock-dev librapidcheck-dev libbenchmark-dev python3
)
test_packages=(
  clang clang-format clang-tidy libomp-dev libmpfr-dev
  g++-aarch64-linux-gnu qemu-user
  hdf5-tools netcdf-bin
  python3-numpy python3-h5py python3-xarray python3-h5netcdf python3-torch
  python3-pandas python3-netcdf4 python3-tables python3-matplotlib
  python3-sklearn dataset-fashion-mnist libonnx-testdata
  ca-certificates
)
# An npm that came with another Node.js serves as well, and conflicts with Debian's package.
command -v npm >/dev/null || test_packages+=(npm)

case "${1:-}" in
  build) wanted=("${build_packages[@]}") ;;
  tests) wanted=("${build_packages[@]}" "${test_packages[@]}") ;;
  *) sed -n '2,6s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
esac

if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
  echo "This is no Debian system: install what these packages hold by other means, if need be:" >&2
  echo "  ${wanted[*]}" >&2
  exit 0
fi

installed=" $(dpkg-query -W -f='${db:Status-Status} ${Package} ' "${wanted[@]}" 2>/dev/null || true)"
missing=()
for package in "${wanted[@]}"; do
  [[ "$installed" == *" installed $package "* ]] || missing+=("$package")
done
if [ ${#missing[@]} = 0 ]; then
  echo "All ${#wanted[@]} Debian packages are there."
  exit 0
fi

as_root=()
if [ "$(id -u)" != 0 ]; then
  if ! command -v sudo >/dev/null; then
    echo "Packages are missing, and this user is neither root nor has sudo. As root, run:" >&2
    echo "  apt-get install --no-install-recommends ${missing[*]}" >&2
    exit 4
  fi
  as_root=(sudo)
fi

# sudo drops the environment; what names a proxy must get through.
mapfile -t proxies < <(env | grep -iE '^(https?|ftp|no)_proxy=' || true)
apt() {
  "${as_root[@]}" env "${proxies[@]}" DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8 \
    apt-get -qq -o Dpkg::Use-Pty=0 -o Acquire::Retries=3 "$@" </dev/null
}
echo "Installing ${#missing[@]} Debian packages: ${missing[*]}"
log=$(mktemp)
trap 'rm -f "$log"' EXIT
if ! { apt update && apt install --yes --no-install-recommends "${missing[@]}"; } >"$log" 2>&1; then
  tail -n 20 "$log" >&2
  echo "apt-get failed: see above. Check the network and /etc/apt, then run this again." >&2
  exit 4
fi
echo "Installed."
