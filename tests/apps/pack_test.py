"""crease pack as h5py and xarray users meet it. pack_test.py CREASE"""
import json
import os
import pathlib
import signal
import subprocess

import h5py
import numpy as np
import xarray as xr

import cli
from cli import CliTest


def by_run(file, group=""):
    """All that is stored of each run: {run_id: {path: value}}."""
    root = file[group] if group else file
    runs = {run.decode(): {} for run in root["run_id"][...]}
    order = list(runs)

    def add(name, item):
        if not isinstance(item, h5py.Dataset) or name == "run" or h5py.h5ds.is_scale(item.id):
            return
        if len(item.dims[0]) and item.dims[0][0].name.endswith("/run"):
            for row, run in enumerate(order):
                runs[run][name] = item[row].tobytes().rstrip(b"\0")
        elif name.startswith(("transitions/", "bursts/")):
            index = root[name.split("/")[0]]["run_index"][...]
            for row, run in enumerate(order):
                if name.endswith(("/run_index", "/transition")):
                    continue  # positions within the file
                runs[run][name] = item[...][index == row].tobytes()
    root.visititems(add)
    return runs


class Pack(CliTest):
    def setUp(self):
        super().setUp()
        self.sweep_file = self.sweep(seeds=4, steps=2500, extra='"model.width" = [3, 4]\n')
        self.run_sweep(self.sweep_file, "store")

    def stored(self, store="store"):
        runs = {}
        for path in sorted((self.dir / store / "shards").glob("*.h5")):
            with h5py.File(path) as file:
                runs.update(by_run(file))
        return runs

    def pack(self, *words, code=0, store="store", out="packed.h5"):
        return self.crease("pack", store, "--out", out, *words, code=code)

    def test_several_shapes_are_groups(self):
        result = json.loads(self.pack("--json").stdout)
        self.assertEqual((result["runs"], result["shapes"], result["sweeps"]), (16, 2, 1))
        self.assertEqual(result["bytes"], (self.dir / "packed.h5").stat().st_size)
        with h5py.File(self.dir / "packed.h5") as file:
            self.assertEqual(file.attrs["format"], b"crease")
            self.assertEqual(list(file.attrs["format_version"]), [1, 1])
            self.assertEqual(file.attrs["shapes"], 2)
            self.assertEqual(list(file["group"].asstr()), ["shape_0", "shape_1"])
            self.assertEqual(list(file["width"]), [3, 4])
            self.assertEqual(list(file["runs"]), [8, 8])
            self.assertEqual(list(file["sweeps/name"].asstr()), ["tiny"])
            self.assertEqual(file["sweeps/text"].asstr()[0], self.sweep_file.read_text())
            page = (pathlib.Path(__file__).parents[2] / "lib/store/FORMAT.md").read_text()
            for name in [*file, *file.attrs, *file["sweeps"]]:
                self.assertIn(f"`{name}`", page)
            packed = by_run(file, "shape_0") | by_run(file, "shape_1")
        stored = self.stored()
        self.assertEqual(packed.keys(), stored.keys())
        self.assertTrue(any("bursts/step" in run and run["bursts/step"] for run in stored.values()))
        for run, values in stored.items():
            self.assertEqual(packed[run].keys(), values.keys())
            for name, value in values.items():
                self.assertEqual(packed[run][name], value, name)

    def test_xarray_opens_the_groups(self):
        self.pack()
        path = self.dir / "packed.h5"
        with xr.open_dataset(path, engine="h5netcdf") as root:
            groups = root.group.values
            self.assertEqual(list(root.sweep.values), ["tiny", "tiny"])
        for group, width in zip(groups, (3, 4)):
            with xr.open_dataset(path, engine="h5netcdf", group=group) as shape:
                self.assertEqual(shape.loss.dims, ("run", "step"))
                self.assertEqual(set(shape.coords["width"].values), {width})
                self.assertEqual(set(shape.norm.values), {"unit", "layernorm"})
                mean = shape.loss.groupby("norm").mean("run")
                self.assertEqual(mean.shape, (2, shape.sizes["step"]))
                self.assertTrue(np.isfinite(mean).all())
            with xr.open_dataset(path, engine="h5netcdf", group=f"{group}/weights") as weights:
                self.assertEqual(weights.linear1_weight.dims[:2], ("run", "step"))
        for command in (["h5dump", "-H"], ["ncdump", "-h"], ["h5ls", "-r"]):
            subprocess.run([*command, path], check=True, stdout=subprocess.DEVNULL)

    def test_one_shape_is_a_shard(self):
        for seeds in (2, 4):
            self.run_sweep(self.sweep(name="one", seeds=seeds), "one")
        self.assertEqual(len(list((self.dir / "one/shards").iterdir())), 2)
        self.pack(store="one")
        with h5py.File(self.dir / "packed.h5") as file:
            self.assertEqual(file["loss"].shape[0], 8)
            self.assertEqual(file.attrs["sweep_name"], b"one")
            packed = by_run(file)
        stored = self.stored("one")
        for run, values in stored.items():
            for name, value in values.items():
                self.assertEqual(packed[run][name], value, name)
        os.makedirs(self.dir / "new/shards")
        os.rename(self.dir / "packed.h5", self.dir / "new/shards/packed.h5")
        self.assertEqual(self.digests("new"), self.digests("one"))
        self.assertTrue(self.json("verify", "new")["sound"])

    def test_info_and_verify_know_it(self):
        self.pack()
        info = self.json("info", "packed.h5")
        self.assertEqual(info["shape_0"]["runs"], 8)
        self.assertEqual(info["shape_1"]["attributes"]["sweep_name"], "tiny")
        result = self.json("verify", "packed.h5")
        self.assertTrue(result["sound"])
        self.assertEqual(result["runs"], 16)
        path = self.dir / "packed.h5"
        with h5py.File(path) as file:
            place = file["shape_1/loss"].id.get_chunk_info(0).byte_offset + 9
        data = bytearray(path.read_bytes())
        data[place] ^= 1
        path.write_bytes(data)
        done = self.crease("verify", "packed.h5", code=3)
        self.assertIn("packed.h5: /shape_1/loss", done.stderr)

    def test_files_are_not_replaced_unasked(self):
        (self.dir / "packed.h5").write_text("precious")
        self.assertIn("packed.h5", self.pack(code=2).stderr)
        self.assertEqual((self.dir / "packed.h5").read_text(), "precious")
        self.pack("--force")
        self.assertTrue(self.json("verify", "packed.h5")["sound"])

    def test_wrong_input(self):
        self.pack(store="absent", code=2)
        self.pack(out="absent/packed.h5", code=4)
        self.pack(out=".", code=2)
        self.crease("pack", "store", code=2)

    def test_it_can_be_interrupted(self):
        self.run_sweep(self.sweep(name="many", seeds=300, steps=2000), "store")
        process = subprocess.Popen([cli.CREASE, "pack", "store", "--out", "packed.h5"],
                                   cwd=self.dir, stderr=subprocess.PIPE, text=True)
        while not list(self.dir.glob("*.part")) and process.poll() is None:
            pass
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=60)
        self.assertEqual(process.returncode, 130, err)
        self.assertEqual([path.name for path in self.dir.iterdir() if path.suffix != ".toml"],
                         ["store"])


if __name__ == "__main__":
    cli.main()
