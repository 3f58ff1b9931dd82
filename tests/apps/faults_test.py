"""Runs that fail, stores that do not match, and what users are told of it."""
import os
import resource
import signal
import subprocess
import time
import unittest

import cli
import h5py


def little_memory():
    resource.setrlimit(resource.RLIMIT_AS, (1 << 30, 1 << 30))


@unittest.skipIf(os.environ.get("CREASE_SANITIZE"),
                 "sanitizers reserve address space by the terabyte")
class FailedRunsTest(cli.CliTest):
    """Nets of 20,000 neurons a layer do not fit into 1 GiB: their runs fail, the others do not."""

    WIDTHS = ("--set", "model.width=[3, 20000]", "--set", "model.norm=['unit']", "--threads", "1")

    def run_short_of_memory(self, *words):
        return self.crease("run", self.sweep(seeds=2, steps=50), "--store", self.dir / "store",
                           *self.WIDTHS, *words, code=1, preexec_fn=little_memory)

    def test_failures_do_not_end_the_others(self):
        done = self.run_short_of_memory()
        self.assertEqual(done.stderr.count("failed: run "), 2)
        self.assertIn("memory", done.stderr)
        self.assertEqual(len(self.digests("store")), 2)
        self.assertEqual(done.stdout.splitlines()[1].split()[0], "2")

        status = self.json("status", self.dir / "store")
        tiny = status["sweeps"][0]
        self.assertEqual((tiny["runs"], tiny["done"], tiny["failed"], tiny["missing"]),
                         (4, 2, 2, 0))
        self.assertIn("memory", status["last_error"]["message"])
        self.assertIn("last error", self.crease("status", self.dir / "store").stdout)

    def test_fail_fast(self):
        # Longest first: a failing run is the first.
        done = self.run_short_of_memory("--fail-fast", "--json")
        self.assertEqual(done.stderr.count("failed: run "), 1)
        self.assertEqual(self.query("store", "SELECT * FROM runs"), [])


class OtherDigestsTest(cli.CliTest):
    def setUp(self):
        super().setUp()
        self.run_sweep(self.sweep(weights=50), "store")
        shard = next((self.dir / "store/shards").glob("*.h5"))
        os.chmod(shard, 0o644)
        with h5py.File(shard, "r+") as file:
            digests = file["digest"][:]
            self.run_id = file["run_id"][1].decode()
            digests[1] = b"0" * 32
            file["digest"][:] = digests
            file.attrs.modify("format_version", [1, 0])  # whose files end in no seal
        # As if another build had written it: a shard's name stands for its results.
        shard.rename(shard.with_name("0" * 32 + ".h5"))

    def test_rerecording_finds_out(self):
        dense = self.sweep(weights=5)
        done = self.crease("run", dense, "--store", self.dir / "store", "--rerecord", code=3)
        self.assertIn(self.run_id, done.stderr)
        self.assertIn("0" * 32, done.stderr)
        self.assertIn("remedy", done.stderr)

    def test_force_replaces_and_warns(self):
        self.assertEqual(self.digests("store")[self.run_id], "0" * 32)
        done = self.crease("run", self.sweep(weights=50), "--store", self.dir / "store", "--force")
        self.assertIn("warning: run " + self.run_id, done.stderr)
        self.assertNotEqual(self.digests("store")[self.run_id], "0" * 32)


class OwnDataTest(cli.CliTest):
    def test_relative_paths_start_at_the_sweep_file(self):
        folder = self.dir / "mine"
        folder.mkdir()
        (folder / "points.csv").write_text(
            "a,b,class\n" + "".join(f"{i % 7},{i % 5},{i % 2}\n" for i in range(40)))
        (folder / "own.toml").write_text(
            '[sweep]\nname = "own"\n[data]\ntask = "csv"\npath = "points.csv"\n'
            '[train]\nsteps = 50\n[grid]\nseed = { range = [0, 2] }\n')
        self.assertEqual(self.run_sweep("mine/own.toml", "store")["runs_trained"], 2)
        status = self.json("status", self.dir / "store")["sweeps"][0]
        self.assertEqual((status["problem"], status["done"], status["missing"]), ("", 2, 0))
        (folder / "points.csv").rename(folder / "elsewhere.csv")
        done = self.crease("status", self.dir / "store", "--json")
        self.assertIn("points.csv", done.stderr)


class ImpatienceTest(cli.CliTest):
    def test_a_second_sigint_leaves_at_once(self):
        sweep = self.sweep(seeds=400, steps=20000)
        process = subprocess.Popen([cli.CREASE, "run", str(sweep), "--store",
                                    str(self.dir / "store")], stderr=subprocess.DEVNULL,
                                   stdout=subprocess.DEVNULL)
        while not list(self.dir.glob("store/status/*.json")):
            time.sleep(0.05)
            self.assertIsNone(process.poll())
        process.send_signal(signal.SIGINT)
        time.sleep(0.001)
        process.send_signal(signal.SIGINT)
        self.assertEqual(process.wait(timeout=60), 130)
        self.query("store", "SELECT count(*) FROM runs")
        # Whatever was being written is swept away by the next run; checkpoints wait for theirs.
        self.run_sweep(self.sweep(seeds=1, steps=50, name="next"), "store")
        self.assertEqual([path for path in self.leftovers("store")
                          if not path.startswith("checkpoints/")], [])


if __name__ == "__main__":
    cli.main()
