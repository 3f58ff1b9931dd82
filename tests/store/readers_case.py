"""A store of a small sweep, for the tests that read it with other people's tools.

Scripts take the path of `crease` as their first argument.
"""
import pathlib
import subprocess
import sys
import tempfile
import unittest

import h5py
import numpy as np

SWEEP = """
[sweep]
name = "cells"
question = "Can others read this?"
[data]
task = "spiral"
points = 64
[train]
steps = 4000
[record]
weights = { every = 10 }
activations = { every = 500, points = 8 }
[grid]
seed = { range = [0, 3] }
"train.lr" = [3e-3, 1e-2]
"model.norm" = ["unit", "layernorm"]
"model.width" = [2, 3]
"""
SEEDS, RATES, NORMS, WIDTHS, STEPS = range(3), (3e-3, 1e-2), ("layernorm", "unit"), (2, 3), 4000
RUNS_A_SHARD = 12  # widths differ in shape, hence in shard
CREASE = ""


def main():
    global CREASE
    CREASE = sys.argv.pop(1)
    unittest.main()


class ReadersCase(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        scratch = tempfile.TemporaryDirectory(prefix="crease-readers-")
        cls.addClassCleanup(scratch.cleanup)
        cls.dir = pathlib.Path(scratch.name)
        (cls.dir / "cells.toml").write_text(SWEEP)
        cls.store = cls.dir / "store"
        subprocess.run([CREASE, "run", cls.dir / "cells.toml", "--store", cls.store], check=True,
                       capture_output=True)
        # By width.
        cls.shards = sorted((cls.store / "shards").glob("*.h5"),
                            key=lambda path: cls.raw(path, "width")[0])
        assert len(cls.shards) == 2

    @staticmethod
    def raw(path, name):
        """An array as h5py has it; texts as text."""
        with h5py.File(path) as file:
            values = file[name]
            return values.asstr()[...] if values.dtype.kind == "S" else np.array(values)
