#!/usr/bin/python3
"""Measures what a run costs beyond its steps, and what recording costs.

    benchmarks/overhead/measure.py [--build build] [--runs 10000] [--rounds 5] [--json FILE]

1. Scheduling: many runs of 100 steps, width 3, 16 points, through `crease run` into a fresh store
   (one thread and two), beside the same runs in one process without scheduler and store: the bare
   steps (forward, loss, backward, update), and the trainer. Processor time of the whole process,
   children and start included, over the runs; wall time where it says so.
2. Recording: the cells of sweeps/spiral.toml, with default recording and with none, in turns.
3. Threads: the same sweep on one and on two. Wants an idle machine.

Medians of the rounds; ratios are medians of each round's ratio. Prints Markdown.
"""
import argparse
import json
import pathlib
import resource
import shutil
import statistics
import subprocess
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
STEPS = 100
TINY = f"""[sweep]
name = "tiny"
question = "What does a run cost beyond its steps?"
[data]
task = "spiral"
points = 16
[model]
width = 3
depth = 2
[train]
steps = {STEPS}
"""
# The loss curve is always kept, at least its first step.
NOTHING = ["--set", "record.scalars={every=1000000}"]
for key in ("weights", "activations", "test", "bursts", "checkpoint"):
    NOTHING += ["--set", f"record.{key}=off"]


def seeds(count):
    return ["--set", f"seed={{range=[0,{count}]}}"]


def children_seconds():
    """Processor time of the processes that ended so far."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


class Crease:
    """Calls `crease run` into fresh stores under one temporary folder."""

    def __init__(self, program, folder):
        self.program, self.folder = program, folder

    def run(self, sweep, threads, arguments):
        """{cpu, wall, bytes} in seconds and bytes of one whole call."""
        store = tempfile.mkdtemp(dir=self.folder)
        command = [self.program, "run", str(sweep), "--store", store, "--threads", str(threads),
                   "--json", *arguments]
        start, before = time.perf_counter(), children_seconds()
        result = subprocess.run(command, capture_output=True, text=True)
        cpu, wall = children_seconds() - before, time.perf_counter() - start
        shutil.rmtree(store)
        if result.returncode != 0:
            raise SystemExit(f"{' '.join(command)} failed:\n{result.stderr}")
        answer = json.loads(result.stdout)
        if answer["runs_trained"] != answer["runs_planned"]:
            raise SystemExit("some runs were not trained")
        return {"cpu": cpu, "wall": wall, "bytes": answer["bytes_written"]}


def median(rounds, key):
    return statistics.median(entry[key] for entry in rounds)


def schedule(crease, in_process, runs, rounds, folder):
    """Microseconds a run of each way, medians over the rounds."""
    sweep = pathlib.Path(folder) / "tiny.toml"
    sweep.write_text(TINY)
    entries = []
    for _ in range(rounds):
        alone = json.loads(subprocess.run([in_process, str(sweep), *seeds(runs)], check=True,
                                          capture_output=True, text=True).stdout)
        off = crease.run(sweep, 1, seeds(runs) + NOTHING)
        on = crease.run(sweep, 1, seeds(runs))
        two = crease.run(sweep, 2, seeds(runs))
        seconds = {
            "steps": alone["steps_seconds"], "trained": alone["trained_seconds"],
            "recorded": alone["recorded_seconds"], "run_off": off["cpu"], "run": on["cpu"],
            "run_wall": on["wall"], "run_2_wall": two["wall"], "run_2": two["cpu"],
        }
        entry = {key: value / runs * 1e6 for key, value in seconds.items()}
        entry["beyond_steps_off"] = entry["run_off"] - entry["steps"]
        entry["beyond_steps"] = entry["run"] - entry["steps"]
        entry["beyond_trainer_off"] = entry["run_off"] - entry["trained"]
        entry["beyond_trainer"] = entry["run"] - entry["recorded"]
        entry["two_threads"] = entry["run_wall"] / entry["run_2_wall"]
        entries.append(entry)
    result = {key: median(entries, key) for key in entries[0]}
    result["instruction_set"] = alone["instruction_set"]
    return result


def spiral(runs, steps):
    """The spiral sweep and its arguments for so many seeds a cell; steps 0: its own."""
    return (ROOT / "sweeps" / "spiral.toml",
            seeds(runs) + (["--set", f"train.steps={steps}"] if steps else []))


def record(crease, runs, steps, rounds):
    """Processor seconds of the spiral sweep with default recording over those without."""
    sweep, arguments = spiral(runs, steps)
    entries = []
    for turn in range(rounds):
        order = [("off", NOTHING), ("on", [])]
        taken = {name: crease.run(sweep, 1, arguments + more)
                 for name, more in (order if turn % 2 == 0 else order[::-1])}
        entries.append({
            "off_cpu": taken["off"]["cpu"], "on_cpu": taken["on"]["cpu"],
            "off_wall": taken["off"]["wall"], "on_wall": taken["on"]["wall"],
            "cpu_ratio": taken["on"]["cpu"] / taken["off"]["cpu"],
            "wall_ratio": taken["on"]["wall"] / taken["off"]["wall"],
            "mebibytes": taken["on"]["bytes"] / 2**20,
        })
    return {key: median(entries, key) for key in entries[0]}


def scale(crease, runs, steps, rounds):
    """Wall seconds of the spiral sweep on one thread over those on two."""
    sweep, arguments = spiral(runs, steps)
    entries = []
    for turn in range(rounds):
        order = (1, 2) if turn % 2 == 0 else (2, 1)
        wall = {threads: crease.run(sweep, threads, arguments)["wall"] for threads in order}
        entries.append({"one": wall[1], "two": wall[2], "ratio": wall[1] / wall[2]})
    return {key: median(entries, key) for key in entries[0]}


def scale_text(result, runs):
    """Markdown lines."""
    return [f"sweeps/spiral.toml, {runs} seeds a cell, default recording, wall time: "
            f"{result['one']:.2f} s on one thread, {result['two']:.2f} s on two "
            f"(**{result['ratio']:.2f}** times the runs/s)."]


def schedule_text(result, runs):
    """Markdown lines."""
    lines = [f"{runs:,} runs of {STEPS} steps, width 3, depth 2, 16 points; "
             f"{result['instruction_set']}; microseconds of processor time a run", "",
             "| what | us a run |", "|---|---|"]
    for key, name in [
            ("steps", "bare steps: forward, loss, backward, update"),
            ("trained", "the trainer, nothing recorded: + initial weights, norms, digest, final "
                        "evaluation, transitions"),
            ("recorded", "the trainer, default recording"),
            ("run_off", "`crease run`, nothing recorded, one thread"),
            ("run", "`crease run`, default recording, one thread"),
            ("run_2", "`crease run`, default recording, two threads"),
            ("beyond_trainer_off", "**scheduling and store beyond the trainer**, nothing recorded"),
            ("beyond_trainer", "**scheduling and store beyond the trainer**, default recording"),
            ("beyond_steps_off", "**all beyond the bare steps**, nothing recorded"),
            ("beyond_steps", "**all beyond the bare steps**, default recording")]:
        lines.append(f"| {name} | {result[key]:.1f} |")
    return lines + ["", f"Wall time a run: {result['run_wall']:.1f} us on one thread, "
                    f"{result['run_2_wall']:.1f} us on two ({result['two_threads']:.2f} times the "
                    "runs/s)."]


def record_text(result, runs, steps):
    """Markdown lines."""
    lines = [f"sweeps/spiral.toml, {runs} seeds a cell, {steps or 20000} steps, one thread", "",
             "| | nothing recorded | default | ratio |", "|---|---|---|---|"]
    for key, name in [("cpu", "processor time"), ("wall", "wall time")]:
        lines.append(f"| {name}, s | {result['off_' + key]:.2f} | {result['on_' + key]:.2f} "
                     f"| **{result[key + '_ratio']:.3f}** |")
    return lines + ["", f"The store of the default: {result['mebibytes']:.1f} MiB."]


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--build", default=str(ROOT / "build"))
    parser.add_argument("--runs", type=int, default=10000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seeds", type=int, default=8, help="of the spiral sweep, a cell")
    parser.add_argument("--steps", type=int, default=0, help="of the spiral sweep; 0: its own")
    parser.add_argument("--folder", help="where the stores go (default: the system's temporary)")
    parser.add_argument("--json", help="also write the figures to this file")
    arguments = parser.parse_args()
    build = pathlib.Path(arguments.build)
    with tempfile.TemporaryDirectory(dir=arguments.folder) as folder:
        crease = Crease(str(build / "apps" / "crease"), folder)
        in_process = str(build / "benchmarks" / "overhead" / "train_in_process")
        scheduling = schedule(crease, in_process, arguments.runs, arguments.rounds, folder)
        print("\n".join(schedule_text(scheduling, arguments.runs)), flush=True)
        recording = record(crease, arguments.seeds, arguments.steps, arguments.rounds)
        print("\n" + "\n".join(record_text(recording, arguments.seeds, arguments.steps)), flush=True)
        scaling = scale(crease, arguments.seeds, arguments.steps, arguments.rounds)
        print("\n" + "\n".join(scale_text(scaling, arguments.seeds)))
    if arguments.json:
        pathlib.Path(arguments.json).write_text(
            json.dumps({"scheduling": scheduling, "recording": recording, "scaling": scaling},
                       indent=1) + "\n")


if __name__ == "__main__":
    main()
