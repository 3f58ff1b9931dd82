"""What a user of Python does with a store: xarray, pandas, netCDF4, PyTables, the example."""
import pathlib
import subprocess
import unittest
import warnings

import numpy as np
import readers_case
import xarray as xr
from readers_case import NORMS, RATES, RUNS_A_SHARD, SEEDS, STEPS, WIDTHS

EXAMPLE = pathlib.Path(__file__).parents[2] / "analysis/example/mean_loss.py"


class XarrayTest(readers_case.ReadersCase):
    def setUp(self):
        self.opened = [xr.open_dataset(path, engine="h5netcdf") for path in self.shards]
        for dataset in self.opened:
            self.addCleanup(dataset.close)
        self.shard = self.opened[1]
        self.loss = self.raw(self.shards[1], "loss")
        self.columns = {name: self.raw(self.shards[1], name) for name in ("seed", "lr", "norm")}

    def where(self, **values):
        return np.all([self.columns[name] == value for name, value in values.items()], axis=0)

    def test_curves_are_selected_by_step_and_by_configuration(self):
        np.testing.assert_array_equal(self.shard.loss.sel(step=1000), self.loss[:, 1000])
        np.testing.assert_array_equal(self.shard.loss.sel(step=slice(10, 20)), self.loss[:, 10:21])
        unit = self.shard.loss.isel(run=self.shard.norm == "unit")
        np.testing.assert_array_equal(unit, self.loss[self.where(norm="unit")])

    def test_means_over_seeds(self):
        means = self.shard.loss.groupby("norm").mean("run")
        self.assertEqual(means.dims, ("norm", "step"))
        self.assertEqual(tuple(means.norm.values), NORMS)
        for norm in NORMS:
            np.testing.assert_allclose(means.sel(norm=norm),
                                       self.loss[self.where(norm=norm)].mean(axis=0), rtol=1e-5)

    def test_seeds_and_rates_become_axes(self):
        cube = self.shard.loss.set_index(run=["norm", "lr", "seed"]).unstack("run")
        self.assertEqual(dict(cube.sizes), {"step": STEPS, "norm": 2, "lr": 2, "seed": 3})
        for norm in NORMS:
            for rate in RATES:
                for seed in SEEDS:
                    (row,) = self.loss[self.where(norm=norm, lr=rate, seed=seed)]
                    np.testing.assert_array_equal(cube.sel(norm=norm, lr=rate, seed=seed), row)
        spread = cube.std("seed")
        self.assertEqual(set(spread.dims), {"step", "norm", "lr"})

    def test_shards_of_several_shapes_are_joined(self):
        both = xr.concat([dataset.loss for dataset in self.opened], "run")
        self.assertEqual(both.sizes["run"], 2 * RUNS_A_SHARD)
        means = both.groupby("width").mean("run")
        self.assertEqual(tuple(means.width.values), WIDTHS)
        for path, mean in zip(self.shards, means):
            np.testing.assert_allclose(mean, self.raw(path, "loss").mean(axis=0), rtol=1e-5)
        whole = xr.concat([dataset.drop_dims("linear") for dataset in self.opened], "run",
                          combine_attrs="drop_conflicts")
        self.assertEqual(len(set(whole.run_id.values)), 2 * RUNS_A_SHARD)

    def test_columns_make_a_table_of_pandas(self):
        names = ["run_id", "seed", "norm", "lr", "affine", "outcome", "final_loss"]
        runs = self.shard.reset_coords()[names].to_dataframe()
        self.assertEqual(len(runs), RUNS_A_SHARD)
        self.assertEqual(runs.affine.dtype, bool)
        self.assertEqual(runs.seed.dtype, np.int64)
        self.assertEqual(set(runs.outcome), {"completed"})
        medians = runs.groupby(["norm", "lr"]).final_loss.median()
        final = self.raw(self.shards[1], "final_loss")
        for norm in NORMS:
            for rate in RATES:
                self.assertEqual(medians[norm, rate],
                                 np.median(final[self.where(norm=norm, lr=rate)]))

    def test_transitions_are_joined_with_their_runs(self):
        with xr.open_dataset(self.shards[1], engine="h5netcdf", group="transitions") as group:
            found = group.to_dataframe()
        self.assertGreater(len(found), 0, "the sweep is too short to show anything")
        runs = self.shard.reset_coords()[["run_id", "norm"]].to_dataframe()
        joined = found.join(runs, on="run_index")
        self.assertEqual(len(joined), len(found))
        ids = self.raw(self.shards[1], "run_id")
        self.assertEqual(list(joined.run_id), [ids[row] for row in found.run_index])

    def test_weights_and_activations_have_steps_of_their_own(self):
        for group, name, every in (("weights", "linear0_weight", 10),
                                   ("activations", "norm1_output", 500)):
            with xr.open_dataset(self.shards[1], engine="h5netcdf", group=group) as dataset:
                values = dataset[name].sel(step=every)
                np.testing.assert_array_equal(values, self.raw(self.shards[1],
                                                               f"{group}/{name}")[:, 1])


class NetCdfTest(readers_case.ReadersCase):
    def test_netcdf4_python_reads_dimensions_and_values(self):
        warnings.simplefilter("ignore")  # built for another numpy
        import netCDF4
        version = tuple(map(int, netCDF4.__netcdf4libversion__.split(".")[:3]))
        with netCDF4.Dataset(self.shards[0]) as file:
            self.assertEqual(file["loss"].dimensions, ("run", "step"))
            self.assertEqual(file["loss"].units, "nats")
            np.testing.assert_array_equal(file["loss"][:], self.raw(self.shards[0], "loss"))
            # netCDF-C before 4.9.1 reads the first of several texts of fixed length and takes
            # whatever comes then for the others (its pull request 2466): it crashes.
            if version >= (4, 9, 1):
                self.assertEqual(list(file["norm"][:]), list(self.raw(self.shards[0], "norm")))
            np.testing.assert_array_equal(file["weights"]["linear1_weight"][:],
                                          self.raw(self.shards[0], "weights/linear1_weight"))
            self.assertIn("transitions", file.groups)
            self.assertEqual(file.format, "crease")


class PyTablesTest(readers_case.ReadersCase):
    def test_pytables_reads_arrays_and_columns(self):
        import tables
        # It knows no references, which netCDF's dimensions are made of, and says so.
        warnings.simplefilter("ignore")
        with tables.open_file(str(self.shards[1])) as file:
            for path in ("loss", "grad_norm", "seed", "lr", "transitions/onset_step",
                         "transitions/drop_nats", "weights/linear1_weight"):
                np.testing.assert_array_equal(file.get_node("/" + path)[:],
                                              self.raw(self.shards[1], path))
            self.assertEqual([text.decode() for text in file.root.norm[:]],
                             list(self.raw(self.shards[1], "norm")))
            self.assertEqual(file.root.loss[3, 100], self.raw(self.shards[1], "loss")[3, 100])


class ExampleTest(readers_case.ReadersCase):
    def test_the_example_draws_a_picture(self):
        picture = self.dir / "loss.png"
        done = subprocess.run([EXAMPLE, self.store, picture, "norm", "width"],
                              capture_output=True, text=True)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        import matplotlib.image
        image = matplotlib.image.imread(picture)
        self.assertGreater(image.shape[1], 600)
        # A curve and a band for each of four cells: colours beside white, black and grey.
        colours = np.unique((image[..., :3] * 255).astype(int).reshape(-1, 3), axis=0)
        spread = colours.max(axis=1) - colours.min(axis=1)
        self.assertGreater((spread > 100).sum(), 4)


if __name__ == "__main__":
    readers_case.main()
