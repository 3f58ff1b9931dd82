#!/bin/bash
# Installs the libraries that the benchmarks compare Crease with, as root or with sudo. They are
# large (libtorch: over a gigabyte) and optional: what is missing is left out of the tables.
#   benchmarks/install-peers.sh    # then configure again: cmake --preset release
set -euo pipefail
packages=(libdnnl-dev libtorch-dev libopenblas-dev python3-torch)
as_root=()
[ "$(id -u)" = 0 ] || as_root=(sudo)
"${as_root[@]}" apt-get update -qq
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install --yes -qq \
  --no-install-recommends "${packages[@]}" </dev/null
