"""The table of detectors on judging curves, for benchmarks/run.py."""
import subprocess

import harness

JUDGING_SEED = 4242


def markdown_rows(text):
    """The first table's cells, title row first."""
    lines = [line for line in text.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")]
            for line in lines if not line.startswith("|---")]


def run(settings, tell):
    curves = (["--positives", "90", "--negatives", "160"] if settings.quick else
              ["--positives", "900", "--negatives", "4000"])
    seed = ["--seed", "1" if settings.quick else str(JUDGING_SEED)]
    lines, results = ["## Transitions"], {"seed": int(seed[1])}
    for name, program, options in (
            ("detectors", "crease_score_transitions", ["--detector", "all"]),
            ("online", "crease_score_online", []),
            ("calibration", "crease_score_transitions", ["--calibration"])):
        tell(f"transitions: {name}")
        command = [settings.program(f"transitions/{program}"), *seed, *curves, *options]
        text = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        lines += ["", f"### {name}", "", text.strip()]
        results[name] = markdown_rows(text)
    return lines, results
