#!/usr/bin/python3
"""Runs each benchmark on tiny cases: right answers are timed, spoilt ones are refused.

    benchmarks/smoke_test.py BUILD
"""
import json
import pathlib
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent


def call(*command):
    result = subprocess.run([str(word) for word in command], capture_output=True, text=True)
    if result.returncode != 0:
        raise SystemExit(f"{command} gave {result.returncode}:\n{result.stdout}{result.stderr}")
    return result.stdout


def cases(program, *arguments):
    """The cases that a benchmark ran, and whether it refused each."""
    out = call(program, "--benchmark_format=json", "--benchmark_min_time=0.001", *arguments)
    entries = json.loads(out)["benchmarks"]
    if not entries:
        raise SystemExit(f"{program} ran no case")
    return entries


def check(program, rate, *arguments):
    for entry in cases(program, *arguments):
        if entry.get("error_occurred"):
            raise SystemExit(f"{entry['name']}: {entry['error_message']}")
        if not entry[rate] > 0 or not 0 <= entry["error"] < 2e-4:
            raise SystemExit(f"{entry['name']}: {rate} {entry[rate]}, error {entry['error']}")
    for entry in cases(program, *arguments, "--spoil_answers"):
        if entry["name"].startswith("crease/") and not entry.get("error_occurred"):
            raise SystemExit(f"{entry['name']} was timed though its answer was spoilt")


def main():
    build = pathlib.Path(sys.argv[1]) / "benchmarks"
    limits = json.loads(call(build / "limits" / "bench_limits", "--quick", "--json"))["limits"]
    if not all(entry.get("gflops", entry.get("gb_per_s", 0)) > 0 for entry in limits):
        raise SystemExit(f"limits that are none: {limits}")
    check(build / "step" / "bench_step", "GFLOP/s", "--shape=3,2,7", "--shape=5,1,33",
          "--benchmark_filter=(unit|layernorm)/adam")
    check(build / "norm" / "bench_norm", "GB/s", "--widths=3,64", "--benchmark_filter=in/1$")
    call(HERE / "overhead" / "measure.py", "--build", sys.argv[1], "--runs", 4, "--rounds", 1,
         "--seeds", 1, "--steps", 50)
    call(HERE / "store" / "measure.py", "--build", sys.argv[1], "--runs", 400, "--rounds", 1,
         "--quick")
    print("Every benchmark times right answers and refuses spoilt ones.")


if __name__ == "__main__":
    main()
