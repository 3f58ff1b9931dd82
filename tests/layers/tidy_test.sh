#!/bin/bash
# Every source of lib, analysis and apps passes the checks in .clang-tidy.
#   tests/layers/tidy_test.sh ROOT BUILD [FILE...]   # BUILD holds compile_commands.json
set -euo pipefail
root=$1 build=$(realpath "$2")
shift 2
cd "$root"
tidy=$(command -v clang-tidy-14 || command -v clang-tidy) || {
  echo "clang-tidy is missing: apt install clang-tidy"; exit 1; }
[ -s "$build/compile_commands.json" ] || {
  echo "$build/compile_commands.json is missing: configure with a preset"; exit 1; }
if [ $# = 0 ]; then
  mapfile -t files < <(find lib analysis apps -name '*.cpp' -not -path '*/node_modules/*' | sort)
else
  files=("$@")
fi
echo "$("$tidy" --version | grep -i version | head -1): ${#files[@]} files"
# The commands are GCC's: options that Clang does not know are no findings.
check() {  # OPTION...; files on standard input
  xargs -0 -r -n 1 -P "$(nproc)" "$tidy" -p "$build" --quiet \
    --extra-arg=-Wno-unknown-warning-option --extra-arg=-Wno-ignored-optimization-argument "$@" \
    2> >(grep -vE '^[0-9]+ warnings? (generated|treated as error)' >&2)
}
# The analyzer walks the unrolled loops of vector code for minutes a file: there it gets a tenth of
# its usual nodes.
budget=(--extra-arg=-Xclang --extra-arg=-analyzer-config --extra-arg=-Xclang
        --extra-arg=max-nodes=20000)
status=0
printf '%s\0' "${files[@]}" | { grep -z '^lib/norm/' || true; } | check "${budget[@]}" || status=1
printf '%s\0' "${files[@]}" | { grep -zv '^lib/norm/' || true; } | check || status=1
exit $status
