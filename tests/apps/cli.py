"""Runs the built `crease` for the end-to-end tests; each script takes its path as first argument."""
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

CREASE = ""

SPIRAL = """
[sweep]
name = "{name}"
question = "Does the program hold its promises?"
[data]
task = "spiral"
points = 64
[model]
width = 3
depth = 2
[train]
steps = {steps}
[record]
weights = {{ every = {weights} }}
[grid]
seed = {{ range = [0, {seeds}] }}
"model.norm" = ["unit", "layernorm"]
"""


def main():
    global CREASE
    CREASE = sys.argv.pop(1)
    unittest.main()


class CliTest(unittest.TestCase):
    """A scratch directory, sweeps of a few small runs, and `crease` as a subprocess."""

    def setUp(self):
        self._scratch = tempfile.TemporaryDirectory(prefix="crease-test-")
        self.addCleanup(self._scratch.cleanup)
        self.dir = pathlib.Path(self._scratch.name)

    def sweep(self, seeds=3, steps=300, weights=10, name="tiny", extra=""):
        path = self.dir / f"{name}.toml"
        path.write_text(SPIRAL.format(name=name, seeds=seeds, steps=steps, weights=weights) + extra)
        return path

    def crease(self, *words, code=0, **options):
        """Runs it and checks the exit code; returns the finished process, output as text."""
        done = subprocess.run([CREASE, *map(str, words)], capture_output=True, text=True,
                              timeout=100, check=False, cwd=self.dir, **options)
        self.assertEqual(done.returncode, code,
                         f"crease {' '.join(map(str, words))}\n{done.stdout}\n{done.stderr}")
        return done

    def json(self, *words, code=0):
        return json.loads(self.crease(*words, "--json", code=code).stdout)

    def run_sweep(self, sweep, store, *words, code=0):
        return self.json("run", sweep, "--store", self.dir / store, *words, code=code)

    def query(self, store, sql):
        done = self.crease("query", self.dir / store, sql, "--format", "json")
        return json.loads(done.stdout)

    def digests(self, store):
        rows = self.query(store, "SELECT run_id, digest FROM runs")
        digests = {row["run_id"]: row["digest"] for row in rows}
        self.assertEqual(len(digests), len(rows), "a run id came twice")
        self.assertTrue(all(len(digest) == 32 for digest in digests.values()))
        return digests

    def leftovers(self, store):
        """Files of a store that are neither final nor derived."""
        return [path.relative_to(self.dir / store).as_posix()
                for path in sorted((self.dir / store).rglob("*"))
                if path.is_file() and path.suffix not in (".h5", ".toml", ".set", ".json")
                and not path.name.startswith("catalog.")]


def environment(**changes):
    """This process's environment with `changes`; None removes a variable."""
    env = dict(os.environ)
    for name, value in changes.items():
        env.pop(name, None)
        if value is not None:
            env[name] = value
    return env
