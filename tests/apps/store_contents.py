"""What the shards of a store hold, run by run, so that two stores can be compared to the bit."""
import hashlib
import pathlib
from typing import NamedTuple

import h5py
import numpy as np

# They tell when and where a run was trained, and its place in the shard.
NOT_OF_THE_RUN = {"run", "wall_seconds", "transitions/transition", "transitions/run_index",
                  "bursts/row", "bursts/run_index"}


class Run(NamedTuple):
    digest: str
    data_hash: str  # of everything that the shard says of the run
    copies: int


def read(store):
    """{run id: Run}."""
    runs = {}
    for path in sorted(pathlib.Path(store, "shards").iterdir()):
        with h5py.File(path) as file:
            for run_id, digest, data_hash in read_shard(file):
                copies = runs[run_id].copies + 1 if run_id in runs else 1
                runs[run_id] = Run(digest, data_hash, copies)
    return runs


def read_shard(file):
    """(run id, digest, hash of its data) of each run of an open shard."""
    count = len(file["run_id"])
    hashes = [hashlib.sha256() for _ in range(count)]
    for name in names_of(file):
        for run, values in parts(file, name, count):
            hashes[run].update(name.encode() + values)
    ids, digests = (file[name].asstr()[...] for name in ("run_id", "digest"))
    return [(ids[i], digests[i], hashes[i].hexdigest()) for i in range(count)]


def names_of(file):
    names = []
    file.visit(names.append)
    return [name for name in names
            if isinstance(file[name], h5py.Dataset) and name not in NOT_OF_THE_RUN]


def parts(file, name, count):
    """(run, bytes) of a data set: what it says of each run."""
    item, values, group = file[name], file[name][...], name.split("/")[0]
    axis = item.dims[0][0].name if item.dims[0].keys() else ""
    if axis == "/run":
        for run, row in enumerate(values):
            # Texts are as long as the longest of their shard.
            yield run, row.tobytes().rstrip(b"\0") if values.dtype.kind == "S" else row.tobytes()
    elif group in ("transitions", "bursts"):  # ragged: rows of some runs
        owners = file[f"{group}/run_index"][...]
        if name == "bursts/transition":  # a position among the transitions of all runs
            values = values - np.searchsorted(file["transitions/run_index"][...], owners)
        by_row = axis in ("/transitions/transition", "/bursts/row")
        for run in np.unique(owners):
            yield run, (values[owners == run] if by_row else values).tobytes()
    else:
        for run in range(count):
            yield run, values.tobytes()


def difference(expected, found):
    """The first difference in words; "" if there is none."""
    missing, more = expected.keys() - found.keys(), found.keys() - expected.keys()
    if missing or more:
        return f"{len(missing)} runs are missing, {len(more)} are there that should not"
    twice = [run for run, what in found.items() if what.copies > 1]
    if twice:
        return f"{len(twice)} runs are there more than once, {twice[0]} for one"
    for run, what in expected.items():
        if found[run].digest != what.digest:
            return f"run {run} has digest {found[run].digest}, not {what.digest}"
    other = [run for run, what in expected.items() if found[run].data_hash != what.data_hash]
    return f"{len(other)} runs have other data, {other[0]} for one" if other else ""
