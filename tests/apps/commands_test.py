"""plan, status, info, query and transitions on small stores."""
import csv
import io
import json
import math

import cli


class PlanTest(cli.CliTest):
    KEYS = {"sweep", "runs", "cells", "runs_new", "runs_present", "runs_recorded_more_sparsely",
            "steps", "bytes", "bytes_per_transition", "core_seconds", "core_hours", "threads", "wall_seconds",
            "peak_memory_bytes"}

    def test_counts_and_trains_nothing(self):
        sweep = self.sweep()
        plan = self.json("plan", sweep)
        self.assertEqual(set(plan), self.KEYS)
        self.assertEqual((plan["runs"], plan["cells"], plan["runs_new"], plan["steps"]),
                         (6, 2, 6, 1800))
        self.assertGreater(plan["core_seconds"], 0)
        self.assertGreater(plan["bytes"], 6 * 300 * 4)
        self.assertGreater(plan["peak_memory_bytes"], plan["bytes"])
        self.assertEqual([path.name for path in self.dir.iterdir()], ["tiny.toml"])

    def test_knows_what_a_store_has(self):
        self.run_sweep(self.sweep(seeds=2), "store")
        plan = self.json("plan", self.sweep(seeds=3), "--store", self.dir / "store")
        self.assertEqual((plan["runs"], plan["runs_new"], plan["runs_present"]), (6, 2, 4))
        nothing = self.json("plan", self.sweep(seeds=2), "--store", self.dir / "store")
        self.assertEqual((nothing["runs_new"], nothing["steps"], nothing["core_seconds"]),
                         (0, 0, 0))

    def test_core_hours_are_about_right(self):
        sweep = self.sweep(seeds=2, steps=20000)
        plan = self.json("plan", sweep)
        done = self.run_sweep(sweep, "store", "--threads", "1")
        ratio = plan["core_seconds"] / done["elapsed_seconds"]
        self.assertTrue(1 / 4 < ratio < 4, ratio)  # a shared machine
        self.assertIn("core-hours", self.crease("plan", sweep).stdout)


class StatusTest(cli.CliTest):
    def test_done_and_missing(self):
        sweep = self.sweep(seeds=4)
        self.run_sweep(sweep, "store", "--shard", "1/2")
        status = self.json("status", self.dir / "store")
        self.assertEqual(set(status), {"store", "sweeps", "workers", "last_error"})
        tiny = status["sweeps"][0]
        self.assertEqual((tiny["name"], tiny["runs"], tiny["running"], tiny["failed"]),
                         ("tiny", 8, 0, 0))
        self.assertEqual(tiny["done"] + tiny["missing"], 8)
        self.assertGreater(tiny["missing"], 0)
        self.run_sweep(sweep, "store", "--shard", "2/2")
        tiny = self.json("status", self.dir / "store")["sweeps"][0]
        self.assertEqual((tiny["done"], tiny["missing"]), (8, 0))

    def test_overrides_count(self):
        self.run_sweep(self.sweep(seeds=4), "store", "--set", "seed={range=[0,2]}")
        tiny = self.json("status", self.dir / "store")["sweeps"][0]
        self.assertEqual((tiny["runs"], tiny["done"], tiny["missing"]), (4, 4, 0))

    def test_table(self):
        self.run_sweep(self.sweep(), "store")
        lines = self.crease("status", self.dir / "store").stdout.splitlines()
        self.assertEqual(lines[0].split()[:6],
                         ["sweep", "runs", "done", "running", "failed", "missing"])
        self.assertEqual(lines[1].split()[:6], ["tiny", "6", "6", "0", "0", "0"])


class InfoTest(cli.CliTest):
    def test_this_machine(self):
        info = self.json("info")
        for key in ("version", "git_commit", "numerics_version", "compiler", "cpu",
                    "instruction_set", "instruction_sets", "threads", "hdf5_version"):
            self.assertIn(key, info)
        self.assertIn(info["instruction_set"], info["instruction_sets"])
        self.assertIn(info["version"], self.crease("info").stdout)

    def test_store_and_shard(self):
        self.run_sweep(self.sweep(), "store")
        store = self.json("info", self.dir / "store")
        self.assertEqual((store["runs"], store["sweeps"]), (6, ["tiny"]))
        self.assertGreater(store["bytes"], 0)
        shard = next((self.dir / "store/shards").glob("*.h5"))
        info = self.json("info", shard)
        self.assertEqual(info["attributes"]["format"], "crease")
        self.assertEqual(info["attributes"]["sweep_name"], "tiny")
        self.assertGreater(info["runs"], 0)
        self.assertIn("numerics_version", self.crease("info", shard).stdout)

    def test_what_is_no_shard(self):
        self.crease("info", self.sweep(), code=3)


class QueryTest(cli.CliTest):
    def setUp(self):
        super().setUp()
        self.run_sweep(self.sweep(), "store")

    def test_formats(self):
        sql = "SELECT norm, count(*) AS runs FROM runs GROUP BY norm ORDER BY norm"
        store = self.dir / "store"
        self.assertEqual(self.query("store", sql),
                         [{"norm": "layernorm", "runs": 3}, {"norm": "unit", "runs": 3}])
        text = self.crease("query", store, sql, "--format", "csv").stdout
        self.assertEqual(list(csv.reader(io.StringIO(text))),
                         [["norm", "runs"], ["layernorm", "3"], ["unit", "3"]])
        table = self.crease("query", store, sql).stdout.splitlines()
        self.assertEqual(table[0].split(), ["norm", "runs"])
        self.assertEqual(table, self.crease("query", store, sql, "--format",
                                            "table").stdout.splitlines())

    def test_columns_are_the_configuration(self):
        row = self.query("store", "SELECT * FROM runs LIMIT 1")[0]
        for key in ("run_id", "seed", "width", "depth", "norm", "lr", "outcome", "steps_done",
                    "final_loss", "best_accuracy", "digest"):
            self.assertIn(key, row)
        self.assertEqual(json.loads(row["config"])["model"]["width"], 3)

    def test_wrong_sql(self):
        done = self.crease("query", self.dir / "store", "SELECT nothing FROM runs", code=2)
        self.assertIn("nothing", done.stderr)
        self.crease("query", self.dir / "store", "DELETE FROM runs", code=2)
        self.assertEqual(self.query("store", "SELECT count(*) AS n FROM runs"), [{"n": 6}])


class TransitionsTest(cli.CliTest):
    COLUMNS = {"onset_step", "midpoint_step", "end_step", "width_steps", "loss_before",
               "loss_after", "drop_nats", "sharpness", "peak_rate", "plateau_steps",
               "plateau_loss", "z_score", "p_value", "open", "overlap", "schedule"}

    def curve(self, name="curve.csv", steps=4000, middle=2000, sign=1):
        """A logistic drop of one nat on a plateau, with a ripple as noise."""
        lines = ["step,loss"]
        for step in range(steps):
            drop = 1 / (1 + math.exp(-(step - middle) / 40))
            ripple = 0.01 * math.sin(step * 12.9898) * math.cos(step * 78.233)
            lines.append(f"{step},{math.exp(-sign * drop + ripple):.8g}")
        path = self.dir / name
        path.write_text("\n".join(lines) + "\n")
        return path

    def test_csv(self):
        found = self.json("transitions", self.curve())
        self.assertEqual(set(found), {"transitions", "no_verdict"})
        self.assertIsNone(found["no_verdict"])
        self.assertEqual(len(found["transitions"]), 1)
        transition = found["transitions"][0]
        self.assertEqual(set(transition), self.COLUMNS)
        self.assertAlmostEqual(transition["midpoint_step"], 2000, delta=20)
        # Where the rate of a logistic is a third of its peak, 9.2 and 90.8 % of it are done.
        self.assertAlmostEqual(transition["drop_nats"], 0.816, delta=0.2)
        table = self.crease("transitions", self.curve()).stdout.splitlines()
        self.assertEqual(len(table), 2)
        self.assertEqual(table[0].split()[:3], ["onset", "midpoint", "end"])

    def test_rising(self):
        path = self.curve(sign=-1)
        self.assertEqual(self.json("transitions", path)["transitions"], [])
        self.assertEqual(len(self.json("transitions", path, "--rising")["transitions"]), 1)

    def test_no_verdict(self):
        path = self.dir / "short.csv"
        path.write_text("step,loss\n0,1\n1,0.9\n2,0.8\n")
        self.assertTrue(self.json("transitions", path)["no_verdict"])
        self.assertIn("no verdict", self.crease("transitions", path).stderr)

    def test_store_gives_what_was_stored(self):
        self.run_sweep(self.sweep(seeds=3, steps=8000), "store")
        again = self.json("transitions", self.dir / "store")
        stored = self.query("store", "SELECT * FROM transitions ORDER BY run_id, onset_step")
        self.assertGreater(len(stored), 0, "the sweep is too short to show anything")
        key = lambda row: (row["run_id"], row["onset_step"])
        found = sorted(again["transitions"], key=key)
        self.assertEqual([row["run_id"] for row in found], [row["run_id"] for row in stored])
        for one, other in zip(found, stored):
            self.assertEqual(set(one), self.COLUMNS | {"run_id"})
            for column in ("onset_step", "end_step", "drop_nats"):
                self.assertAlmostEqual(one[column], other[column], places=5)
        table = self.crease("transitions", self.dir / "store").stdout.splitlines()
        self.assertEqual(table[0].split()[:3], ["run", "norm", "seed"])
        self.assertEqual(len(table), len(found) + 1)
        self.crease("transitions", self.dir / "store", "--column", "nonsense", code=2)
        self.crease("transitions", self.dir / "store", "--column", "accuracy", "--rising")


if __name__ == "__main__":
    cli.main()
