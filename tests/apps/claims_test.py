"""Two `crease run`s of the same sweep into the same store, by mistake: no run is trained twice."""
import json
import pathlib
import signal
import subprocess
import time

import cli


class ClaimsTest(cli.CliTest):
    def start(self, sweep, *words):
        return subprocess.Popen(
            [cli.CREASE, "run", str(sweep), "--store", str(self.dir / "store"), "--threads", "1",
             "--json", *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def wait_for_claims(self, process):
        for _ in range(600):
            if list(pathlib.Path(self.dir).glob("store/tmp/*.claims")):
                return
            self.assertIsNone(process.poll())
            time.sleep(0.02)
        self.fail("no claims")

    def end(self, process, code=0):
        out, messages = process.communicate(timeout=100)
        self.assertEqual(process.returncode, code, messages)
        return json.loads(out), messages

    def trained(self):
        """Every run on disk, as often as it is there."""
        rows = self.query("store", "SELECT sum(runs) AS rows, sum(superseded_runs) AS again "
                                   "FROM shards")
        return rows[0]["rows"], rows[0]["again"]

    def test_the_second_leaves_everything_to_the_first(self):
        sweep = self.sweep(seeds=150, steps=3000)
        first = self.start(sweep)
        self.wait_for_claims(first)
        second, messages = self.end(self.start(sweep))
        self.assertIn(f"being trained by process {first.pid} on ", messages)
        self.assertIn(": left to it", messages)
        self.assertEqual(second["runs_trained"], 0)
        self.assertGreater(second["runs_elsewhere"], 0)
        self.assertEqual(second["runs_elsewhere"] + second["runs_present"], 300)
        first, _ = self.end(first)
        self.assertEqual((first["runs_trained"], first["runs_elsewhere"]), (300, 0))
        self.assertEqual(self.trained(), (300, 0))
        self.assertEqual(self.leftovers("store"), [])

    def test_the_second_trains_what_is_left(self):
        sweep = self.sweep(seeds=150, steps=3000)
        first = self.start(sweep, "--shard", "1/2")
        self.wait_for_claims(first)
        second, _ = self.end(self.start(sweep))
        first, _ = self.end(first)
        self.assertEqual(second["runs_elsewhere"], first["runs_trained"])
        self.assertEqual(first["runs_trained"] + second["runs_trained"], 300)
        self.assertEqual(self.trained(), (300, 0))

    def test_many_at_the_same_moment(self):
        sweep = self.sweep(seeds=30, steps=1000)
        done = [self.end(process)[0] for process in [self.start(sweep) for _ in range(6)]]
        self.assertEqual(sum(one["runs_trained"] for one in done), 60)
        self.assertEqual(self.trained(), (60, 0))
        self.assertEqual(self.leftovers("store"), [])

    def test_claims_of_the_dead_are_void(self):
        sweep = self.sweep(seeds=400, steps=20000)
        process = self.start(sweep)
        self.wait_for_claims(process)
        process.send_signal(signal.SIGKILL)
        process.communicate(timeout=60)
        self.assertTrue(list(pathlib.Path(self.dir).glob("store/tmp/*.claims")))
        few = self.run_sweep(self.sweep(seeds=2, steps=20000, name="few"), "store")
        self.assertEqual((few["runs_elsewhere"], few["runs_present"] + few["runs_trained"]), (0, 4))
        self.assertEqual(self.leftovers("store"), [])


class OtherDirectoriesTest(cli.CliTest):
    def test_a_directory_that_is_something_else_is_refused(self):
        sweep = self.sweep()
        home = self.dir / "home"
        home.mkdir()
        (home / "thesis.tex").write_text("")
        for command in ("run", "plan"):
            done = self.crease(command, sweep, "--store", home, code=2)
            self.assertIn(str(home), done.stderr)
            self.assertIn("remedy", done.stderr)
        self.assertEqual([path.name for path in home.iterdir()], ["thesis.tex"])
        (self.dir / "empty").mkdir()
        self.run_sweep(sweep, "empty")


if __name__ == "__main__":
    cli.main()
