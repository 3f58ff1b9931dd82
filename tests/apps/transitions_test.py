"""crease transitions --by and --sensitivity on small stores, computed again here in plain Python."""
import bisect
import csv
import json
import math

import cli

# Two norms whose seeds differ in when, and whether, they jump; rates that are pooled.
STEPS = 4000


def quantile(values, share):
    values = sorted(values)
    place = share * (len(values) - 1)
    below = int(place)
    above = min(below + 1, len(values) - 1)
    return values[below] + (place - below) * (values[above] - values[below])


def survival(durations):
    """[(length, survival, at risk)] of (length, happened)."""
    share, steps = 1.0, []
    for time in sorted({length for length, happened in durations if happened}):
        at_risk = sum(length >= time for length, _ in durations)
        events = sum(happened and length == time for length, happened in durations)
        share *= 1 - events / at_risk
        steps.append((time, share, at_risk))
    return steps


def log_rank(a, b):
    """Mantel's chi-square of two groups of (length, happened)."""
    difference = variance = 0.0
    for time in sorted({length for length, happened in a + b if happened}):
        n_a = sum(length >= time for length, _ in a)
        n = n_a + sum(length >= time for length, _ in b)
        d_a = sum(happened and length == time for length, happened in a)
        d = d_a + sum(happened and length == time for length, happened in b)
        difference += d_a - d * n_a / n
        if n > 1:
            variance += d * (n - d) / (n - 1) * n_a / n * (1 - n_a / n)
    return difference ** 2 / variance


class StoreTest(cli.CliTest):
    def setUp(self):
        super().setUp()
        self.store = self.dir / "store"
        self.run_sweep(self.sweep(seeds=8, steps=STEPS, extra='"train.lr" = [1e-2, 2e-2]\n'),
                       "store")

    def by(self, *words):
        return self.json("transitions", self.store, "--by", *words)

    def found(self, *words):
        """{run id: its transitions, by onset}"""
        by_run = {}
        for row in self.json("transitions", self.store, *words)["transitions"]:
            self.assertFalse(row["schedule"])
            by_run.setdefault(row["run_id"], []).append(row)
        return by_run


class CellsTest(StoreTest):
    def test_figures_are_those_of_the_runs(self):
        found = self.found()
        runs = self.query("store", "SELECT run_id, norm, steps_done FROM runs")
        report = self.by("norm")
        self.assertEqual(report["by"], ["model.norm"])
        self.assertEqual(report["pooled"], ["seed", "train.lr"])
        self.assertEqual([cell["cell"] for cell in report["cells"]],
                         [{"model.norm": "layernorm"}, {"model.norm": "unit"}])
        times = []
        for cell in report["cells"]:
            members = [run for run in runs if run["norm"] == cell["cell"]["model.norm"]]
            lists = [found.get(run["run_id"], []) for run in members]
            self.assertEqual(cell["runs"], 16)
            for count, label in enumerate(("0", "1", "2", "3+")):
                expected = sum(min(len(rows), 3) == count for rows in lists)
                self.assertEqual(cell["runs_by_transitions"][label], expected)
                self.assertAlmostEqual(cell["share_by_transitions"][label]["value"],
                                       expected / 16)
            self.assertEqual(cell["transitions"], sum(map(len, lists)))
            self.assertEqual(cell["runs_censored"], sum(not rows for rows in lists))
            for name in ("drop_nats", "sharpness", "width_steps", "plateau_steps"):
                values = [row[name] for rows in lists for row in rows]
                for share, label in ((.25, "lower_quartile"), (.5, "median"),
                                     (.75, "upper_quartile")):
                    self.assertAlmostEqual(cell[name][label], quantile(values, share), places=9)
            times.append([(rows[0]["onset_step"], True) if rows else (run["steps_done"], False)
                          for run, rows in zip(members, lists)])
            self.check_survival(cell, times[-1])
        self.assertGreater(sum(happened for group in times for _, happened in group), 8)
        self.assertAlmostEqual(report["log_rank"]["chi_square"], log_rank(*times), places=9)
        self.assertAlmostEqual(report["log_rank"]["p_value"],
                               math.erfc(math.sqrt(log_rank(*times) / 2)), places=12)
        self.assertEqual(report["log_rank_pairs"], [])

    def check_survival(self, cell, durations):
        steps = survival(durations)
        curve = cell["survival"]
        self.assertEqual(curve["step"], [0] + [step for step, _, _ in steps])
        self.assertEqual(curve["at_risk"], [len(durations)] + [count for _, _, count in steps])
        for ours, (_, share, _) in zip(curve["survival"][1:], steps):
            self.assertAlmostEqual(ours, share, places=12)
        below = [step for step, share, _ in steps if share < 0.5 - 1e-9]
        median = cell["median_first_onset_step"]["value"]
        self.assertTrue(median is None if not below else median <= below[0])

    def test_pairs_are_adjusted(self):
        report = self.by("norm,lr")
        self.assertEqual(report["pooled"], ["seed"])
        pairs = report["log_rank_pairs"]
        self.assertEqual(len(pairs), 6)
        tested = sorted((pair for pair in pairs if pair["degrees"] > 0),
                        key=lambda pair: pair["p_value"])
        self.assertGreater(len(tested), 2)
        highest = 0
        for rank, pair in enumerate(tested):
            highest = max(highest, min(1, (len(tested) - rank) * pair["p_value"]))
            self.assertAlmostEqual(pair["p_holm"], highest, places=12)

    def test_stored_transitions_are_those_detected_again(self):
        self.assertEqual(self.by("norm", "--stored"), self.by("norm"))
        self.assertEqual(self.json("transitions", self.store, "--stored"),
                         self.json("transitions", self.store))

    def test_sql_says_the_same(self):
        rows = self.query("store", "SELECT norm, count(*) AS runs, avg(transitions > 0) AS share"
                                   " FROM runs JOIN transition_counts USING (run_id)"
                                   " GROUP BY norm ORDER BY norm")
        cells = self.by("norm", "--stored")["cells"]
        self.assertEqual([row["runs"] for row in rows], [16, 16])
        for row, cell in zip(rows, cells):
            self.assertAlmostEqual(row["share"], cell["share_with_any"]["value"])
            times = self.query("store", "SELECT time, censored FROM runs JOIN first_transitions"
                                        f" USING (run_id) WHERE norm = '{row['norm']}'")
            self.check_survival(cell, [(one["time"], not one["censored"]) for one in times])

    def test_table_says_what_it_pools(self):
        text = self.crease("transitions", self.store, "--by", "width").stdout
        self.assertRegex(text, r"(?m)^pooled: seeds, norm, lr$")
        self.assertRegex(text, r"(?m)^3 +32 ")
        self.assertNotIn("log-rank", text)  # one cell
        pairs = self.crease("transitions", self.store, "--by", "norm,lr").stdout
        self.assertRegex(pairs, r"(?m)^pooled: seeds alone$")
        self.assertRegex(pairs, r"(?m)^norm, lr +against ")

    def test_many_pairs_are_cut_short(self):
        text = self.crease("transitions", self.store, "--by", "norm,lr,seed").stdout
        self.assertIn("... 451 more pairs", text)  # 32 cells have 496

    def test_curves_aligned_at_the_first_transition(self):
        path = self.dir / "curves.csv"
        self.crease("transitions", self.store, "--by", "norm", "--curves", path)
        rows = list(csv.DictReader(path.read_text().splitlines()))
        self.assertEqual(len(rows), 2 * 121)
        found = self.found()
        firsts = [found[run["run_id"]][0] for run in
                  self.query("store", "SELECT run_id FROM runs WHERE norm = 'unit'")
                  if run["run_id"] in found]
        at_midpoint = next(row for row in rows if row["norm"] == "unit" and float(row["tau"]) == 0)
        self.assertEqual(int(at_midpoint["curves"]), len(firsts))
        logs, changes = [], []
        for first in firsts:
            curve = self.query("store", "SELECT step, loss FROM curves WHERE run_id ="
                                        f" '{first['run_id']}' ORDER BY step")
            at = bisect.bisect([row["step"] for row in curve], first["midpoint_step"]) - 1
            logs.append(math.log(curve[at]["loss"]))
            changes.append(logs[-1] - math.log(first["loss_before"]))
        self.assertAlmostEqual(float(at_midpoint["mean_ln_loss"]), sum(logs) / len(logs),
                               delta=0.02)
        self.assertAlmostEqual(float(at_midpoint["ln_change_q0.5"]), quantile(changes, .5),
                               delta=0.02)
        drops = [float(row["ln_change_q0.5"]) for row in rows if row["norm"] == "unit"]
        self.assertGreater(drops[50], drops[70] + 0.1)  # half a width before, and after
        path = self.dir / "curves.json"
        self.crease("transitions", self.store, "--by", "norm", "--curves", path)
        cells = json.loads(path.read_text())["cells"]
        report = self.by("norm")["cells"]
        for cell, full in zip(cells, report):
            self.assertEqual(cell["aligned"], full["aligned"])
            self.assertEqual(cell["survival"], full["survival"])
            self.assertEqual(len(cell["aligned"]["tau"]), 121)

    def test_wrong_arguments(self):
        for words, expected in (
                (["--by", "widht"], "did you mean model.width?"),
                (["--by", "none"], "no such configuration key"),
                (["--by", "norm,model.norm"], "twice"),
                (["--by", ""], "no key"),
                (["--by", "norm", "--curves", "x.png"], ".csv"),
                (["--by", "norm", "--curves", "nowhere/x.csv"], "mkdir"),
                (["--by", "norm", "--stored", "--contrast", "4"], "--contrast"),
                (["--by", "norm", "--sensitivity"], "one at a time"),
                (["--curves", "x.csv"], "--by"),
                (["--contrast", "1"], "from 1.5"),
                (["--minimum-z", "nan"], "from 0"),
                (["--minimum-drop", "0"], "from 0.01"),
                (["--plateau-share", "-1"], "from 0")):
            with self.subTest(words=words):
                done = self.crease("transitions", self.store, *words, code=2)
                self.assertIn(expected, done.stderr)
                self.assertEqual(done.stdout, "")

    def test_a_file_that_cannot_be_written(self):
        (self.dir / "folder.csv").mkdir()
        done = self.crease("transitions", self.store, "--by", "norm", "--curves",
                           self.dir / "folder.csv", code=4)
        self.assertIn("folder.csv", done.stderr)


class SensitivityTest(StoreTest):
    def test_settings_find_what_the_options_find(self):
        report = self.json("transitions", self.store, "--sensitivity")
        self.assertEqual(report["curves"], 32)
        base = self.found()
        total = sum(map(len, base.values()))
        names = {row["setting"] for row in report["settings"]}
        self.assertEqual(names, {"minimum-z", "maximum-p", "minimum-drop", "contrast",
                                 "plateau-share"})
        for row in report["settings"]:
            self.assertEqual(row["base_transitions"], total)
            if row["is_base"]:
                self.assertEqual((row["transitions"], row["agreement"]), (total, 1))
                self.assertEqual(row["runs_with_transition"], len(base))
            if row["value"] in (0.5, 4, 8):
                found = self.found("--" + row["setting"], row["value"])
                self.assertEqual(row["transitions"], sum(map(len, found.values())))
                self.assertEqual(row["runs_with_transition"], len(found))
            either = total + row["transitions"] - row["also_in_base"]
            self.assertAlmostEqual(row["agreement"], row["also_in_base"] / either)
        self.assertEqual(sum(row["is_base"] for row in report["settings"]), 5)
        online = report["online"]
        self.assertEqual(online["transitions"], len(self.json("transitions", self.store)["transitions"]))
        self.assertLessEqual(online["matches"], min(online["alarms"], online["transitions"]))

    def test_table(self):
        text = self.crease("transitions", self.store, "--sensitivity", "--contrast", "3.5").stdout
        self.assertRegex(text, r"(?m)^ +3\.5 +\d+ +\d+ +1\.00  as given$")
        self.assertRegex(text, r"(?m)^plateau-share ")

    def test_csv(self):
        path = self.dir / "curve.csv"
        lines = ["step,loss"]
        for step in range(4000):
            ripple = 0.01 * math.sin(step * 12.9898) * math.cos(step * 78.233)
            lines.append(f"{step},{math.exp(-1 / (1 + math.exp(-(step - 2000) / 40)) + ripple)}")
        path.write_text("\n".join(lines) + "\n")
        report = self.json("transitions", path, "--sensitivity")
        self.assertEqual(report["curves"], 1)
        by_drop = {row["value"]: row["transitions"] for row in report["settings"]
                   if row["setting"] == "minimum-drop"}
        self.assertEqual((by_drop[0.2], by_drop[0.5], by_drop[1]), (1, 1, 0))
        self.assertEqual(self.json("transitions", path, "--minimum-drop", "1")["transitions"], [])
        self.crease("transitions", path, "--by", "width", code=2)


class SparseStoresTest(cli.CliTest):
    def test_without_runs(self):
        (self.dir / "store/shards").mkdir(parents=True)
        self.assertIn("no runs", self.crease("transitions", self.dir / "store", "--by",
                                             "width").stderr)
        report = self.json("transitions", self.dir / "store", "--by", "width", "--stored")
        self.assertEqual((report["cells"], report["log_rank_pairs"]), ([], []))
        self.assertIsNone(report["log_rank"]["p_value"])
        self.assertEqual(self.json("transitions", self.dir / "store", "--sensitivity")["curves"], 0)

    def test_without_a_verdict(self):
        self.run_sweep(self.sweep(seeds=2, steps=5, weights=1), "store")
        report = self.json("transitions", self.dir / "store", "--by", "norm")
        for cell in report["cells"]:
            self.assertEqual((cell["runs"], cell["runs_without_verdict"]), (2, 2))
            self.assertIsNone(cell["share_with_any"]["value"])
            self.assertIsNone(cell["median_first_onset_step"]["value"])
        self.assertEqual(len(report["no_verdict"]), 4)
        self.assertIn("nothing to compare",
                      self.crease("transitions", self.dir / "store", "--by", "norm").stdout)
        rows = self.query("store", "SELECT transitions, time, censored FROM transition_counts"
                                   " JOIN first_transitions USING (run_id)")
        self.assertEqual(rows, [{"transitions": None, "time": None, "censored": None}] * 4)

    def test_without_a_transition(self):
        self.run_sweep(self.sweep(seeds=2, steps=60), "store")
        report = self.json("transitions", self.dir / "store", "--by", "norm",
                           "--minimum-drop", "50")
        for cell in report["cells"]:
            self.assertEqual((cell["runs_censored"], cell["transitions"]), (2, 0))
            self.assertIsNone(cell["median_first_onset_step"]["value"])
            self.assertEqual(cell["survival"]["step"], [0])
            self.assertEqual(set(cell["aligned"]["curves"]), {0})
        self.assertEqual(report["log_rank"]["degrees"], 0)
        settings = self.json("transitions", self.dir / "store", "--sensitivity",
                             "--minimum-drop", "50")["settings"]
        self.assertIn(None, [row["agreement"] for row in settings])


if __name__ == "__main__":
    cli.main()
