"""Shards under h5ls, h5dump, ncdump and h5wasm (what H5Web reads files with).

readers_tools_test.py CREASE BUILD_FOLDER: h5wasm comes from npm and stays in BUILD_FOLDER.
"""
import hashlib
import json
import pathlib
import re
import shutil
import subprocess
import sys
import tarfile
import unittest

import h5py
import numpy as np
import readers_case
from readers_case import RUNS_A_SHARD, STEPS

HERE = pathlib.Path(__file__).parent
H5WASM_SHA256 = "856939dbd3fb35dcad1f45f637f80c8f167a315abe839c8e8560f8b2bdf9b837"
BUILD = pathlib.Path(sys.argv.pop(2) if len(sys.argv) > 2 else ".")
NUMBER = re.compile(r"-?(?:\d+\.?\d*(?:e[-+]?\d+)?|nan|inf)\b", re.IGNORECASE)


class CommandLineTest(readers_case.ReadersCase):
    def shown(self, *command):
        self.assertIsNotNone(shutil.which(command[0]), f"{command[0]} is not installed")
        done = subprocess.run([*map(str, command)], capture_output=True, text=True)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        return done.stdout

    def numbers(self, text):
        return np.array([float(number) for number in NUMBER.findall(text)])

    def test_h5ls_lists_every_data_set(self):
        lines = self.shown("h5ls", "-r", self.shards[1]).splitlines()
        shapes = {line.split()[0]: line for line in lines}
        self.assertRegex(shapes["/loss"], rf"Dataset {{{RUNS_A_SHARD}, {STEPS}}}")
        self.assertRegex(shapes["/transitions"], "Group")
        self.assertIn("/weights/linear0_weight", shapes)
        self.assertNotIn("Error", "\n".join(lines))

    def test_h5dump_reads_values(self):
        text = self.shown("h5dump", "-y", "-m", "%.9g", "-d", f"/loss[2,0;1,1;1,{STEPS}]",
                          self.shards[1])
        begin = text.index("DATA {")
        values = self.numbers(text[begin:text.index("}", begin)])
        np.testing.assert_array_equal(values.astype(np.float32),
                                      self.raw(self.shards[1], "loss")[2])
        self.assertIn('"unit\\000', self.shown("h5dump", "-d", "/norm", self.shards[1]))
        self.shown("h5dump", self.shards[0])

    def test_ncdump_reads_header_and_values(self):
        header = self.shown("ncdump", "-h", self.shards[1])
        for line in (f"run = {RUNS_A_SHARD} ;", f"step = {STEPS} ;", "float loss(run, step) ;",
                     "group: weights {", "group: transitions {"):
            self.assertIn(line, header)
        text = self.shown("ncdump", "-p", "9,17", "-v", "loss", self.shards[1])
        values = self.numbers(text[text.index(" loss =", text.index("data:")) + 7:])
        np.testing.assert_array_equal(values[:RUNS_A_SHARD * STEPS].astype(np.float32),
                                      self.raw(self.shards[1], "loss").ravel())


class TrapsOfHdf5Test(readers_case.ReadersCase):
    """What makes files slow or unreadable elsewhere, and is not in ours."""

    def each_dataset(self):
        for path in self.shards:
            with h5py.File(path) as file:
                found = []
                file.visititems(lambda name, item: found.append(item)
                                if isinstance(item, h5py.Dataset) else None)
                yield from found

    def test_a_chunk_fits_into_everybodys_chunk_cache(self):
        # A chunk that does not is decoded anew for every row that is read. The default is 1 MiB.
        for dataset in self.each_dataset():
            if dataset.chunks is not None:
                size = int(np.prod(dataset.chunks)) * dataset.dtype.itemsize
                self.assertLessEqual(size, 512 << 10, dataset.name)

    def test_texts_have_a_fixed_length(self):
        # Texts of variable length lie in a heap of their own: slow, and without checksums.
        texts = 0
        for dataset in self.each_dataset():
            text = h5py.check_string_dtype(dataset.dtype)
            self.assertIsNone(h5py.check_vlen_dtype(dataset.dtype), dataset.name)
            if text is not None:
                texts += 1
                self.assertIsNotNone(text.length, dataset.name)
                self.assertEqual(text.encoding, "utf-8", dataset.name)
            for name in dataset.attrs:
                kind = dataset.attrs.get_id(name).dtype
                if h5py.check_string_dtype(kind) is not None:
                    self.assertIsNotNone(h5py.check_string_dtype(kind).length, name)
        self.assertGreater(texts, 20)


class H5wasmTest(readers_case.ReadersCase):
    def fetched(self):
        """The folder with read.mjs and h5wasm beside it."""
        for program in ("node", "npm"):
            if shutil.which(program) is None:
                self.skipTest(f"{program} is not installed")
        version = json.loads((HERE / "h5wasm/package.json").read_text())["dependencies"]["h5wasm"]
        folder = BUILD / f"h5wasm-{version}"
        for name in ("package.json", "read.mjs"):
            folder.mkdir(parents=True, exist_ok=True)
            shutil.copy(HERE / "h5wasm" / name, folder)
        package = folder / "node_modules/h5wasm"
        if package.is_dir():
            return folder
        fetched = subprocess.run(["npm", "pack", "--silent", f"h5wasm@{version}"], cwd=folder,
                                 capture_output=True, text=True)
        archive = folder / f"h5wasm-{version}.tgz"
        if fetched.returncode != 0 or not archive.is_file():
            self.skipTest(f"npm cannot fetch h5wasm {version}: {fetched.stderr.strip()[-300:]}")
        self.assertEqual(hashlib.sha256(archive.read_bytes()).hexdigest(), H5WASM_SHA256)
        with tarfile.open(archive) as tar:
            tar.extractall(folder)
        package.parent.mkdir(exist_ok=True)
        (folder / "package").rename(package)
        return folder

    def test_a_browsers_hdf5_reads_every_value(self):
        folder = self.fetched()
        done = subprocess.run(["node", folder / "read.mjs", self.shards[1]], cwd=folder,
                              capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stderr)
        found = json.loads(done.stdout)
        self.assertGreater(len(found["datasets"]), 80)
        self.assertEqual(found["datasets"]["loss"], [RUNS_A_SHARD, STEPS])
        self.assertEqual((found["signal"], found["nexus_class"], found["axes"]),
                         ("loss", "NXdata", ["run", "step"]))
        np.testing.assert_array_equal(np.array(found["loss"], dtype=np.float32),
                                      self.raw(self.shards[1], "loss").ravel())
        self.assertEqual(found["norm"], list(self.raw(self.shards[1], "norm")))
        np.testing.assert_array_equal(found["onset_step"],
                                      self.raw(self.shards[1], "transitions/onset_step"))


if __name__ == "__main__":
    readers_case.main()
