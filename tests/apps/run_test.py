"""crease run: what it trains, what it leaves alone, and that the bits never differ."""
import subprocess

import cli


class RunTest(cli.CliTest):
    def test_runs_once(self):
        sweep = self.sweep()
        first = self.run_sweep(sweep, "store")
        self.assertEqual((first["runs_planned"], first["runs_present"], first["runs_trained"]),
                         (6, 0, 6))
        self.assertEqual(first["steps_trained"], 6 * 300)
        self.assertEqual(first["runs_failed"], 0)
        self.assertFalse(first["interrupted"])
        self.assertGreater(first["bytes_written"], 0)
        digests = self.digests("store")
        self.assertEqual(len(digests), 6)
        shards = sorted((self.dir / "store/shards").iterdir())

        again = self.run_sweep(sweep, "store")
        self.assertEqual((again["runs_present"], again["runs_trained"]), (6, 0))
        self.assertEqual(sorted((self.dir / "store/shards").iterdir()), shards)
        self.assertEqual(self.digests("store"), digests)
        self.assertEqual(self.leftovers("store"), [])
        self.assertEqual((self.dir / "store/sweeps/tiny.toml").read_text(), sweep.read_text())

    def test_extended_axis_trains_the_new_cells_only(self):
        self.run_sweep(self.sweep(seeds=2), "store")
        before = self.digests("store")
        longer = self.run_sweep(self.sweep(seeds=3), "store")
        self.assertEqual((longer["runs_present"], longer["runs_trained"]), (4, 2))
        other = self.run_sweep(self.sweep(seeds=3), "store", "--set", "model.norm=['rmsnorm']")
        self.assertEqual((other["runs_present"], other["runs_trained"]), (0, 3))
        after = self.digests("store")
        self.assertEqual(len(after), 9)
        self.assertEqual({run: after[run] for run in before}, before)

    def test_threads_and_shards_change_no_bit(self):
        sweep = self.sweep(seeds=4)
        self.run_sweep(sweep, "one", "--threads", "1")
        self.run_sweep(sweep, "two", "--threads", "2")
        parts = [self.run_sweep(sweep, "parts", "--shard", f"{i}/2") for i in (1, 2)]
        self.assertEqual(sum(part["runs_trained"] for part in parts), 8)
        self.assertTrue(all(part["runs_planned"] == part["runs_trained"] > 0 for part in parts))
        self.assertEqual(self.digests("one"), self.digests("two"))
        self.assertEqual(self.digests("one"), self.digests("parts"))

    def test_workers_share_a_store(self):
        sweep = self.sweep(seeds=20, steps=1000)
        command = [cli.CREASE, "run", sweep, "--store", self.dir / "shared", "--threads", "1"]
        # Two parts, and one worker that does the work of both once more.
        workers = [subprocess.Popen(command + extra, stdout=subprocess.DEVNULL,
                                    stderr=subprocess.PIPE, text=True)
                   for extra in (["--shard", "1/2"], ["--shard", "2/2"], [])]
        for worker in workers:
            _, messages = worker.communicate(timeout=100)
            self.assertEqual(worker.returncode, 0, messages)
        self.run_sweep(sweep, "alone")
        self.assertEqual(self.digests("shared"), self.digests("alone"))

    def test_sparser_recordings_are_named_and_rerecorded(self):
        sparse, dense = self.sweep(weights=50, name="sparse"), self.sweep(weights=5, name="dense")
        self.run_sweep(sparse, "store")
        digests = self.digests("store")

        done = self.crease("run", dense, "--store", self.dir / "store")
        for run in digests:
            self.assertIn(run, done.stderr)
        self.assertIn("--rerecord", done.stderr)
        self.assertNotIn("replay", done.stderr)
        named = self.run_sweep(dense, "store")["sparser"]
        self.assertEqual({run["run_id"] for run in named}, set(digests))
        self.assertTrue(all("weights" in run["lacks"] for run in named))

        again = self.run_sweep(dense, "store", "--rerecord")
        self.assertEqual(again["runs_trained"], 6)
        self.assertEqual(self.digests("store"), digests)
        settled = self.run_sweep(dense, "store", "--rerecord")
        self.assertEqual((settled["runs_trained"], settled["sparser"]), (0, []))
        # What was asked for earlier is still there.
        self.assertEqual(self.run_sweep(sparse, "store")["sparser"], [])

    def test_force_trains_everything_again(self):
        sweep = self.sweep()
        self.run_sweep(sweep, "store")
        digests = self.digests("store")
        self.assertEqual(self.run_sweep(sweep, "store", "--force")["runs_trained"], 6)
        self.assertEqual(self.digests("store"), digests)

    def test_tables(self):
        done = self.crease("run", self.sweep(), "--store", self.dir / "store")
        header = done.stdout.splitlines()[0]
        for title in ("norm", "runs", "diverged", "reach 95 %", "first onset", "drop", "final loss"):
            self.assertIn(title, header)
        cells = done.stdout.splitlines()[1:3]
        self.assertEqual([line.split()[:3] for line in cells],
                         [["unit", "3", "0"], ["layernorm", "3", "0"]])
        self.assertIn("transition", done.stdout)
        self.assertIn("6 runs", done.stderr)

    def test_json_of_cells(self):
        cells = self.run_sweep(self.sweep(), "store")["cells"]
        self.assertEqual([cell["cell"] for cell in cells],
                         [{"model.norm": "unit"}, {"model.norm": "layernorm"}])
        for cell in cells:
            self.assertEqual(cell["runs"], 3)
            share = cell["share_reached_95"]
            self.assertLessEqual(0, share["low"])
            self.assertLessEqual(share["low"], share["value"])
            self.assertLessEqual(share["value"], share["high"])
            self.assertGreater(cell["median_final_loss"], 0)

    def test_regression_has_no_accuracy(self):
        sweep = self.dir / "toy.toml"
        sweep.write_text('[sweep]\nname = "toy"\n[data]\ntask = "toy_regression"\n'
                         '[model]\nnorm = "layernorm"\nwidth = 8\ndepth = 1\n'
                         '[train]\nloss = "mse"\nsteps = 100\noptimizer = "sgd"\nlr = 0.03\n'
                         '[grid]\nseed = { range = [0, 2] }\n')
        cell = self.run_sweep(sweep, "store")["cells"][0]
        self.assertEqual((cell["runs"], cell["runs_with_accuracy"]), (2, 0))
        self.assertIsNone(cell["share_reached_95"]["value"])
        self.assertRegex(self.crease("run", sweep, "--store", self.dir / "store").stdout,
                         r"\n +2 +0 +- +- ")

    def test_a_diverged_run_is_a_datum(self):
        sweep = self.sweep(seeds=2)
        done = self.run_sweep(sweep, "store", "--set", "train.lr=1e30", "--set",
                              "train.optimizer=sgd", "--set", "model.norm=['none']")
        self.assertEqual((done["runs_trained"], done["runs_diverged"]), (2, 2))
        self.assertEqual(done["cells"][0]["diverged"], 2)
        self.assertIsNone(done["cells"][0]["median_final_loss"])


if __name__ == "__main__":
    cli.main()
