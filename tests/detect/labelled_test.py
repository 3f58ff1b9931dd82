#!/usr/bin/python3
"""Transitions found in trained curves against those that people see in their plots.

    labelled_test.py CREASE SOURCE_DIRECTORY

labelled_curves.csv holds, for 105 runs of sweeps/spiral.toml and sweeps/octants.toml with seeds of
their own, the steps at which one of us saw a drop in plots of the loss (log loss over steps, linear
and logarithmic) before any detector had seen the runs: `clear` ones, and `debatable` ones of some
.2 nats, in the first descent, or coming back from a high bump. Edge-of-stability oscillation, late
spikes and their recoveries are in most of these runs and are labelled as nothing.
"""
import collections
import csv
import json
import pathlib
import subprocess
import sys
import tempfile
import unittest

CREASE, SOURCE = sys.argv[1], pathlib.Path(sys.argv[2])
SEEDS = {"spiral": (200, 214), "octants": (200, 207)}


def matches(transition, step):
    """A label was read off a plot, to a tenth at best."""
    return (0.9 * transition["onset_step"] <= step <= 1.1 * transition["end_step"]
            or abs(transition["midpoint_step"] / step - 1) < 0.2)


def labels():
    with open(SOURCE / "tests" / "detect" / "labelled_curves.csv", newline="") as file:
        rows = [row for row in csv.DictReader(line for line in file if not line.startswith("#"))]
    return {(row["task"], row["norm"], int(row["width"]), int(row["depth"]), int(row["seed"])):
            {kind: [float(step) for step in row[kind].split()] for kind in ("clear", "debatable")}
            for row in rows}


def found(store, task):
    """Transitions by run, of runs trained into `store`."""
    low, high = SEEDS[task]
    subprocess.run([CREASE, "run", SOURCE / "sweeps" / f"{task}.toml", "--store", store, "--set",
                    f"seed={{ range = [{low}, {high}] }}", "--set", 'record.weights="off"',
                    "--set", 'record.activations="off"', "--set", 'record.bursts="off"'],
                   check=True, capture_output=True)
    runs = json.loads(subprocess.run(
        [CREASE, "query", store, "SELECT run_id, norm, width, depth, seed FROM runs", "--format",
         "json"], check=True, capture_output=True, text=True).stdout)
    transitions = json.loads(subprocess.run([CREASE, "transitions", store, "--json"], check=True,
                                            capture_output=True, text=True).stdout)
    by_run = collections.defaultdict(list)
    for transition in transitions["transitions"]:
        by_run[transition["run_id"]].append(transition)
    return {(task, run["norm"], run["width"], run["depth"], run["seed"]): by_run[run["run_id"]]
            for run in runs}


class Labelled(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.labels = labels()
        cls.found = {}
        for task in SEEDS:
            with tempfile.TemporaryDirectory() as folder:
                cls.found.update(found(folder + "/store", task))

    def test_every_labelled_run_was_trained(self):
        self.assertGreaterEqual(len(self.labels), 100)
        self.assertFalse(set(self.labels) - set(self.found))

    def test_clear_drops_are_found(self):
        missed = [(run, step) for run, seen in self.labels.items() for step in seen["clear"]
                  if not any(matches(t, step) for t in self.found[run])]
        clear = sum(len(seen["clear"]) for seen in self.labels.values())
        print(f"{clear - len(missed)} of {clear} clear drops found; missed: {missed}")
        self.assertLessEqual(len(missed), 0.05 * clear, missed)

    def test_nothing_is_found_that_nobody_sees(self):
        unseen = [(run, t["onset_step"], t["end_step"], t["drop_nats"])
                  for run, seen in self.labels.items() for t in self.found[run]
                  if not any(matches(t, step) for step in seen["clear"] + seen["debatable"])]
        total = sum(len(self.found[run]) for run in self.labels)
        print(f"{len(unseen)} of {total} transitions found that were not seen: {unseen}")
        self.assertLessEqual(len(unseen), 0.1 * total, unseen)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=2)
