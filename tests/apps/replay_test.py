"""crease replay: any step of any run in any detail, and the bits of the store."""
import h5py
import numpy as np
import xarray as xr

import cli


class ReplayTest(cli.CliTest):
    def setUp(self):
        super().setUp()
        sweep = self.sweep(seeds=2, steps=3000, weights=10)
        self.run_sweep(sweep, "store", "--set", "record.checkpoint={every=500}")
        self.run_id = sorted(self.digests("store"))[1]

    def replay(self, *words, code=0):
        return self.json("replay", self.dir / "store", self.run_id, *words, code=code)

    def stored(self, name):
        for path in (self.dir / "store/shards").glob("*.h5"):
            with h5py.File(path) as file:
                ids = list(file["run_id"].asstr())
                if self.run_id in ids:
                    return file[name][ids.index(self.run_id)]
        self.fail("not stored")

    def test_the_whole_run_has_its_digest(self):
        result = self.replay()
        self.assertTrue(result["digest_compared"])
        self.assertGreater(result["values_compared"], 3000 * 11)
        self.assertIsNone(result["out"])

    def test_a_window_is_recorded_densely(self):
        out = self.dir / "dense.h5"
        result = self.replay("--steps", "1010:1020", "--out", out, "--record",
                             "gradients={every=1}")
        self.assertEqual(result["trained_from_step"], 1000)
        self.assertFalse(result["digest_compared"])
        with h5py.File(out) as file:
            self.assertEqual(list(file["step"]), list(range(1010, 1021)))
            self.assertEqual(file["run_id"].asstr()[0], self.run_id)
            np.testing.assert_array_equal(file["loss"][0], self.stored("loss")[1010:1021])
            np.testing.assert_array_equal(file["weights/linear1_weight"][0][::10],
                                          self.stored("weights/linear1_weight")[101:103])
            self.assertEqual(file["gradients/linear0_weight"].shape, (1, 11, 3, 2))
            self.assertEqual(file["activations/norm1_output"].shape, (1, 11, 64, 3))
        with xr.open_dataset(out, engine="h5netcdf", group="activations") as activations:
            self.assertEqual(activations.norm0_output.sel(step=1015, point=7).shape, (1, 3))
        self.crease("verify", out)
        self.crease("info", out)

    def test_the_final_weights_are_a_step(self):
        out = self.dir / "end.h5"
        self.replay("--steps", "2990:", "--out", out, "--record", "activations=\"off\"")
        with h5py.File(out) as file:
            self.assertEqual(list(file["weights/step"]), list(range(2990, 3001)))
            self.assertEqual(list(file["step"]), list(range(2990, 3000)))
            self.assertNotIn("activations", file)
            np.testing.assert_array_equal(file["weights/linear2_bias"][0][-1],
                                          self.stored("weights/linear2_bias")[-1])

    def test_from_the_start(self):
        result = self.replay("--steps", "1010:1020", "--from-start")
        self.assertEqual(result["trained_from_step"], 0)

    def test_wrong_input(self):
        out = self.dir / "there.h5"
        out.write_text("mine")
        for words, complaint in (
                (("--steps", "5"), "A:B"), (("--steps", "9:5"), "before it begins"),
                (("--steps", "0:3001"), "3000"), (("--record", "loss=1"), "record.loss"),
                (("--record", "bursts={before=3}"), "crease run"),
                (("--out", str(out)), "there already"),
                (("--out", str(self.dir / "no/such/file.h5")), "no/such")):
            with self.subTest(words=words):
                code = 4 if "no/such" in complaint else 2
                done = self.crease("replay", self.dir / "store", self.run_id, *words, code=code)
                self.assertIn(complaint, done.stderr)
        self.assertEqual(out.read_text(), "mine")
        for run_id, complaint in (("ffff", "is not in"), ("", "beginning of 4 run ids")):
            done = self.crease("replay", self.dir / "store", run_id, code=2)
            self.assertIn(complaint, done.stderr)


if __name__ == "__main__":
    cli.main()
