#!/bin/bash
# From a fresh clone to the first result: installs what is missing, builds Crease, trains 16 seeds
# of every cell of the spiral sweep and prints the transitions found. Needs Debian 12, as root or
# with sudo. Run it again at any time: what is done already is not done twice.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
if [ $# != 0 ]; then
  sed -n '2,4s/^# \{0,1\}//p' apps/quickstart.sh >&2
  [ "$*" = --help ] && exit 0 || exit 2
fi
export LC_ALL=C.UTF-8
crease=build/apps/crease store=out/spiral

step() { printf '\n[%3d s] %s\n' $SECONDS "$*"; }

step "1/3 Packages"
apps/install-packages.sh build

step "2/3 Build into build/"
mkdir -p build
if ! cmake --preset release >build/configure.log 2>&1; then
  cat build/configure.log >&2
  exit 1
fi
cmake --build --preset release --target crease -j "$(nproc)"

step "3/3 Train: sweeps/spiral.toml, seeds 0 to 15 of every cell, into $store"
"$crease" run sweeps/spiral.toml --store "$store" --set 'seed={range=[0,16]}'

step "Done. Every loss, norm and weight matrix lies in $store."
cat <<END
Ask it in SQL:
  $crease query $store "SELECT norm, width, count(*) AS runs, avg(best_accuracy >= 0.95) AS reached FROM runs GROUP BY norm, width"
  $crease transitions $store
Open it in Python (apt install python3-xarray python3-h5netcdf python3-matplotlib):
  import glob, xarray
  xarray.open_dataset(glob.glob("$store/shards/*.h5")[0], engine="h5netcdf").loss.plot.line(x="step", yscale="log")
Train all 64 seeds (what is there is kept):
  $crease run sweeps/spiral.toml --store $store
END
