"""crease run under signals: completed runs are kept, and the rest comes later, bit for bit."""
import pathlib
import signal
import subprocess
import time

import cli


class InterruptTest(cli.CliTest):
    STEPS = 20000

    def start(self, sweep, store):
        return subprocess.Popen(
            [cli.CREASE, "run", str(sweep), "--store", str(self.dir / store), "--threads", "1"],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def wait_for_status(self, store, runs_done, process):
        """Until the worker's heartbeat tells of so many runs."""
        folder = pathlib.Path(self.dir / store / "status")
        for _ in range(600):
            if process.poll() is not None:
                self.fail("the sweep ended too early: " + process.stderr.read())
            status = self.json("status", self.dir / store) if any(folder.glob("*.json")) else {}
            # A worker of an earlier sweep may have left its file.
            mine = [worker for worker in status.get("workers", [])
                    if worker["pid"] == process.pid]
            if mine and mine[0]["runs_done"] >= runs_done:
                return status
            time.sleep(0.1)
        self.fail("no heartbeat")

    def interrupted(self, signal_number):
        sweep = self.sweep(seeds=400, steps=self.STEPS)
        process = self.start(sweep, "cut")
        self.wait_for_status("cut", 2, process)
        process.send_signal(signal_number)
        _, messages = process.communicate(timeout=60)
        self.assertEqual(process.returncode, 130, messages)
        self.assertIn("interrupted", messages)
        return sweep

    def test_sigint_keeps_what_is_complete(self):
        sweep = self.interrupted(signal.SIGINT)
        kept = self.digests("cut")
        self.assertGreaterEqual(len(kept), 2)
        self.assertLess(len(kept), 800)
        # The run that was under way goes on from its checkpoint.
        self.assertLessEqual(len(self.leftovers("cut")), 1)
        self.assertTrue(all(path.startswith("checkpoints/") for path in self.leftovers("cut")))
        # The same eight runs with and without the interruption.
        few = self.sweep(seeds=4, steps=self.STEPS, name="few")
        resumed = self.run_sweep(few, "cut")
        self.assertEqual(resumed["runs_present"] + resumed["runs_trained"], 8)
        self.run_sweep(few, "whole")
        whole, cut = self.digests("whole"), self.digests("cut")
        self.assertEqual({run: cut[run] for run in whole}, whole)
        self.assertEqual({run: cut[run] for run in kept}, kept)

    def test_sigterm_and_sigusr1(self):
        for number in (signal.SIGTERM, signal.SIGUSR1):
            with self.subTest(signal=number):
                self.interrupted(number)
                for path in (self.dir / "cut/shards").glob("*"):
                    path.unlink()

    def test_killed_workers_are_lost(self):
        sweep = self.sweep(seeds=400, steps=self.STEPS)
        process = self.start(sweep, "killed")
        status = self.wait_for_status("killed", 1, process)
        self.assertEqual([worker["state"] for worker in status["workers"]], ["running"])
        process.kill()
        process.communicate(timeout=60)
        status = self.json("status", self.dir / "killed")
        self.assertEqual([worker["state"] for worker in status["workers"]], ["lost"])
        self.crease("query", self.dir / "killed", "SELECT count(*) FROM runs")
        few = self.sweep(seeds=1, steps=self.STEPS, name="few")
        self.assertEqual(self.run_sweep(few, "killed")["runs_failed"], 0)
        self.assertEqual(self.leftovers("killed"), [])


if __name__ == "__main__":
    cli.main()
