"""Data files and stores that are missing, malformed or damaged, and a system that refuses."""
import contextlib
import gzip
import os
import pathlib
import struct
import subprocess

from bad_input_case import Case, Skip
from bad_sweeps import with_lines

RUN = ["run", "data.toml", "--store", "store"]
SELECT = "SELECT run_id FROM runs"
CSV = "a,b,label\n" + "".join(f"{i},{i * i},{i % 2}\n" for i in range(8))


def data_sweep(task, **keys):
    lines = [f'task = "{task}"'] + [f'{key} = "{value}"' for key, value in keys.items()]
    text = with_lines("[data]", *lines).replace("points = 40\n", "")
    if keys.get("kind") == "regression":
        text = text.replace("[train]", '[train]\nloss = "mse"')
    return text


def csv(name, text, *says, code=2, **keys):
    return Case(f"csv: {name}", RUN, code, says or [r"points\.csv"],
                files={"data.toml": data_sweep("csv", path="points.csv", **keys),
                       "points.csv": text})


def edited(row, text):
    rows = CSV.splitlines()
    rows[row] = text
    return "\n".join(rows) + "\n"


CSV_CASES = [
    Case("csv: no path", RUN, 2, ["data.path|path"], files={"data.toml": data_sweep("csv")}),
    Case("csv: no such file", RUN, 2, [r"absent\.csv"],
         files={"data.toml": data_sweep("csv", path="absent.csv")}),
    Case("csv: a directory", RUN, 2, ["empty", "directory"], directories=["empty"],
         files={"data.toml": data_sweep("csv", path="empty")}),
    Case("csv: no such test file", RUN, 2, [r"absent\.csv"],
         files={"data.toml": data_sweep("csv", path="points.csv", test_path="absent.csv"),
                "points.csv": CSV}),
    csv("empty", ""),
    csv("header only", "a,b,label\n"),
    csv("a single point", "a,b,label\n1,2,0\n"),
    csv("short row", edited(3, "1,2"), r"points\.csv:4", "columns"),
    csv("long row", edited(3, "1,2,0,4"), r"points\.csv:4", "columns"),
    csv("text for a number", edited(5, "1,two,0"), r"points\.csv:6", "two"),
    csv("nan", edited(5, "1,nan,0"), r"points\.csv:6", "nan"),
    csv("infinity", edited(5, "1,inf,0"), r"points\.csv:6", "inf"),
    csv("beyond float", edited(5, "1,1e300,0"), r"points\.csv:6", "1e300"),
    csv("empty cell", edited(5, "1,,0"), r"points\.csv:6"),
    csv("quote without end", edited(2, '1,"2,0'), r"points\.csv:3", "quote"),
    csv("zero bytes", b"a,b,label\n\0\0\0\n", r"points\.csv:2"),
    csv("binary", bytes(range(1, 256)) * 20),
    csv("unknown target", CSV, "points.csv", "lable", target="lable"),
    csv("unknown column", CSV, "points.csv", "c", columns="a,c"),
    csv("target among the inputs", CSV, "label|target|columns", columns="a,label", target="label"),
    csv("target of text for a regression", edited(4, "1,2,yes"), r"points\.csv:5", "yes",
        kind="regression"),
    csv("one class only", "a,b,label\n1,2,0\n3,4,0\n5,6,0\n"),
    csv("cut gzip", gzip.compress(CSV.encode())[:-9]),
]


def hdf5(name, write, *says, **keys):
    def prepare(folder):
        import h5py
        with h5py.File(folder / "points.h5", "w") as file:
            write(file)
    return Case(f"hdf5: {name}", RUN, 2, [r"points\.h5", *says], prepare=prepare,
                files={"data.toml": data_sweep("hdf5", path="points.h5", **keys)})


def pairs(x, y):
    def write(file):
        file["x"], file["y"] = x, y
    return write


def cut(folder):
    import h5py
    with h5py.File(folder / "points.h5", "w") as file:
        file["x"], file["y"] = [[1.0, 2.0]] * 5000, [0, 1] * 2500
    os.truncate(folder / "points.h5", 20000)


HDF5_CASES = [
    Case("hdf5: text", RUN, 2, [r"points\.h5", "HDF5"],
         files={"data.toml": data_sweep("hdf5", path="points.h5"), "points.h5": CSV}),
    Case("hdf5: cut short", RUN, 2, [r"points\.h5"], prepare=cut,
         files={"data.toml": data_sweep("hdf5", path="points.h5")}),
    hdf5("no data set of targets", lambda file: file.create_dataset("x", data=[[1.0], [2.0]]), "y"),
    hdf5("unknown data set", pairs([[1.0], [2.0]], [0, 1]), "images", columns="images"),
    hdf5("lengths differ", pairs([[1.0], [2.0], [3.0]], [0, 1]), "3", "2"),
    hdf5("no points", pairs([], [])),
    hdf5("strings for numbers", pairs([[b"a"], [b"b"]], [0, 1]), "x"),
    hdf5("nan", pairs([[1.0], [float("nan")], [2.0]], [0, 1, 0]), "x"),
    hdf5("group for a data set", lambda file: (file.create_group("x"), file.create_group("y"))),
    hdf5("a scalar", pairs(1.0, 0)),
]


def idx_bytes(type_code, extents, contents):
    return (struct.pack(">BBBB", 0, 0, type_code, len(extents))
            + b"".join(struct.pack(">I", extent) for extent in extents) + contents)


IMAGES = idx_bytes(8, (4, 2, 2), bytes(range(16)))
LABELS = idx_bytes(8, (4,), bytes([0, 1, 0, 1]))


def idx(name, images, labels, *says):
    return Case(f"idx: {name}", RUN, 2, says or ["images"],
                files={"data.toml": data_sweep("idx", path="images", labels="labels"),
                       "images": images, "labels": labels})


IDX_CASES = [
    Case("idx: no labels", RUN, 2, ["labels"],
         files={"data.toml": data_sweep("idx", path="images"), "images": IMAGES}),
    idx("text", CSV, LABELS),
    idx("unknown type", idx_bytes(7, (4, 4), bytes(16)), LABELS),
    idx("header only", IMAGES[:10], LABELS),
    idx("cut short", IMAGES[:-1], LABELS),
    idx("too long", IMAGES + b"\0", LABELS),
    idx("more than there can be", idx_bytes(8, (2**32 - 1, 2**32 - 1, 2**32 - 1), b""), LABELS),
    idx("no points", idx_bytes(8, (0, 2, 2), b""), idx_bytes(8, (0,), b"")),
    idx("fewer labels than images", IMAGES, idx_bytes(8, (3,), bytes(3)), "labels"),
    idx("images for labels", IMAGES, IMAGES, "labels"),
    idx("cut gzip", gzip.compress(IMAGES)[:-6], LABELS),
]


def no_mnist(_):
    if pathlib.Path("/usr/local/share/crease/mnist").exists():
        raise Skip("MNIST is installed for all users")


PUBLISHED_CASES = [
    Case("mnist is not there", RUN, 2, [r"-idx\d-ubyte", r"apps/get-mnist\.sh"],
         files={"data.toml": data_sweep("mnist")}, prepare=no_mnist),
    Case("digits of another digest", RUN, 3, [r"data/digits/digits\.csv", "published"],
         files={"data.toml": data_sweep("digits")},
         prepare=lambda folder: (folder / "data/digits").mkdir(parents=True)
         or (folder / "data/digits/digits.csv").write_text(CSV) and None),
]


def damaged(name, damage, *says, words=("query", "good", SELECT), code=3, leaves="nothing"):
    """`damage` is done to the one shard of good/, whose derived index is gone."""
    def prepare(folder):
        for path in (folder / "good").glob("catalog*"):
            path.unlink()
        shard, = (folder / "good/shards").glob("*.h5")
        os.chmod(shard, 0o644)
        damage(shard)
    # A new index may be made: it is derived, and holds what could be read.
    return Case(f"shard: {name}", list(words), code, [r"good/shards/\w+\.h5", *says],
                prepare=prepare, leaves=leaves + r"|good/catalog.*")


def edit(change):
    """Makes a file of format 1.0 of it, which has no seal that the change would break."""
    def damage(shard):
        import h5py
        with h5py.File(shard, "r+") as file:
            file.attrs.modify("format_version", [1, 0])
            change(file)
    return damage


def replace(name, contents):
    def change(file):
        del file[name]
        file[name] = contents
    return edit(change)


def flip(shard):
    """Changes one byte in the middle of the stored losses."""
    import h5py
    with h5py.File(shard, "r") as file:
        place = file["loss"].id.get_chunk_info(0)
    with open(shard, "r+b") as file:
        file.seek(place.byte_offset + place.size // 2)
        byte = file.read(1)
        file.seek(-1, os.SEEK_CUR)
        file.write(bytes([byte[0] ^ 0xFF]))


TRAIN = ("run", "good.toml", "--store", "good")
SHARD_CASES = [
    damaged("text", lambda shard: shard.write_text(CSV)),
    damaged("empty", lambda shard: os.truncate(shard, 0)),
    damaged("cut in half", lambda shard: os.truncate(shard, shard.stat().st_size // 2)),
    damaged("cut by a byte", lambda shard: os.truncate(shard, shard.stat().st_size - 1)),
    damaged("written into", edit(lambda file: file.attrs.modify("format_version", [1, 1])),
            "seal", "crease verify good --repair"),
    damaged("a newer format", edit(lambda file: file.attrs.modify("format_version", [99, 0])),
            "99|version|newer"),
    damaged("another format", edit(lambda file: file.attrs.__setitem__("format", "other"))),
    damaged("no format", edit(lambda file: file.attrs.__delitem__("format"))),
    damaged("no run ids", edit(lambda file: file.__delitem__("run_id")), "run_id"),
    damaged("no configurations", edit(lambda file: file.__delitem__("config")), "config"),
    damaged("too few configurations", replace("config", [b"{}"]), "config"),
    damaged("configurations that are no JSON", replace("config", [b"{", b"{"]), "config"),
    damaged("numbers for digests", replace("digest", [1, 2]), "digest"),
    damaged("too few outcomes", replace("outcome", [b"completed"]), "outcome"),
    damaged("transitions without runs", edit(lambda file: file["transitions"].__delitem__("run_index")),
            "transitions/run_index"),
    damaged("transitions of no run", replace("transitions/run_index", [7] * 3), "transitions"),
    damaged("run into it", lambda shard: os.truncate(shard, shard.stat().st_size // 2),
            words=TRAIN),
    damaged("status of it", lambda shard: os.truncate(shard, shard.stat().st_size // 2),
            words=("status", "good")),
    damaged("transitions of it", lambda shard: os.truncate(shard, shard.stat().st_size // 2),
            words=("transitions", "good")),
    damaged("one byte of a loss", flip, "loss", words=("transitions", "good")),
    Case("info of a damaged shard", ["info", "cut.h5"], (2, 3), [r"cut\.h5"],
         files={"cut.h5": b"\x89HDF\r\n\x1a\n" + bytes(100)}),
]


def curve(name, text, *says, options=()):
    return Case(f"curve: {name}", ["transitions", "curve.csv", *options], 2,
                [r"curve\.csv", *says], files={"curve.csv": text})


CURVE = "step,loss\n" + "".join(f"{10 * i},{1 / (i + 1)}\n" for i in range(50))
CURVE_CASES = [
    curve("empty", ""),
    curve("text only", "step,loss\na,b\n"),
    curve("unknown column", CURVE, "lsos", options=["--column", "lsos"]),
    curve("unknown step column", CURVE, "steps", options=["--step-column", "steps"]),
    curve("text for a loss", CURVE + "500,low\n", r"curve\.csv:52", "low"),
    curve("steps that go back", CURVE + "10,0.01\n", r"curve\.csv:52|step"),
    curve("binary", bytes(range(1, 256)) * 20),
]


def tmpfs(size_bytes, fill=False):
    """A file system of so many bytes at small/, filled to the last byte if asked."""
    def prepare(folder):
        small = folder / "small"
        small.mkdir()
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size_bytes},nr_inodes=999",
                                  "tmpfs", small], capture_output=True, check=False)
        if mounted.returncode != 0:
            raise Skip("mounting a tmpfs needs root and the right to mount")
        if fill:
            with contextlib.suppress(OSError), open(small / "filling", "wb", buffering=0) as file:
                while file.write(bytes(4096)):
                    pass
        return lambda: subprocess.run(["umount", small], check=True)
    return prepare


def closed(folder, *names, mode=0o000):
    for name in names:
        os.chmod(folder / name, mode)


SEEDS = ["--set", "seed={range=[0,40]}", "--set", "train.steps=400"]
# What a store may hold after a fault: directories, sealed shards and what is derived.
STORE = r"{0}|{0}/(shards|sweeps|status|checkpoints|tmp)|{0}/shards/\w+\.h5" \
        r"|{0}/sweeps/\w+\.(toml|set)|{0}/status/[\w.-]+\.json|{0}/catalog.*"
NEW_STORE, SMALL_STORE = STORE.format("store"), STORE.format("small/store")
FULL = "No space left|[Dd]isk is full|write"


def system(name, words, *says, code=4, **how):
    return Case(f"system: {name}", words, code, list(says), **how)


SYSTEM_CASES = [
    system("directory without the right to write", ["run", "good.toml", "--store", "store"],
           "store", "[Pp]ermission", circumstances="nobody"),
    system("store without the right to write", ["run", "good.toml", "--store", "good", *SEEDS],
           "good", "[Pp]ermission", circumstances="nobody"),
    system("sweep file without the right to read", ["run", "good.toml", "--store", "store"],
           r"good\.toml", "[Pp]ermission", circumstances="nobody",
           prepare=lambda folder: closed(folder, "good.toml")),
    system("data file without the right to read", RUN, r"points\.csv", "[Pp]ermission",
           circumstances="nobody", prepare=lambda folder: closed(folder, "points.csv"),
           files={"data.toml": data_sweep("csv", path="points.csv"), "points.csv": CSV}),
    system("shard without the right to read", ["query", "good", SELECT], r"\.h5", "[Pp]ermission",
           circumstances="nobody",
           prepare=lambda folder: [closed(shard.parent, shard.name)
                                   for shard in (folder / "good/shards").glob("*.h5")]
           and [path.unlink() for path in (folder / "good").glob("catalog*")] and None),
    system("a file for a store", ["run", "good.toml", "--store", "good.toml"], r"good\.toml",
           code=(2, 4)),
    system("a store below a file", ["run", "good.toml", "--store", "good.toml/store"],
           r"good\.toml", code=(2, 4)),
    system("a store at a dangling link", ["run", "good.toml", "--store", "link"], "link",
           code=(2, 4), prepare=lambda folder: os.symlink("/absent/store", folder / "link")),
    system("a store name beyond all limits", ["run", "good.toml", "--store", "x" * 5000], "xxx",
           code=(2, 4)),
    system("disk full from the start", ["run", "good.toml", "--store", "small/store"], "small",
           FULL, prepare=tmpfs(64 << 10, fill=True), leaves=SMALL_STORE),
    *(system(f"disk full after {kib} KiB",
             ["run", "good.toml", "--store", "small/store", *SEEDS], "small", FULL,
             prepare=tmpfs(kib << 10), leaves=SMALL_STORE) for kib in (16, 48, 160, 400)),
    system("files may not grow", ["run", "good.toml", "--store", "store", *SEEDS], "store",
           circumstances="small files", leaves=NEW_STORE),
    system("memory runs out", ["run", "good.toml", "--store", "store", "--set", "model.width=20000"],
           "memory", code=(1, 4), circumstances="small memory", leaves=NEW_STORE, prints=True),
    system("nobody reads the results", ["query", "good", SELECT], "output|stdout",
           circumstances="full stdout"),
    system("nobody reads the help", ["--help"], "output|stdout", circumstances="full stdout"),
]

CASES = (CSV_CASES + HDF5_CASES + IDX_CASES + PUBLISHED_CASES + SHARD_CASES + CURVE_CASES
         + SYSTEM_CASES)
