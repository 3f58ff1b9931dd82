#!/usr/bin/python3
"""Draws the mean loss of each cell of a store, and the band that holds 80 % of its seeds.

    analysis/example/mean_loss.py STORE OUT.png [KEY ...]

KEYs are the coordinates that tell cells apart (default: norm). Needs Debian's python3-xarray,
python3-h5netcdf and python3-matplotlib, nothing of Crease's.
"""
import pathlib
import sys

import matplotlib.pyplot as plt
import numpy as np
import xarray as xr

store, out, *keys = sys.argv[1:]
keys = keys or ["norm"]
shards = [xr.open_dataset(path, engine="h5netcdf").loss
          for path in sorted(pathlib.Path(store, "shards").glob("*.h5"))]
loss = xr.concat(shards, "run")
loss = loss.isel(run=np.unique(loss.run_id, return_index=True)[1])  # a run may be in two shards
cells = [" ".join(f"{key} {value}" for key, value in zip(keys, values))
         for values in zip(*(loss[key].values for key in keys))]
figure, axes = plt.subplots(figsize=(8, 5))
for cell, runs in loss.groupby(xr.DataArray(cells, dims="run", name="cell")):
    axes.plot(loss.step, runs.mean("run"), label=f"{cell} ({runs.sizes['run']} seeds)")
    axes.fill_between(loss.step, *runs.quantile([.1, .9], "run"), alpha=.25, linewidth=0)
axes.set(xlabel="step", ylabel=f"{loss.long_name.split(',')[0]} ({loss.units})", yscale="log",
         title="mean over seeds, and the band of 80 % of them")
axes.legend(loc="lower left", fontsize="small")
figure.savefig(out, dpi=150, bbox_inches="tight")
