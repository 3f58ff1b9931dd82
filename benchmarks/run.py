#!/usr/bin/python3
"""Runs the benchmarks side by side with the peers that are installed, and prints the tables.

    benchmarks/run.py [limits] [step] [norm] [overhead] [store] [transitions] [--quick]
                      [--rounds 5] [--out DIR] [--build build] [--instruction_set AVX2]

Without names: all of them. The table goes to stdout as Markdown; with --out, also to
DIR/<machine>.md and .json. Peers take turns in each round; figures are medians of the rounds.
"""
import argparse
import json
import os
import pathlib
import re
import sys
import tempfile

os.environ["OPENBLAS_NUM_THREADS"] = "1"
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import harness
import norm_table
import overhead.measure as overhead
import step_table
import store.measure as stores
import transitions.table as transitions


def limits(settings, tell):
    tell("limits")
    answer = harness.call(settings, "limits/bench_limits", "--json",
                          *(["--quick"] if settings.quick else []), threads=2)
    rows = [[entry["limit"] + (f", {entry['level']} ({entry['bytes'] >> 10} KiB)"
                               if "level" in entry else ""), entry["threads"],
             entry.get("gflops"), entry.get("gb_per_s")] for entry in answer["limits"]]
    return (["## Limits", "", f"Instruction set {answer['instruction_set']}.", "",
             *harness.table(["limit", "threads", "GFLOP/s", "GB/s"], rows)], answer)


def costs(settings, tell):
    tell("overhead")
    runs, rounds = (50, 1) if settings.quick else (10000, settings.rounds)
    in_process = settings.program("overhead/train_in_process")
    with tempfile.TemporaryDirectory() as folder:
        crease = overhead.Crease(str(settings.build / "apps" / "crease"), folder)
        scheduling = overhead.schedule(crease, in_process, runs, rounds, folder)
        runs_a_cell, steps = (2, 50) if settings.quick else (8, 0)
        recording = overhead.record(crease, runs_a_cell, steps, rounds)
        scaling = overhead.scale(crease, runs_a_cell, steps, rounds)
    text = ["## Scheduling and recording", "", *overhead.schedule_text(scheduling, runs), "",
            *overhead.record_text(recording, runs_a_cell, steps), "",
            *overhead.scale_text(scaling, runs_a_cell)]
    return text, {"scheduling": scheduling, "recording": recording, "scaling": scaling}


def store(settings, tell):
    runs, rounds = (1000, 1) if settings.quick else (100000, settings.rounds)
    text, results = stores.measure(settings.build, runs, rounds, None, settings.quick, tell)
    return ["## The store", "", *text], results


TABLES = {"limits": limits, "step": step_table.run, "norm": norm_table.run, "overhead": costs,
          "store": store, "transitions": transitions.run}


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("tables", nargs="*", metavar="|".join(TABLES))
    parser.add_argument("--build", default=str(harness.ROOT / "build"))
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--quick", action="store_true", help="a few cases, not for quoting")
    parser.add_argument("--out", help="also write Markdown and JSON to this folder")
    parser.add_argument("--instruction_set", default="", help="force one, as AVX2")
    arguments = parser.parse_args()
    if unknown := set(arguments.tables) - set(TABLES):
        parser.error(f"no such table: {', '.join(sorted(unknown))}")
    settings = harness.Settings(arguments.build, 1 if arguments.quick else arguments.rounds,
                                arguments.quick, arguments.instruction_set)
    about = harness.machine()
    about["rounds"], about["instruction_set"] = settings.rounds, settings.instruction_set or "best"
    text = [f"Measured {about['date']} at {about['commit']} on {about['processors']} processors of "
            f"{about['cpu']}, instruction set {about['instruction_set']}, load {about['load']} "
            f"before; medians of {settings.rounds} rounds; peers: {', '.join(about['peers'])}."]
    results = {"machine": about}
    for name in arguments.tables or TABLES:
        lines, results[name] = TABLES[name](
            settings, lambda line: print(line, file=sys.stderr, flush=True))
        text += ["", *lines]
    print("\n".join(text))
    if arguments.out:
        folder = pathlib.Path(arguments.out)
        folder.mkdir(parents=True, exist_ok=True)
        stem = re.sub(r"\W+", "-", f"{about['cpu']} {about['instruction_set']} {about['date']}")
        (folder / f"{stem}.md").write_text("\n".join(text) + "\n", encoding="utf-8")
        (folder / f"{stem}.json").write_text(json.dumps(results, indent=1) + "\n",
                                             encoding="utf-8")


if __name__ == "__main__":
    main()
