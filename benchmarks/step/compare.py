#!/usr/bin/python3
"""Times Crease's training step against PyTorch eager, in turns in one run, on one thread.

    benchmarks/step/compare.py build/benchmarks/step/bench_step [--rounds 5]

Both train Linear -> LayerNorm (affine) -> ... -> Linear on a spiral with full-batch Adam. Prints
a Markdown table: microseconds a step (median of the rounds) and the ratio. Needs python3-torch.
"""
import argparse
import json
import math
import os
import statistics
import subprocess
import time

os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = "1"
import torch

torch.set_num_threads(1)


def network(width, depth):
    layers, inputs = [], 2
    for _ in range(depth):
        layers += [torch.nn.Linear(inputs, width), torch.nn.LayerNorm(width)]
        inputs = width
    return torch.nn.Sequential(*layers, torch.nn.Linear(width, 2))


def spiral(points):
    arm, s = torch.arange(points) % 2, (torch.arange(points) // 2 + 0.5) / (points / 2)
    r, angle = 0.1 + 0.9 * s, 2 * math.pi * s + math.pi * arm
    return torch.stack([r * torch.cos(angle), r * torch.sin(angle)], 1), arm


def torch_step(width, depth, points):
    """A function that trains one step."""
    x, y = spiral(points)
    model = network(width, depth)
    optimizer = torch.optim.Adam(model.parameters(), 1e-2)

    def step():
        optimizer.zero_grad(set_to_none=True)
        torch.nn.functional.cross_entropy(model(x), y).backward()
        optimizer.step()

    return step


def torch_microseconds(step, seconds=0.3):
    for _ in range(3):
        step()
    count, start = 0, time.process_time()
    while time.process_time() - start < seconds:
        step()
        count += 1
    return (time.process_time() - start) / count * 1e6


def crease_microseconds(program, width, depth, points):
    name = f"TrainingStep/width:{width}/depth:{depth}/points:{points}"
    out = subprocess.run([program, f"--benchmark_filter=^{name}$", "--benchmark_format=json",
                          "--benchmark_min_time=0.3"], capture_output=True, check=True).stdout
    result = json.loads(out)["benchmarks"][0]
    if result.get("error_occurred"):
        raise SystemExit(f"{name}: {result['error_message']}")
    return result["cpu_time"]


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("program")
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    print("| width | depth | points | PyTorch eager, us | Crease, us | steps/s | ratio |")
    print("|---|---|---|---|---|---|---|")
    for width, depth, points in [(3, 2, 400), (3, 2, 1000), (8, 2, 1000), (16, 2, 1000),
                                 (32, 2, 1000), (64, 2, 1000), (128, 2, 1000)]:
        step = torch_step(width, depth, points)
        pairs = [(torch_microseconds(step),
                  crease_microseconds(arguments.program, width, depth, points))
                 for _ in range(arguments.rounds)]
        theirs, ours = (statistics.median(column) for column in zip(*pairs))
        ratio = statistics.median(a / b for a, b in pairs)
        print(f"| {width} | {depth} | {points} | {theirs:.1f} | {ours:.2f} | {1e6 / ours:,.0f} "
              f"| {ratio:.1f} |", flush=True)


if __name__ == "__main__":
    main()
