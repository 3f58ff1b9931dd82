"""What the tables of run.py share: calls of benchmark programs, the machine, Markdown."""
import datetime
import json
import os
import pathlib
import statistics
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[1]


class Settings:
    """Where the programs are and how long to measure."""

    def __init__(self, build, rounds, quick, instruction_set):
        self.build, self.rounds, self.quick = pathlib.Path(build), rounds, quick
        self.instruction_set = instruction_set

    def program(self, name):
        return str(self.build / "benchmarks" / name)


def call(settings, program, *arguments, threads=1):
    """The parsed JSON of one call. Libraries with threads of their own get `threads`."""
    command = [settings.program(program), *arguments]
    if settings.instruction_set:
        command.append(f"--instruction_set={settings.instruction_set}")
    environment = dict(os.environ, OMP_NUM_THREADS=str(threads), OPENBLAS_NUM_THREADS="1")
    if settings.instruction_set == "AVX2":
        environment.update(DNNL_MAX_CPU_ISA="AVX2", ATEN_CPU_CAPABILITY="avx2",
                           OPENBLAS_CORETYPE="Haswell")
    result = subprocess.run(command, capture_output=True, text=True, env=environment)
    if result.returncode != 0:
        raise SystemExit(f"{' '.join(command)} failed:\n{result.stderr}")
    return json.loads(result.stdout)


def google(settings, program, pattern, seconds, *arguments, threads=1, repetitions=1):
    """{case: [entry of each repetition]} of a Google Benchmark program; wrong answers end it."""
    answer = call(settings, program, f"--benchmark_filter={pattern}", "--benchmark_format=json",
                  f"--benchmark_min_time={seconds}", f"--benchmark_repetitions={repetitions}",
                  "--benchmark_enable_random_interleaving=true", *arguments, threads=threads)
    cases = {}
    for entry in answer["benchmarks"]:
        if entry.get("error_occurred"):
            raise SystemExit(f"{entry['name']}: {entry['error_message']}")
        if entry["run_type"] == "iteration":
            name = entry["run_name"].removesuffix("/real_time")
            cases.setdefault(name, []).append(entry)
    return cases, answer["context"]


def median(values):
    return statistics.median(values)


def machine():
    cpu = [line.split(":", 1)[1].strip() for line in open("/proc/cpuinfo", encoding="utf-8")
           if line.startswith("model name")]
    commit = subprocess.run(["git", "-C", str(ROOT), "describe", "--always", "--dirty"],
                            capture_output=True, text=True).stdout.strip()
    packages = subprocess.run(
        ["dpkg-query", "-W", "-f=${Package} ${Version}\n", "libdnnl-dev", "libtorch-dev",
         "libeigen3-dev", "libopenblas-dev", "python3-torch"], capture_output=True, text=True)
    return {"date": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="minutes"),
            "cpu": cpu[0] if cpu else "unknown", "processors": os.cpu_count(), "commit": commit,
            "load": round(os.getloadavg()[0], 2), "peers": packages.stdout.split("\n")[:-1]}


def table(header, rows):
    """Markdown lines; floats get three digits."""
    def text(cell):
        if cell is None:
            return "–"
        if isinstance(cell, float):
            return f"{cell:,.0f}" if abs(cell) >= 100 else f"{cell:.3g}"
        return str(cell)
    lines = ["| " + " | ".join(header) + " |", "|" + "---|" * len(header)]
    return lines + ["| " + " | ".join(text(cell) for cell in row) + " |" for row in rows]
