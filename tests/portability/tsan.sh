#!/bin/bash
# Builds the tests of what runs on several threads with Clang's ThreadSanitizer, and runs them: no
# data race. GCC's OpenMP library does not tell the sanitizer what its barriers order, which makes
# every parallel loop look like a race; LLVM's does, by the tool Archer.
#   tests/portability/tsan.sh BUILD_DIRECTORY [--all]   # --all: the whole suite, but labels cross
#                                                       # and peers, tidy_test and header checks
# Exit codes: 0 clean, 1 a race, a failure or not built, 77 skipped (says what is missing).
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
build=${1:?BUILD_DIRECTORY}
export LC_ALL=C.UTF-8
threaded=(core_test sweep_runner_test store_writer_test store_faults_test)

skip() {
  echo "SKIPPED: $*" >&2
  exit 77
}
command -v clang++-14 >/dev/null || skip "clang++-14 is missing: apt-get install clang-14"
libraries=$(dirname "$(readlink -f "$(command -v clang++-14)")")/../lib
for library in libomp.so libarcher.so; do
  [ -e "$libraries/$library" ] || skip "$library is missing: apt-get install libomp-14-dev"
done

launcher=()
command -v ccache >/dev/null && launcher=(-DCMAKE_CXX_COMPILER_LAUNCHER=ccache)
targets=("${threaded[@]}" norm_test)
[ "${2:-}" != --all ] || targets=(all)
mkdir -p "$build"
log=$build/build.log
# Races are what counts here: what Clang alone warns of is no error. Without libtorch, whose headers
# it does not take as C++20.
cmake -S "$root" -B "$build" -G Ninja -DCMAKE_BUILD_TYPE=RelWithDebInfo -DCREASE_SANITIZE=thread \
  -DCREASE_WERROR=OFF -DCREASE_C10=OFF -DCMAKE_C_COMPILER=clang-14 -DCMAKE_CXX_COMPILER=clang++-14 \
  "${launcher[@]}" >"$log" 2>&1 && cmake --build "$build" --target "${targets[@]}" >>"$log" 2>&1 ||
  { grep -E "error|FAILED" "$log" | head -n 40 >&2; exit 1; }

# What libraries without instrumentation do to each other is not ours; what they do to our memory
# is seen all the same.
export TSAN_OPTIONS="ignore_noninstrumented_modules=1:halt_on_error=1 ${TSAN_OPTIONS:-}"
# Without the tool every parallel loop would be reported.
norm=("$build/tests/norm/norm_test" --gtest_brief=1 '--gtest_filter=*Threads*')
ARCHER_OPTIONS=verbose=1 "${norm[@]}" 2>&1 | tee "$build/norm.log"
grep -q "Archer detected" "$build/norm.log" || {
  echo "Archer was not loaded from $libraries" >&2
  exit 1
}
select=(-R "^($(IFS='|'; echo "${threaded[*]}"))$")
if [ "${2:-}" = --all ]; then
  select=(-LE 'cross|peers' -E '^(tidy_test|headers_compile_alone|benchmarks_smoke_test)$')
fi
ctest --test-dir "$build" "${select[@]}" --output-on-failure --no-tests=error
