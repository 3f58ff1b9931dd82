#!/usr/bin/python3
"""Kills `crease` over and over, at random moments and on purpose in the middle of writing, starts
it again until the sweep is done, and compares the store with one that nobody disturbed.

    kill_harness.py CREASE FAULTY_WRITES [--kills 300] [--seed 1] [--only SWEEP] [--tmp DIR]

CREASE is the program, FAULTY_WRITES the library of tests/store/faulty_writes.cpp. Prints where the
kills hit. Ends with 1 and a message, and leaves the stores where they are, if anything differs: a
run missing, there twice, or with other bits; a file left behind; a store that cannot be opened.
"""
import argparse
import collections
import os
import pathlib
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time

import store_contents

HEAD = """
[sweep]
name = "{name}"
question = "What is left of it when it is killed?"
[data]
task = "spiral"
points = {points}
[train]
steps = {steps}
[record]
weights = {{ every = {weights} }}
checkpoint = {{ every = {checkpoint} }}
[grid]
"model.norm" = ["unit", "layernorm"]
"""


class Sweep:
    """A sweep file, and what it gives when nobody disturbs it."""

    def __init__(self, folder, name, grid, points=16, steps=20, weights=10,
                 checkpoint=2000, words=()):
        self.path = folder / f"{name}.toml"
        self.name, self.words = name, list(words)
        self.path.write_text(HEAD.format(name=name, points=points, steps=steps, weights=weights,
                                         checkpoint=checkpoint) + grid)


# Of the kills on purpose: the files that they look for, and how often each is chosen.
PLACES = {"sealing": (".h5.part", 4), "publishing": ("/shards/", 3),
          "catalogue": ("catalog.sqlite", 3), "claims": ("claims", 1), "small files": (".tmp", 1),
          "checkpoints": ("/checkpoints/", 6)}


class Harness:
    def __init__(self, settings):
        self.crease, self.shim = map(os.path.abspath, (settings.crease, settings.faulty_writes))
        self.random = random.Random(settings.seed)
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="crease-kills-", dir=settings.tmp))
        self.kills, self.wanted, self.where = 0, settings.kills, collections.Counter()
        self.only = settings.only
        self.log = self.folder / "calls.log"
        self.rounds = 0

    def sweeps(self):
        # More shapes than the writer keeps open: it seals all the time.
        yield Sweep(self.folder, "shapes", 'seed = { range = [0, 2] }\n'
                    '"train.steps" = { linear = [20, 69], n = 50 }\n')
        # One shape, sealed at the end; longer runs, which the kills in time hit while training.
        yield Sweep(self.folder, "few", "seed = { range = [0, 20] }\n", points=64, steps=10000)
        # Some shapes at a time, many tiny runs in each.
        yield Sweep(self.folder, "tiny", 'seed = { range = [0, 250] }\n"model.width" = [2, 3, 4]\n')
        if "--checkpoint-interval" in self.call("run", "--help").stdout:
            yield Sweep(self.folder, "long", "seed = { range = [0, 2] }\n", points=400,
                        steps=400_000, weights=1000, checkpoint=20_000,
                        words=["--checkpoint-interval", "0"])

    def call(self, *words, check=True):
        done = subprocess.run([self.crease, *map(str, words)], capture_output=True, text=True,
                              timeout=300, check=False)
        if check and done.returncode != 0:
            self.fail(f"crease {' '.join(map(str, words))}: exit {done.returncode}\n{done.stderr}")
        return done

    def fail(self, message):
        sys.exit(f"{message}\nThe stores are in {self.folder}")

    def start(self, words, **faults):
        self.log.unlink(missing_ok=True)
        environment = dict(os.environ)
        if faults:
            environment.update(LD_PRELOAD=self.shim, FAULTY_LOG=str(self.log), **faults)
        return subprocess.Popen([self.crease, *map(str, words)], env=environment,
                                stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)

    def run_words(self, sweep, store):
        return ["run", sweep.path, "--store", store, *sweep.words]

    def end(self, process, what):
        """Whether the process was killed; anything but that and success ends the harness."""
        _, messages = process.communicate(timeout=300)
        if process.returncode not in (0, -signal.SIGKILL):
            self.fail(f"{what}: exit {process.returncode}\n{messages}")
        return process.returncode != 0

    def undisturbed(self, sweep):
        store = self.folder / f"{sweep.name}-whole"
        began = time.monotonic()
        self.end(self.start(self.run_words(sweep, store)), "undisturbed run")
        sweep.seconds = time.monotonic() - began
        sweep.runs = store_contents.read(store)
        counted = self.folder / f"{sweep.name}-counted"
        self.end(self.start(self.run_words(sweep, counted), FAULTY_ROOT=str(counted)), "count")
        calls = self.log.read_text().splitlines()
        sweep.calls = {place: sum(match in line for line in calls)
                       for place, (match, _) in PLACES.items()}
        shutil.rmtree(counted)

    def kill_in_time(self, sweep, store):
        """At any moment, uniformly; one time in six with a second process beside it."""
        both = self.random.random() < 1 / 6
        processes = [self.start(self.run_words(sweep, store)) for _ in range(1 + both)]
        time.sleep(self.random.uniform(0, 1.05) * sweep.seconds)
        where = state_of(store, processes[0].pid)
        processes[0].kill()
        killed = self.end(processes[0], "killed in time")
        for other in processes[1:]:
            self.end(other, "the process beside the killed one")
        return f"{where}{', one of two' if both else ''}" if killed else None

    def kill_on_purpose(self, sweep, store):
        """Before, in the middle of or after one call that writes."""
        places = [place for place in PLACES if sweep.calls[place] > 0]
        place = self.random.choices(places, [PLACES[name][1] for name in places])[0]
        # Few calls are left once most is there; the first ones come in any case.
        number = int(sweep.calls[place] ** self.random.uniform(0, 1))
        words = self.run_words(sweep, store)
        if place == "catalogue" and (store / "shards").is_dir() and self.random.random() < .5:
            for path in store.glob("catalog.*"):
                path.unlink()
            words = ["query", store, "SELECT count(*) FROM runs"]
        process = self.start(words, FAULTY_ROOT=str(store), FAULTY_MATCH=PLACES[place][0],
                             FAULTY_AT=str(number),
                             FAULTY_DO=self.random.choice(["kill", "torn", "killed_after"]))
        if not self.end(process, f"killed at call {number} of {place}"):
            return None
        call, path = self.log.read_text().splitlines()[-1].split(" ", 1)
        return f"{place}: {call} {kind_of(pathlib.Path(path).relative_to(store))}"

    def check_open(self, sweep, store):
        if not (store / "shards").is_dir():
            return
        rows = self.call("query", store, "SELECT run_id, digest FROM runs", "--format", "csv")
        for line in rows.stdout.splitlines()[1:]:
            run, digest = line.split(",")
            if run not in sweep.runs or sweep.runs[run].digest != digest:
                self.fail(f"{store}: run {run} has digest {digest}")

    def check_whole(self, sweep, store):
        problem = store_contents.difference(sweep.runs, store_contents.read(store))
        if problem:
            self.fail(f"{store}: {problem}")
        left = [path for part in ("tmp", "checkpoints") for path in (store / part).rglob("*")]
        if left:
            self.fail(f"left behind: {', '.join(map(str, left))}")

    def round(self, sweep, kills):
        """Kills until the sweep is done or `kills` are spent; then the store must be whole."""
        store = self.folder / f"{sweep.name}-{self.rounds}"
        self.rounds += 1
        while kills > 0:
            way = self.random.choice([self.kill_in_time, self.kill_on_purpose])
            where = way(sweep, store)
            self.check_open(sweep, store)
            if where is None:
                break
            self.where[f"{sweep.name}, {where}"] += 1
            self.kills += 1
            kills -= 1
        self.call(*self.run_words(sweep, store))
        self.check_whole(sweep, store)
        shutil.rmtree(store)

    def run(self):
        sweeps = [sweep for sweep in self.sweeps() if self.only in ("", sweep.name)]
        for sweep in sweeps:
            self.undisturbed(sweep)
        while self.kills < self.wanted:
            sweep = min(sweeps, key=lambda s: sum(count for where, count in self.where.items()
                                                  if where.startswith(s.name + ",")))
            self.round(sweep, min(self.wanted - self.kills, 12))
        shutil.rmtree(self.folder)
        for where, count in sorted(self.where.items()):
            print(f"{count:5}  {where}")
        print(f"{self.kills:5}  kills survived in {self.rounds} stores")


def state_of(store, pid):
    """What a process seems to be doing, for the statistics."""
    status = list((store / "status").glob(f"*-{pid}.json"))
    if not status:
        return "start"
    if '"state": "running"' not in status[0].read_text():
        return "end: catalogue" if (store / "catalog.sqlite-journal").exists() else "end"
    if any(store.glob(f"tmp/*-{pid}-*.h5.part")):
        return "training, shards open"
    return "training"


def kind_of(path):
    return path.parent / f"*{''.join(path.suffixes[-2:])}" if path.parent.name else path


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("crease")
    parser.add_argument("faulty_writes")
    parser.add_argument("--kills", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", default="", help="one sweep: shapes, few, tiny or long")
    parser.add_argument("--tmp", help="where the stores go (default: the system's choice)")
    Harness(parser.parse_args()).run()


if __name__ == "__main__":
    main()
