"""Long runs go on from their checkpoints: everything recorded is what an undisturbed run records;
and bursts lie around the transitions."""
import glob
import signal
import subprocess
import time

import h5py
import numpy as np

import cli


def contents(store):
    """Every data set of every shard, run by run, but for times."""
    runs = {}
    for path in sorted(glob.glob(f"{store}/shards/*.h5")):
        with h5py.File(path) as file:
            arrays = {}
            file.visititems(lambda name, item: arrays.update({name: item[...]})
                            if isinstance(item, h5py.Dataset) else None)
            ids = [run.decode() for run in arrays["run_id"]]
            for row, run in enumerate(ids):
                mine = {}
                for name, values in arrays.items():
                    group = name.split("/")[0] if "/" in name else ""
                    if name in ("run", "wall_seconds") or group == "data":
                        continue
                    if group in ("bursts", "transitions") and values.shape[:1] == \
                            arrays[group + "/run_index"].shape:
                        of_run = arrays[group + "/run_index"] == row
                        if name not in (group + "/run_index", "bursts/transition",
                                        "transitions/transition"):
                            mine[name] = values[of_run]
                    elif values.shape[:1] == (len(ids),) and group not in ("bursts",
                                                                           "transitions"):
                        mine[name] = values[row]
                runs[run] = mine
    return runs


class ResumeTest(cli.CliTest):
    def long_sweep(self):
        sweep = self.sweep(seeds=1, steps=4_000_000, weights=1000)
        record = "[record]\nscalars = { every = 10 }\nactivations = { every = 10000 }\n"
        sweep.write_text(sweep.read_text().replace("[record]\n", record))
        return sweep

    def start(self, sweep, store, *words):
        return subprocess.Popen(
            [cli.CREASE, "run", str(sweep), "--store", str(self.dir / store), *words],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def assert_same(self, cut, whole):
        cut, whole = contents(self.dir / cut), contents(self.dir / whole)
        self.assertEqual(cut.keys(), whole.keys())
        for run, arrays in whole.items():
            self.assertEqual(arrays.keys(), cut[run].keys())
            for name, values in arrays.items():
                self.assertEqual(values.tobytes(), cut[run][name].tobytes(), f"{run} {name}")

    def wait_for_checkpoints(self, process, size):
        folder = self.dir / "cut" / "checkpoints"
        for _ in range(20_000):
            if folder.exists() and sum(p.stat().st_size for p in folder.iterdir()) > size:
                return
            if process.poll() is not None:
                self.fail("it ended too early: " + process.stderr.read())
            time.sleep(0.001)
        self.fail("no checkpoint")

    def test_terminated_and_killed_runs_resume_with_all_that_was_recorded(self):
        sweep = self.long_sweep()
        self.run_sweep(sweep, "whole")
        for number, interval in ((signal.SIGTERM, "1000"), (signal.SIGUSR1, "1000"),
                                 (signal.SIGKILL, "0")):
            with self.subTest(signal=number):
                size = sum(p.stat().st_size for p in (self.dir / "cut" / "checkpoints").glob("*"))
                process = self.start(sweep, "cut", "--checkpoint-interval", interval)
                if number == signal.SIGKILL:
                    self.wait_for_checkpoints(process, size)
                else:
                    time.sleep(0.25)
                at = time.monotonic()
                process.send_signal(number)
                process.communicate(timeout=60)
                seconds = time.monotonic() - at
                self.assertIn(process.returncode, (130, -9))
                if number != signal.SIGKILL:
                    self.assertLess(seconds, 1)
                grown = sum(p.stat().st_size for p in (self.dir / "cut" / "checkpoints").iterdir())
                self.assertGreater(grown, size)
        (status,) = self.json("status", self.dir / "cut")["sweeps"]
        self.assertEqual([status["missing"], status["with_checkpoint"]], [2, 2])
        done = self.run_sweep(sweep, "cut")
        self.assertEqual(done["runs_trained"], 2)
        self.assert_same("cut", "whole")
        self.assertEqual(list((self.dir / "cut" / "checkpoints").iterdir()), [])
        self.assertEqual(self.leftovers("cut"), [])

    def test_damaged_checkpoints_are_passed_over(self):
        sweep = self.long_sweep()
        process = self.start(sweep, "cut", "--checkpoint-interval", "0")
        self.wait_for_checkpoints(process, 1)
        process.kill()
        process.communicate()
        for path in (self.dir / "cut" / "checkpoints").iterdir():
            bytes_ = bytearray(path.read_bytes())
            bytes_[len(bytes_) // 3] ^= 1
            path.write_bytes(bytes_)
        self.run_sweep(sweep, "cut")
        self.run_sweep(sweep, "whole")
        self.assert_same("cut", "whole")

    def test_checkpoints_of_sealed_runs_are_no_orphans(self):
        sweep = self.sweep(seeds=1)
        self.run_sweep(sweep, "cut")
        (run, *_) = self.digests("cut")
        orphan = self.dir / "cut" / "checkpoints" / f"{run}.checkpoint"
        orphan.write_bytes(b"of a process that was killed after sealing")
        self.run_sweep(sweep, "cut")
        self.assertFalse(orphan.exists())

    def test_bursts_lie_around_transitions(self):
        sweep = self.sweep(seeds=6, steps=6000, weights=1, extra="", name="bursts")
        self.run_sweep(sweep, "bursts", "--set", 'record.bursts={before=30,after=20,points="all"}',
                       "--set", 'record.activations={every=1,points="all"}')
        (path,) = (self.dir / "bursts/shards").glob("*.h5")
        with h5py.File(path) as file:
            bursts = {name: file["bursts"][name][...] for name in file["bursts"]}
            onsets = file["transitions/onset_step"][...]
            self.assertGreater(len(onsets), 0)
            for transition, onset in enumerate(onsets):
                mine = bursts["transition"] == transition
                self.assertIn(round(onset), bursts["step"][mine])
                runs = np.unique(bursts["run_index"][mine])
                self.assertEqual(list(runs), [file["transitions/run_index"][transition]])
            for name in ("linear1_weight", "norm1_output", "linear2_output"):
                group = "activations" if name.endswith("_output") else "weights"
                everything = file[group][name][...]
                np.testing.assert_array_equal(
                    bursts[name], everything[bursts["run_index"], bursts["step"]])
            self.assertEqual(len(bursts["point"]), 64)


if __name__ == "__main__":
    cli.main()
