"""What the shards of a store hold, run by run, so that two stores can be compared to the bit."""
import collections
import hashlib
import pathlib
from typing import NamedTuple

import h5py

# They tell when and where a run was trained.
NOT_OF_THE_RUN = {"run", "wall_seconds"}


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
    count = len(file["run_id"])
    hashes = [hashlib.sha256() for _ in range(count)]

    def add(name, item):
        if not isinstance(item, h5py.Dataset) or name in NOT_OF_THE_RUN:
            return
        values = item[...]
        if name.startswith("transitions/"):
            for row, run in zip(values, file["transitions/run_index"][...]):
                hashes[run].update(name.encode() + row.tobytes())
        elif item.dims[0].keys() and item.dims[0][0].name == "/run":
            for row, one in zip(values, hashes):
                # Texts are as long as the longest of their shard.
                one.update(name.encode() + (row.tobytes().rstrip(b"\0") if values.dtype.kind == "S"
                                            else row.tobytes()))
        else:
            for one in hashes:
                one.update(name.encode() + values.tobytes())
    with_position = "transitions/transition", "transitions/run_index"
    names = []
    file.visit(names.append)
    for name in names:
        if name not in with_position:
            add(name, file[name])
    ids, digests = (file[name].asstr()[...] for name in ("run_id", "digest"))
    return [(ids[i], digests[i], hashes[i].hexdigest()) for i in range(count)]


def difference(expected, found):
    """The first difference in words; "" if there is none."""
    missing, more = expected.keys() - found.keys(), found.keys() - expected.keys()
    if missing or more:
        return f"{len(missing)} runs are missing, {len(more)} are there that should not"
    twice = [run for run, what in found.items() if what.copies > 1]
    if twice:
        return f"{len(twice)} runs are there more than once, {twice[0]} for one"
    counts = collections.Counter()
    for run, what in expected.items():
        if found[run].digest != what.digest:
            return f"run {run} has digest {found[run].digest}, not {what.digest}"
        counts["other data"] += found[run].data_hash != what.data_hash
    return f"{counts['other data']} runs have other data" if counts["other data"] else ""
