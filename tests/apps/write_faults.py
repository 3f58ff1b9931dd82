#!/usr/bin/python3
"""Lets every single call of `crease run` that writes fail, one after the other, and looks at what is
left: whether the user is told, nothing half-written has a final name, the store opens, and the same
command completes it to the bits of an undisturbed store.

    write_faults.py CREASE FAULTY_WRITES [--faults ENOSPC,EIO,EROFS,EINTR,short] [--every 1]

FAULTY_WRITES is the library of tests/store/faulty_writes.cpp. By default the faults take turns from
call to call; --all tries every fault at every call. Ends with 1 and a message at the first that is
handled badly; the stores are then left where they are.
"""
import argparse
import collections
import itertools
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

import store_contents

SWEEP = """
[sweep]
name = "faults"
question = "What if a disk is full?"
[data]
task = "spiral"
points = 16
[train]
steps = {steps}
[record]
weights = {{ every = 500 }}
checkpoint = {{ every = 2000 }}
[grid]
seed = {{ range = [0, 2] }}
{axis}
"""
FAULTS = ["ENOSPC", "EIO", "EROFS", "EINTR", "short"]


class Faults:
    def __init__(self, settings):
        self.crease, self.shim = map(os.path.abspath, (settings.crease, settings.faulty_writes))
        self.settings = settings
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="crease-faults-"))
        self.store = self.folder / "store"
        self.log = self.folder / "calls.log"
        self.told, self.harmless = collections.Counter(), collections.Counter()

    def fail(self, message):
        sys.exit(f"{message}\nThe stores are in {self.folder}")

    def run(self, sweep, **faults):
        self.log.unlink(missing_ok=True)
        environment = dict(os.environ)
        if faults:
            environment.update(LD_PRELOAD=self.shim, FAULTY_LOG=str(self.log),
                               FAULTY_ROOT=str(self.store), **faults)
        return subprocess.run([self.crease, "run", sweep, "--store", self.store, "--threads", "1",
                               "--checkpoint-interval", "0"], env=environment, timeout=60,
                              stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)

    def undisturbed(self, sweep):
        """What the store holds, and the calls that write."""
        done = self.run(sweep, FAULTY_AT="0")
        if done.returncode != 0:
            self.fail(done.stderr)
        expected = store_contents.read(self.store)
        shutil.rmtree(self.store)
        return expected, self.log.read_text().splitlines()

    def check(self, sweep, expected, number, fault, stays):
        done = self.run(sweep, FAULTY_AT=str(number), FAULTY_DO=fault, FAULTY_STAYS=stays)
        calls = self.log.read_text().splitlines()
        call = calls[number - 1] if len(calls) >= number else "none"
        where = f"{sweep.name}, call {number} ({call}), {fault}{', stays' if stays == '1' else ''}"
        if done.returncode == 0:
            self.harmless[fault] += 1
        elif done.returncode == 4:
            self.told[fault] += 1
            if str(self.store) not in done.stderr or "remedy: " not in done.stderr:
                self.fail(f"{where}: names no file or no remedy:\n{done.stderr}")
        else:
            self.fail(f"{where}: exit {done.returncode}\n{done.stderr}")
        if fault == "short" and done.returncode != 0:
            self.fail(f"{where}: a short write is to be continued\n{done.stderr}")
        self.check_left(where, expected, call.startswith("unlink") or stays == "1")
        again = self.run(sweep)
        if again.returncode != 0:
            self.fail(f"{where}: the same command again: exit {again.returncode}\n{again.stderr}")
        problem = store_contents.difference(expected, store_contents.read(self.store))
        if problem:
            self.fail(f"{where}: {problem}")
        self.check_left(where + ", after the second run", expected, False)
        shutil.rmtree(self.store)

    def check_left(self, where, expected, may_leave):
        """What has a final name is whole; what has not is gone, unless removing it failed."""
        if not (self.store / "shards").is_dir():
            return
        for run, what in store_contents.read(self.store).items():
            if expected[run].data_hash != what.data_hash:
                self.fail(f"{where}: run {run} has other data")
        left = list((self.store / "tmp").iterdir())
        if left and not may_leave:
            self.fail(f"{where}: left behind: {', '.join(map(str, left))}")
        query = subprocess.run([self.crease, "query", self.store, "SELECT count(*) FROM runs"],
                               capture_output=True, text=True)
        if query.returncode != 0:
            self.fail(f"{where}: the store does not open: {query.stderr}")

    def sweeps(self):
        yield "shapes", SWEEP.format(steps=20, axis='"train.steps" = [20, 30]')
        yield "long", SWEEP.format(steps=8000, axis="")

    def loop(self):
        for name, text in self.sweeps():
            sweep = self.folder / f"{name}.toml"
            sweep.write_text(text)
            expected, calls = self.undisturbed(sweep)
            turns = itertools.cycle(self.settings.faults)
            for number in range(1, len(calls) + 1, self.settings.every):
                chosen = self.settings.faults if self.settings.all else [next(turns)]
                for fault in chosen:
                    # What is interrupted for ever is tried for ever.
                    stays = "01"[number // 2 % 2] if fault != "EINTR" else "0"
                    self.check(sweep, expected, number, fault, stays)
        shutil.rmtree(self.folder)
        for fault in self.settings.faults:
            print(f"{fault:8} {self.told[fault]:5} told (exit 4), {self.harmless[fault]:5} harmless")
        print(f"{sum(self.told.values()) + sum(self.harmless.values())} faults injected")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("crease")
    parser.add_argument("faulty_writes")
    parser.add_argument("--faults", type=lambda text: text.split(","), default=FAULTS)
    parser.add_argument("--all", action="store_true", help="every fault at every call")
    parser.add_argument("--every", type=int, default=1, help="only every so many calls")
    Faults(parser.parse_args()).loop()


if __name__ == "__main__":
    main()
