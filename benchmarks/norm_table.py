"""The table of normalisation: GB/s of Crease in both layouts, of libraries, and of PyTorch."""
import time

import harness

try:
    import torch
except ImportError:
    torch = None

COLUMNS = ["crease/rows", "crease/features", "onednn/rows", "libtorch/rows", "eigen/rows",
           "eigen/features"]
HEADER = ["C", "crease rows", "of limit", "crease features", "of limit", "oneDNN", "libtorch",
          "Eigen rows", "Eigen features", "PyTorch", "rows / best peer of rows",
          "features / best peer of all"]
BYTES = {"in": 256 << 10, "out": 512 << 20}


def pytorch(width, where, backward, threads, seconds):
    """GB/s of PyTorch as its users call it: results allocated, calls from Python."""
    torch.set_num_threads(threads)
    arrays = 3 if backward else 2
    points = max(BYTES[where] // (4 * arrays * width), 1)
    x, d_y = torch.randn(points, width), torch.randn(points, width)
    weight, bias = torch.ones(width), torch.zeros(width)
    _, mean, inverse = torch.native_layer_norm(x, (width,), weight, bias, 1e-5)

    def step():
        if backward:
            return torch.ops.aten.native_layer_norm_backward(
                d_y, x, (width,), mean, inverse, weight, bias, (True, True, True))
        return torch.nn.functional.layer_norm(x, (width,), weight, bias, 1e-5)

    clock = time.process_time if threads == 1 else time.perf_counter
    with torch.no_grad():
        step()
        count, start = 0, clock()
        while clock() - start < seconds:
            step()
            count += 1
        return 4e-9 * arrays * points * width * count / (clock() - start)


def measure(settings, width, where, backward, threads):
    direction = "backward" if backward else "forward"
    seconds = 0.01 if settings.quick else 0.05
    cases, _ = harness.google(settings, "norm/bench_norm",
                              f"/{direction}/.*/{where}/{threads}(/real_time)?$", seconds,
                              f"--widths={width}", threads=threads, repetitions=settings.rounds)
    rates, shares = {}, {}
    for name, runs in cases.items():
        library, _, layout = name.split("/")[:3]
        rates[f"{library}/{layout}"] = harness.median([run["GB/s"] for run in runs])
        shares[f"{library}/{layout}"] = harness.median([run["of_limit"] for run in runs])
    eager = None
    if torch:
        eager = harness.median([pytorch(width, where, backward, threads, seconds)
                                for _ in range(settings.rounds)])
    rivals = [rates.get(name) for name in COLUMNS[2:]] + [eager]
    best = max(rate for rate in rivals if rate)
    best_of_rows = max(rate for name, rate in zip([*COLUMNS[2:], ""], rivals)
                       if rate and name != "eigen/features")
    return [width, rates["crease/rows"], shares["crease/rows"], rates["crease/features"],
            shares["crease/features"], *rivals, rates["crease/rows"] / best_of_rows,
            rates["crease/features"] / best]


def run(settings, tell):
    widths = [3, 64] if settings.quick else [3, 8, 64, 256, 768, 1024, 4096]
    text, tables = ["## Normalisation", "",
                    "LayerNorm with weight and bias, float, GB/s: bytes of x and y (forward) or "
                    "x, d_y and d_x (backward). The limit is the copy bandwidth of the same "
                    "working set in cache, the non-temporal copy bandwidth out of it. oneDNN and "
                    "libtorch work on rows alone; libtorch keeps the pages of its results, PyTorch "
                    "allocates them. One thread: processor time; two: wall time."], []
    for where in ["in"] if settings.quick else ["in", "out"]:
        for threads in (1, 2):
            for backward in (False, True):
                rows = []
                for width in widths:
                    rows.append(measure(settings, width, where, backward, threads))
                    tell(f"norm {where} {threads} {'backward' if backward else 'forward'} "
                         f"{rows[-1]}")
                title = (f"{'Backward' if backward else 'Forward'}, "
                         f"{'256 KiB' if where == 'in' else '512 MiB'}, {threads} "
                         f"thread{'s' if threads > 1 else ''}")
                text += ["", f"### {title}", "", *harness.table(HEADER, rows)]
                tables.append({"title": title, "header": HEADER, "rows": rows})
    return text, tables
