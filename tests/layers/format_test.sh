#!/bin/bash
# Every C++ file is formatted as .clang-format says (clang-format 14, as in Debian 12).
#   tests/layers/format_test.sh ROOT
set -euo pipefail
cd "$1"
formatter=$(command -v clang-format-14 || command -v clang-format) || {
  echo "clang-format is missing: apt install clang-format"; exit 1; }
mapfile -t files < <(find lib analysis apps benchmarks tests \( -name '*.h' -o -name '*.cpp' \) \
  -not -path '*/node_modules/*' | sort)
echo "$("$formatter" --version): ${#files[@]} files"
printf '%s\0' "${files[@]}" | xargs -0 -n 16 -P "$(nproc)" "$formatter" --dry-run -Werror || {
  echo "To repair: $formatter -i FILE"; exit 1; }
