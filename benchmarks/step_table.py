"""The table of training steps: Crease, libtorch and PyTorch eager in turns."""
import math
import time

import harness

try:
    import torch
    torch.set_num_threads(1)
except ImportError:
    torch = None

HEADER = ["W", "D", "B", "unit us", "GFLOP/s", "of peak", "layernorm us", "affine us", "of peak",
          "SGD unit us", "libtorch us", "PyTorch us", "x libtorch", "x PyTorch"]


def eager_step(width, depth, points):
    """A function that trains one step of Linear -> LayerNorm (affine) -> ... -> Linear by Adam."""
    layers, inputs = [], 2
    for _ in range(depth):
        layers += [torch.nn.Linear(inputs, width), torch.nn.LayerNorm(width)]
        inputs = width
    model = torch.nn.Sequential(*layers, torch.nn.Linear(width, 2))
    arm, s = torch.arange(points) % 2, (torch.arange(points) // 2 + 0.5) / (points / 2)
    r, angle = 0.1 + 0.9 * s, 2 * math.pi * s + math.pi * arm
    x = torch.stack([r * torch.cos(angle), r * torch.sin(angle)], 1)
    optimizer = torch.optim.Adam(model.parameters(), 1e-2)

    def step():
        optimizer.zero_grad(set_to_none=True)
        torch.nn.functional.cross_entropy(model(x), arm).backward()
        optimizer.step()

    return step


def microseconds(call, seconds):
    """Processor time of one call, on average over `seconds`."""
    call()
    count, start = 0, time.process_time()
    while time.process_time() - start < seconds:
        call()
        count += 1
    return (time.process_time() - start) / count * 1e6


def measure(settings, width, depth, points):
    """One row: medians of the rounds, and of each round's ratios."""
    shape = f"{width}/{depth}/{points}"
    pattern = (f"^(crease/unit/(adam|sgd)|crease/layernorm/adam|(crease|libtorch)/layernorm_affine"
               f"/adam)/{shape}$")
    seconds = 0.02 if settings.quick else 0.08
    eager = eager_step(width, depth, points) if torch else None
    rounds = []
    for turn in range(settings.rounds):
        checked = ["--checked"] if turn > 0 else []
        cases, _ = harness.google(settings, "step/bench_step", pattern, seconds,
                                  f"--shape={width},{depth},{points}", *checked)
        entry = {name.removesuffix("/" + shape): runs[0] for name, runs in cases.items()}
        rounds.append((entry, microseconds(eager, seconds) if eager else None))

    def column(name, key="cpu_time"):
        values = [entry[name][key] for entry, _ in rounds if name in entry]
        return harness.median(values) if values else None

    def ratio(theirs):
        values = [theirs(entry, eager_us) / entry["crease/layernorm_affine/adam"]["cpu_time"]
                  for entry, eager_us in rounds]
        return harness.median(values)

    affine, rival = "crease/layernorm_affine/adam", "libtorch/layernorm_affine/adam"
    return [width, depth, points, column("crease/unit/adam"), column("crease/unit/adam", "GFLOP/s"),
            column("crease/unit/adam", "of_peak"), column("crease/layernorm/adam"), column(affine),
            column(affine, "of_peak"), column("crease/unit/sgd"), column(rival),
            harness.median([us for _, us in rounds]) if eager else None,
            ratio(lambda entry, _: entry[rival]["cpu_time"]) if column(rival) else None,
            ratio(lambda _, us: us) if eager else None]


def norms(settings):
    """Rows of every norm at a few widths, and their time over layernorm's in the same call."""
    rows = []
    for width in [3] if settings.quick else [3, 8, 32, 128]:
        cases, _ = harness.google(settings, "step/bench_step", "^crease/[a-z]*/adam/",
                                  0.05, f"--shape={width},2,1000", repetitions=settings.rounds)
        taken = {name.split("/")[1]: harness.median([run["cpu_time"] for run in runs])
                 for name, runs in cases.items()}
        rows.append([width] + [taken[norm] for norm in NORMS]
                    + [max(taken[norm] for norm in NORMS if norm != "none") / taken["layernorm"]])
    return rows


NORMS = ["layernorm", "unit", "rmsnorm", "groupnorm", "divisive", "dyt", "none"]


def run(settings, tell):
    shapes = [(width, depth, points) for width in (3, 8, 16, 32, 64, 128, 256, 512)
              for depth in (2, 4, 8) for points in (400, 1000)]
    odd = [(width, 2, points) for width in (5, 33, 100) for points in (7, 997)]
    if settings.quick:
        shapes, odd = [(3, 2, 400), (32, 2, 1000)], [(5, 2, 7)]
    rows = []
    for shape in shapes + odd:
        rows.append(measure(settings, *shape))
        tell(f"step {shape}: {rows[-1]}")
    norm_rows = norms(settings)
    text = ["## Training steps", "",
            "One step (forward, cross-entropy, backward, Adam unless SGD), one thread, processor "
            "time. GFLOP/s counts the linear layers' multiply-adds: 4 B in out for the first "
            "layer, 6 B in out for the others, and is set beside the multiply-add peak that the "
            "same process measures. Ratios: layernorm with weight and bias, as both peers train "
            "it.", "",
            *harness.table(HEADER, rows), "", "Every norm, D = 2, B = 1000, microseconds; the last "
            "column is the slowest norm's time over layernorm's.", "",
            *harness.table(["W", *NORMS, "slowest / layernorm"], norm_rows)]
    return text, {"header": HEADER, "rows": rows, "norms": [NORMS, norm_rows]}
