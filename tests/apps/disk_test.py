"""Disks that fill up, directories that turn read-only under way, clocks that jump.

disk_test.py CREASE JUMPING_CLOCK: the library of tests/store/jumping_clock.cpp
"""
import os
import pathlib
import shutil
import subprocess
import sys
import time
import unittest

import cli
import store_contents

CLOCK = os.path.abspath(sys.argv.pop(2))
YEAR = 365 * 86400
# More shapes than the writer keeps open: it seals shards all the time.
SHAPES = ("--set", "train.steps={linear=[20, 79], n=60}", "--threads", "1")


class DiskCase(cli.CliTest):
    def undisturbed(self, sweep, *words):
        self.run_sweep(sweep, "whole", *words)
        return store_contents.read(self.dir / "whole")

    def check_whole(self, store, expected):
        self.assertEqual(store_contents.difference(expected, store_contents.read(store)), "")
        self.assertEqual(list((store / "tmp").iterdir()), [])


class FullDiskTest(DiskCase):
    def mount(self, *options):
        done = subprocess.run(["mount", *options, str(self.dir / "disk")], capture_output=True,
                              text=True)
        if done.returncode != 0:
            self.skipTest("needs to mount a tmpfs, as root: " + done.stderr.strip())

    def test_what_is_sealed_is_kept_and_the_rest_comes_with_more_space(self):
        sweep = self.sweep(seeds=2)
        expected = self.undisturbed(sweep, *SHAPES)
        (self.dir / "disk").mkdir()
        self.mount("-t", "tmpfs", "-o", "size=6m", "tmpfs")
        self.addCleanup(subprocess.run, ["umount", "-l", str(self.dir / "disk")])
        store = self.dir / "disk" / "store"
        done = self.crease("run", sweep, "--store", store, *SHAPES, code=4)
        for text in (str(store), "No space left", "remedy: "):
            self.assertIn(text, done.stderr)
        kept = store_contents.read(store)
        self.assertLess(0, len(kept))
        self.assertLess(len(kept), len(expected))
        self.assertEqual({run: expected[run] for run in kept}, kept)
        self.assertEqual(list((store / "tmp").iterdir()), [])
        self.crease("query", store, "SELECT count(*) FROM runs")
        self.crease("status", store)
        self.mount("-o", "remount,size=64m")
        again = self.json("run", sweep, "--store", store, *SHAPES)
        self.assertEqual(again["runs_present"], len(kept))
        self.check_whole(store, expected)


class ReadOnlyTest(DiskCase):
    """As another user if this one is root, whom permissions do not bind."""

    def setUp(self):
        super().setUp()
        os.chmod(self.dir, 0o777)
        self.user = []
        if os.getuid() == 0:
            if shutil.which("setpriv") is None:
                self.skipTest("root cannot be refused, and setpriv is not there")
            self.user = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]

    def start(self, sweep, store, *words):
        return subprocess.Popen([*self.user, cli.CREASE, "run", str(sweep), "--store", str(store),
                                 *words], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                                text=True)

    def test_a_directory_turns_read_only(self):
        sweep = self.sweep(seeds=2)
        steps = ("--set", "train.steps={linear=[3020, 3079], n=60}", "--threads", "1")
        expected = self.undisturbed(sweep, *steps)
        for folder in ("shards", "tmp"):
            with self.subTest(folder=folder):
                store = self.dir / f"store-{folder}"
                process = self.start(sweep, store, *steps)
                while not list(store.glob("shards/*.h5")):
                    self.assertIsNone(process.poll())
                    time.sleep(0.001)
                os.chmod(store / folder, 0o555)
                _, messages = process.communicate(timeout=100)
                self.assertEqual(process.returncode, 4, messages)
                for text in (str(store), "Permission denied", "remedy: "):
                    self.assertIn(text, messages)
                kept = store_contents.read(store)
                self.assertLess(len(kept), len(expected))
                self.assertEqual({run: expected[run] for run in kept}, kept)
                os.chmod(store / folder, 0o755)
                _, messages = self.start(sweep, store, *steps).communicate(timeout=100)
                self.check_whole(store, expected)


class JumpingClockTest(DiskCase):
    def setUp(self):
        super().setUp()
        self.offset = self.dir / "offset"
        self.jump(0)
        self.environment = cli.environment(LD_PRELOAD=CLOCK, JUMPING_CLOCK=str(self.offset))

    def jump(self, seconds):
        # In one step: a process may be looking.
        fresh = self.dir / "offset.new"
        fresh.write_text(str(seconds))
        fresh.rename(self.offset)

    def run_jumping(self, *words, code=0):
        return self.crease(*words, code=code, env=self.environment)

    def test_newer_copies_win_though_the_clock_goes_back(self):
        store = self.dir / "store"
        self.run_jumping("run", self.sweep(weights=50, name="sparse"), "--store", store)
        digests = self.digests("store")
        dense = self.sweep(weights=5, name="dense")
        for offset in (-YEAR, YEAR, -2 * YEAR):
            self.jump(offset)
            done = self.run_jumping("run", dense, "--store", store, "--rerecord", "--json")
            self.assertEqual(cli.json.loads(done.stdout)["sparser"] == [], offset != -YEAR)
            settled = self.run_sweep(dense, "store")
            self.assertEqual((settled["runs_trained"], settled["sparser"]), (0, []))
            self.assertEqual(self.digests("store"), digests)
        dates = [row["created_utc"] for row in self.query(
            "store", "SELECT created_utc FROM shards ORDER BY created_utc")]
        self.assertEqual(len(set(dates)), len(dates))

    def test_a_living_worker_is_not_lost(self):
        sweep = self.sweep(seeds=400, steps=20000)
        process = subprocess.Popen([cli.CREASE, "run", str(sweep), "--store",
                                    str(self.dir / "store"), "--threads", "1"],
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                   env=self.environment)
        self.addCleanup(process.communicate)
        self.addCleanup(process.kill)
        while not list(self.dir.glob("store/status/*.json")):
            self.assertIsNone(process.poll())
            time.sleep(0.02)
        for offset in (YEAR, -YEAR):
            self.jump(offset)
            for environment in (self.environment, None):  # a clock that jumped, and one that did not
                done = self.crease("status", self.dir / "store", "--json", env=environment)
                workers = cli.json.loads(done.stdout)["workers"]
                self.assertEqual([worker["state"] for worker in workers], ["running"])
        process.kill()
        process.wait()
        done = self.crease("status", self.dir / "store", "--json")
        self.assertEqual(cli.json.loads(done.stdout)["workers"][0]["state"], "lost")

    def test_a_jump_under_way_changes_no_bit(self):
        sweep = self.sweep(seeds=4)
        expected = self.undisturbed(sweep, *SHAPES)
        store = self.dir / "store"
        process = subprocess.Popen([cli.CREASE, "run", str(sweep), "--store", str(store), *SHAPES],
                                   stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
                                   env=self.environment)
        for offset in range(40):
            self.jump(YEAR * (-1) ** offset)
            time.sleep(0.02)
        _, messages = process.communicate(timeout=100)
        self.assertEqual(process.returncode, 0, messages)
        self.check_whole(store, expected)


if __name__ == "__main__":
    cli.main()
