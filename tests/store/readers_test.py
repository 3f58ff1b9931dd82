"""Shards as others read them: h5py, xarray with h5netcdf, h5dump, ncdump. readers_test.py SAMPLE"""
import json
import math
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

import h5py
import numpy as np
import xarray as xr

SAMPLE = sys.argv.pop(1)
RUNS, STEPS, WIDTH, DEPTH = 12, 5000, 3, 2


def sample_value(seed, array, index):
    """fixture.cpp's SampleValue, for a whole array of indices."""
    at = index.astype(np.float32)
    value = np.sqrt(at + np.float32(1.5)) * np.float32(len(array))
    value = value + np.float32(seed) / (at + np.float32(1))
    if seed % 7 == 6 and array == "loss":
        value[index > 100] = np.nan
    return value


class Readers(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.store = tempfile.mkdtemp(prefix="crease-readers-")
        subprocess.run([SAMPLE, cls.store], check=True)
        (cls.path,) = map(str, pathlib.Path(cls.store, "shards").glob("*.h5"))

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.store)

    def open(self, group=None):
        return xr.open_dataset(self.path, engine="h5netcdf", group=group)

    def test_h5py_reads_every_byte(self):
        with h5py.File(self.path) as file:
            datasets = []
            file.visititems(lambda name, item: datasets.append(name)
                            if isinstance(item, h5py.Dataset) else None)
            for name in datasets:
                file[name][...]
            self.assertGreater(len(datasets), 80)
            self.assertEqual(file.attrs["format"], b"crease")
            self.assertEqual(list(file.attrs["format_version"]), [1, 1])
            self.assertEqual(file["loss"].shape, (RUNS, STEPS + 1))
            self.assertEqual(file["run_id"].dtype, np.dtype("S32"))
            for row, seed in enumerate(file["seed"]):
                for name in ("loss", "accuracy"):
                    np.testing.assert_array_equal(
                        file[name][row], sample_value(seed, name, np.arange(STEPS + 1)))
                weights = file["weights/linear1_weight"][row]
                expected = sample_value(seed, "weights/linear1_weight", np.arange(weights.size))
                np.testing.assert_array_equal(weights.ravel(), expected)

    def test_every_value_is_compressed_and_checksummed_by_standard_filters(self):
        with h5py.File(self.path) as file:
            def check(name, item):
                if not isinstance(item, h5py.Dataset) or item.chunks is None:
                    return
                self.assertEqual(item.compression, "gzip", name)
                self.assertTrue(item.shuffle and item.fletcher32, name)
            file.visititems(check)

    def test_every_axis_is_a_named_dimension_scale(self):
        with h5py.File(self.path) as file:
            def check(name, item):
                if not isinstance(item, h5py.Dataset) or h5py.h5ds.is_scale(item.id):
                    return
                for dimension in item.dims:
                    self.assertEqual(len(dimension), 1, name)
            file.visititems(check)
            axes = [dim.keys() and dim[0].name for dim in file["weights/linear1_weight"].dims]
            self.assertEqual(axes[:2], ["/run", "/weights/step"])

    def test_xarray_has_the_keys_as_coordinates(self):
        with self.open() as root:
            self.assertEqual(root.loss.dims, ("run", "step"))
            self.assertEqual(root.grad_norm.dims, ("run", "step", "linear"))
            for name in ("run_id", "seed", "norm", "lr", "width", "outcome", "loss_function",
                         "affine", "path"):
                self.assertIn(name, root.coords)
                self.assertEqual(root[name].dims, ("run",), name)
            self.assertEqual(root.affine.dtype, bool)
            self.assertEqual(set(root.norm.values), {"unit"})
            self.assertEqual(set(root.path.values), {""})
            self.assertIn("few points to say – fewer", root.no_verdict.values[4])
            self.assertEqual(root.loss.attrs["units"], "nats")
            for text in root.config.values:
                self.assertEqual(json.loads(text)["model"]["width"], WIDTH)

    def test_xarray_selects_by_coordinates(self):
        with self.open() as root:
            late = root.loss.sel(step=slice(1000, 1010))
            self.assertEqual(late.shape, (RUNS, 11))
            seeds = root.swap_dims(run="seed").sel(seed=5)
            np.testing.assert_array_equal(seeds.loss,
                                          sample_value(5, "loss", np.arange(STEPS + 1)))
            self.assertEqual(root.where(root.outcome == "diverged", drop=True).sizes["run"], 1)
            self.assertEqual(root.where(root.lr == 0.02, drop=True).sizes["run"], RUNS // 2)

    def test_xarray_opens_the_groups(self):
        with self.open("weights") as weights:
            self.assertEqual(weights.linear1_weight.shape,
                             (RUNS, STEPS // 10 + 1, WIDTH, WIDTH))
            self.assertEqual(weights.linear1_weight.sel(step=4000).dims,
                             ("run", "linear1_out", "linear1_in"))
        with self.open("activations") as activations:
            self.assertEqual(activations.linear2_output.sel(step=300, point=2).shape, (RUNS, 2))
        with self.open("transitions") as transitions:
            self.assertEqual(transitions.sizes["transition"], 12)
            self.assertEqual(transitions.open.dtype, bool)
            self.assertAlmostEqual(float(transitions.drop_nats[0]), math.log(7))
        with self.open("data") as data:
            self.assertEqual(data.x.shape, (40, 2))
            self.assertEqual(data.y_test.shape, (20,))
            self.assertEqual(data.attrs["task"], "spiral")

    def test_h5web_finds_the_loss(self):
        with h5py.File(self.path) as file:
            self.assertEqual(file.attrs["NX_class"], b"NXdata")
            self.assertIn(file.attrs["signal"].decode(), file)
            self.assertIn(file.attrs["default"].decode(), file)
            axes = [axis.decode() for axis in file.attrs["axes"]]
            self.assertEqual(axes, ["run", "step"])

    def test_command_line_tools_show_the_header(self):
        for command in (["h5dump", "-H"], ["ncdump", "-h"]):
            self.assertIsNotNone(shutil.which(command[0]), f"{command[0]} is not installed")
            shown = subprocess.run([*command, self.path], capture_output=True, text=True)
            self.assertEqual(shown.returncode, 0, shown.stderr)
            self.assertEqual(shown.stderr, "")
            self.assertIn("loss", shown.stdout)
        self.assertIn("float loss(run, step) ;", shown.stdout)
        self.assertIn("string norm(run) ;", shown.stdout)
        self.assertIn("float linear1_weight(run, step, linear1_out, linear1_in) ;", shown.stdout)

    def test_a_copy_made_by_xarray_says_the_same(self):
        # Curves only: xarray forgets the encoding of texts when it writes them.
        with self.open() as root:
            curves = root[["loss", "grad_norm"]].reset_coords(drop=True)
            copy = pathlib.Path(self.store, "copy.nc")
            curves.to_netcdf(copy, engine="h5netcdf")
            with xr.open_dataset(copy, engine="h5netcdf") as again:
                xr.testing.assert_identical(curves, again)

    def test_the_page_names_every_data_set(self):
        page = (pathlib.Path(__file__).parents[2] / "lib/store/FORMAT.md").read_text()
        with h5py.File(self.path) as file:
            for name in file:
                self.assertIn(f"`{name}`", page)
            for name in file.attrs:
                self.assertIn(f"`{name}`", page)
            for name in file["transitions"]:
                self.assertIn(f"`{name}`", page)
            for name in file["data"].attrs:
                self.assertIn(f"`{name}`", page)


if __name__ == "__main__":
    unittest.main()
