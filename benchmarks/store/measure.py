#!/usr/bin/python3
"""Measures a store of many runs, and how fast telemetry gets into one.

    benchmarks/store/measure.py [--build build] [--runs 100000] [--rounds 3] [--folder DIR]

1. Catalogue: `crease status`, `query`, `transitions` on a synthetic store of so many runs (300
   steps, 20 cells) and on one of a tenth; whole processes, least of the rounds. Cold: the store's
   files are dropped from the page cache first. Slopes: seconds for ten times the runs.
2. Curves: the loss curves of 10,000 runs of 20,000 steps, read with all checks.
3. Telemetry: a spiral sweep that records weights and all activations at every step, through
   `crease run`, beside plain writes and fsync of as many bytes to the same file system, in turns.
4. Compression: what encoding costs and saves, by kind of array of the same runs.
Prints Markdown.
"""
import argparse
import json
import os
import pathlib
import shutil
import statistics
import subprocess
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
CURVE_STEPS = 20000
TELEMETRY = """[sweep]
name = "telemetry"
question = "Does storage keep up?"
[data]
task = "spiral"
points = 400
[model]
norm = "unit"
width = 3
depth = 2
[train]
steps = {steps}
[record]
weights = {{ every = 1 }}
activations = {{ every = 1, points = "all" }}
bursts = "off"
checkpoint = "off"
[grid]
seed = {{ range = [0, 4] }}
"""
NOTHING = ["--set", "record.weights=off", "--set", "record.activations=off"]
ACTIVATIONS_A_STEP = 4 * 400 * (3 + 3 + 3 + 3 + 2)  # bytes
QUERIES = {
    "open (SELECT 1)": "SELECT 1",
    "count of all runs": "SELECT count(*) FROM runs",
    "group by two keys": "SELECT norm, width, count(*), avg(final_loss) FROM runs "
                         "GROUP BY norm, width",
    "filter on a key and a result": "SELECT run_id, final_loss FROM runs WHERE lr > 0.05 AND "
                                    "best_accuracy > 0.999",
    "runs joined with transitions": "SELECT norm, width, count(*), avg(drop_nats) FROM runs JOIN "
                                    "transitions USING (run_id) GROUP BY norm, width",
}


def call(*command):
    """The finished process with wall seconds, processor seconds and peak memory in bytes."""
    start = time.perf_counter()
    process = subprocess.Popen([str(word) for word in command], stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE, text=True)
    out, messages = process.stdout.read(), process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise SystemExit(f"{' '.join(map(str, command))} failed:\n{messages}")
    return {"out": out, "wall": time.perf_counter() - start, "user": usage.ru_utime,
            "system": usage.ru_stime, "peak_bytes": usage.ru_maxrss * 1024}


def drop_from_cache(folder):
    for path in pathlib.Path(folder).rglob("*"):
        if path.is_file():
            descriptor = os.open(path, os.O_RDONLY)
            os.fsync(descriptor)
            os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
            os.close(descriptor)


def remove_catalogue(store):
    for path in pathlib.Path(store).glob("catalog.*"):
        path.unlink()


def catalogue(crease, make_store, runs, rounds, folder):
    """{what: seconds} and the store's size, of a synthetic store of `runs` runs."""
    store = pathlib.Path(folder) / f"runs-{runs}"
    made = json.loads(call(make_store, store, runs, 300)["out"])
    cases = {"catalogue from the shards": (remove_catalogue, ["query", store, "SELECT 1"]),
             "open, cold": (drop_from_cache, ["query", store, "SELECT 1"])}
    cases |= {name: (None, ["query", store, sql]) for name, sql in QUERIES.items()}
    cases["status"] = (None, ["status", store])
    cases["status, cold"] = (drop_from_cache, ["status", store])
    cases["transitions, detected again"] = (None, ["transitions", store])
    seconds, cpu, peak = {name: [] for name in cases}, {name: [] for name in cases}, 0
    for _ in range(rounds):
        for name, (prepare, words) in cases.items():
            if prepare is not None:
                prepare(store)
            done = call(crease, *words)
            seconds[name].append(done["wall"])
            cpu[name].append(done["user"] + done["system"])
            peak = max(peak, done["peak_bytes"])
    least = [{name: min(values) for name, values in kind.items()} for kind in (seconds, cpu)]
    catalogue_bytes = sum(path.stat().st_size for path in store.glob("catalog.*"))
    shutil.rmtree(store)
    return {"seconds": least[0], "cpu_seconds": least[1], "bytes": made["bytes"],
            "shards": made["shards"], "catalogue_bytes": catalogue_bytes,
            "make_seconds": made["seconds"], "peak_bytes": peak}


def curves(make_store, read_curves, runs, rounds, folder):
    store = pathlib.Path(folder) / "curves"
    call(make_store, store, runs, CURVE_STEPS, "curves")
    entries = [json.loads(call(read_curves, store)["out"]) for _ in range(rounds)]
    shutil.rmtree(store)
    seconds = statistics.median(entry["wall_seconds"] for entry in entries)
    return {"runs": runs, "bytes": entries[0]["bytes"], "seconds": seconds,
            "seconds_a_gb": seconds / entries[0]["bytes"] * 1e9}


def write_plainly(path, size):
    """Seconds of writing `size` bytes, 1 MiB at a time, and fsync."""
    block = os.urandom(1 << 20)
    start = time.perf_counter()
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    for _ in range(size // len(block)):
        os.write(descriptor, block)
    os.fsync(descriptor)
    os.close(descriptor)
    taken = time.perf_counter() - start
    os.unlink(path)
    return taken


def settled(action, *arguments):
    """After what was written or removed before has reached the disk."""
    os.sync()
    return action(*arguments)


def compression(crease, codec_cost, steps, folder):
    """What encoding each kind of array costs and saves: [{kind, share, encode, checksum}], GB/s."""
    folder = pathlib.Path(folder)
    sweep = folder / "compression.toml"
    sweep.write_text(TELEMETRY.format(steps=steps))
    store = folder / "compression"
    call(crease, "run", sweep, "--store", store)
    kinds = {}
    for shard in (store / "shards").iterdir():
        for line in call(codec_cost, shard)["out"].splitlines():
            entry = json.loads(line)
            parts = entry["array"].strip("/").split("/")
            kind = f"{parts[0]}: {parts[1].split('_')[-1]}" if len(parts) > 1 else parts[0]
            total = kinds.setdefault(kind, dict.fromkeys(
                ("raw", "stored", "encode_seconds", "checksum_seconds"), 0))
            for key in total:
                total[key] += entry[key]
    shutil.rmtree(store)
    return {kind: {"raw": t["raw"], "share": t["stored"] / t["raw"],
                   "encode_gb_per_s": t["raw"] / t["encode_seconds"] / 1e9,
                   "checksum_gb_per_s": t["raw"] / t["checksum_seconds"] / 1e9}
            for kind, t in kinds.items() if t["raw"] > 0}


def compression_text(result):
    """Markdown lines. Writing W GB/s, encoding pays where 1/encode + share/W < 1/checksum + 1/W."""
    lines = ["What compressing costs (one core, processor time) and saves, by kind of array. It "
             "shortens writing on a disk slower than `pays below`, for each core that encodes.", "",
             "| array | raw MB | stored/raw | encode GB/s | copy and checksum GB/s | "
             "pays below, GB/s |", "|---|---|---|---|---|---|"]
    for kind, r in sorted(result.items(), key=lambda item: -item[1]["raw"]):
        more = 1 / r["encode_gb_per_s"] - 1 / r["checksum_gb_per_s"]
        pays = f"{(1 - r['share']) / more:.2f}" if more > 0 else "always"
        lines.append(f"| {kind} | {r['raw'] / 1e6:.0f} | {r['share']:.2f} "
                     f"| {r['encode_gb_per_s']:.2f} | {r['checksum_gb_per_s']:.2f} | {pays} |")
    return lines


def telemetry(crease, steps, threads, rounds, folder):
    """Medians: bytes a second of training that records everything, of plain writes, and shares."""
    folder = pathlib.Path(folder)
    sweep = folder / "telemetry.toml"
    sweep.write_text(TELEMETRY.format(steps=steps))
    raw_bytes = 4 * steps * ACTIVATIONS_A_STEP
    entries = []
    for _ in range(rounds):
        store = folder / "telemetry"
        words = [crease, "run", sweep, "--store", store, "--threads", threads, "--json"]
        bare = call(*words, *NOTHING)
        plain = settled(write_plainly, folder / "plain", raw_bytes)
        shutil.rmtree(store)
        done = settled(call, *words)
        stored = json.loads(done["out"])["bytes_written"]
        shutil.rmtree(store)
        plain_stored = settled(write_plainly, folder / "plain", stored)
        entries.append({
            "gb_per_s": raw_bytes / done["wall"] / 1e9, "plain_gb_per_s": raw_bytes / plain / 1e9,
            "of_plain": plain / done["wall"], "of_plain_stored": plain_stored / done["wall"],
            "stored_share": stored / raw_bytes, "peak_bytes": done["peak_bytes"],
            "train_cpu": bare["user"] + bare["system"],
            "encode_cpu": done["user"] - bare["user"], "write_cpu": done["system"] - bare["system"],
        })
    result = {key: statistics.median(entry[key] for entry in entries) for key in entries[0]}
    return result | {"steps": steps, "threads": threads, "raw_bytes": raw_bytes}


def catalogue_text(results):
    """Markdown lines; `results` by number of runs, two of them."""
    few, many = sorted(results)
    large = results[many]
    lines = ["Synthetic stores, 300 steps a run, 20 cells; seconds of whole processes, least of "
             "the rounds. "
             f"{many:,} runs: {large['shards']} shards, {large['bytes'] / 1e9:.2f} GB, made in "
             f"{large['make_seconds']:.0f} s; catalogue {large['catalogue_bytes'] / 1e6:.0f} MB; "
             f"peak memory {large['peak_bytes'] / 1e6:.0f} MB (transitions).", "",
             f"| | {few:,} runs, wall | {many:,} runs, wall | processor | slope, us a run | "
             f"{10 * many:,} runs, from the slope |", "|---|---|---|---|---|---|"]
    for name, seconds in results[many]["seconds"].items():
        before = results[few]["seconds"][name]
        slope = (seconds - before) / (many - few)
        lines.append(f"| {name} | {before:.3f} | **{seconds:.3f}** "
                     f"| {large['cpu_seconds'][name]:.3f} | {slope * 1e6:.2f} "
                     f"| {seconds + slope * 9 * many:.1f} |")
    return lines


def curves_text(result):
    return [f"Loss curves of {result['runs']:,} runs of {CURVE_STEPS:,} steps, "
            f"{result['bytes'] / 1e9:.2f} GB, read with all checks on one thread: "
            f"{result['seconds']:.2f} s, **{result['seconds_a_gb']:.2f} s a GB**."]


def telemetry_text(results):
    """Markdown lines; `results` is a list of (place, result)."""
    first = results[0][1]
    lines = [f"Spiral, 400 points, width 3, depth 2, {first['steps']:,} steps, 4 runs: weights and "
             f"all activations at every step, {ACTIVATIONS_A_STEP / 1e3:.1f} kB of activations a "
             "step. Rates count the activations' bytes before compression and the whole process, "
             "training and sealing with fsync included; plain: as many random bytes in writes of "
             "1 MiB and fsync, in turns. `of plain, stored` compares with plain writes of as many "
             "bytes as the store has. Processor seconds: training alone, what recording adds in "
             "user mode (copying, encoding), in the kernel (writing).", "",
             "| where | threads | GB/s | plain GB/s | of plain | of plain, stored | stored/raw | "
             "train s | encode s | write s | peak memory MB |", "|" + "---|" * 11]
    for place, r in results:
        lines.append(
            f"| {place} | {r['threads']} | {r['gb_per_s']:.2f} | {r['plain_gb_per_s']:.2f} "
            f"| **{r['of_plain']:.2f}** | {r['of_plain_stored']:.2f} | {r['stored_share']:.2f} "
            f"| {r['train_cpu']:.2f} | {r['encode_cpu']:.2f} | {r['write_cpu']:.2f} "
            f"| {r['peak_bytes'] / 1e6:.0f} |")
    return lines


def measure(build, runs, rounds, folder, quick=False, tell=lambda line: None):
    """Markdown lines and the figures."""
    build = pathlib.Path(build)
    crease, tools = build / "apps" / "crease", build / "benchmarks" / "store"
    with tempfile.TemporaryDirectory(dir=folder) as scratch:
        counts = {}
        for count in (runs // 10, runs):
            tell(f"store: {count} runs")
            counts[count] = catalogue(crease, tools / "make_store", count, rounds, scratch)
        tell("store: curves")
        read = curves(tools / "make_store", tools / "read_curves", 100 if quick else 10000, rounds,
                      scratch)
        tell("store: compression")
        encoded = compression(crease, tools / "codec_cost", 500 if quick else 20000, scratch)
        written = []
        places = [("disk", scratch)]
        if os.access("/dev/shm", os.W_OK):
            places.append(("/dev/shm", None))
        for place, where in places:
            tell(f"store: telemetry, {place}")
            with tempfile.TemporaryDirectory(dir=where or "/dev/shm") as there:
                for threads in (1, 2):
                    written.append((place, telemetry(crease, 500 if quick else 20000, threads,
                                                     rounds, there)))
    text = [*catalogue_text(counts), "", *curves_text(read), "", *telemetry_text(written),
            "", *compression_text(encoded)]
    return text, {"catalogue": counts, "curves": read, "telemetry": written,
                  "compression": encoded}


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--build", default=str(ROOT / "build"))
    parser.add_argument("--runs", type=int, default=100000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--quick", action="store_true", help="small figures, to see that it works")
    parser.add_argument("--folder", help="where the stores go (default: the system's temporary)")
    parser.add_argument("--json", help="also write the figures to this file")
    arguments = parser.parse_args()
    text, results = measure(arguments.build, arguments.runs, arguments.rounds, arguments.folder,
                            arguments.quick, lambda line: print(line, flush=True))
    print("\n".join(text))
    if arguments.json:
        pathlib.Path(arguments.json).write_text(json.dumps(results, indent=1) + "\n")


if __name__ == "__main__":
    main()
