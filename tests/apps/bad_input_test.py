"""Runs `crease` on wrong inputs, end to end: each must be refused with the right exit code, a
message with place and remedy on standard error, nothing on standard output, and no file left.

  bad_input_test.py CREASE [NAME]   # NAME: only the cases whose name contains it
"""
import hashlib
import os
import pathlib
import pwd
import re
import resource
import shutil
import subprocess
import sys
import tempfile

import bad_arguments
import bad_files
import bad_sweeps
from bad_input_case import Skip

TIMEOUT_SECONDS = 60
# What no message to a user may hold: a crash, an assertion, an exception that nobody expected.
CRASH = re.compile(r"Assertion|terminate called|Sanitizer|unexpected:|fault of crease|"
                   r"Segmentation|HDF5-DIAG|std::\w+_error|what\(\)")
SEALED = re.compile(r"(.*/)?shards/[^/]*\.h5")


def snapshot(folder: pathlib.Path):
    found = {}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_symlink() or not path.is_file():
            found[name] = "directory" if path.is_dir() else "other"
        else:
            found[name] = hashlib.sha256(path.read_bytes()).hexdigest()
    return found


def circumstances(name):
    """Arguments of subprocess.run that bring them about."""
    def limit(what, size_bytes):
        return lambda: resource.setrlimit(what, (size_bytes, size_bytes))
    if name == "nobody":
        if os.getuid() != 0:
            return {}
        nobody = pwd.getpwnam("nobody")
        return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}
    if name == "small memory":
        if os.environ.get("CREASE_SANITIZE"):
            raise Skip("sanitizers reserve address space by the terabyte")
        return {"preexec_fn": limit(resource.RLIMIT_AS, 1 << 30)}
    if name == "small files":  # a write beyond the limit fails, as on a full disk
        return {"preexec_fn": limit(resource.RLIMIT_FSIZE, 16 << 10), "restore_signals": False}
    if name == "full stdout":
        return {"stdout": open("/dev/full", "wb")}
    return {}


def faults(case, result, before, after, folder):
    """What is wrong with how `crease` took it."""
    stderr = result.stderr.decode("utf-8", "replace")
    codes = case.code if isinstance(case.code, tuple) else (case.code,)
    if result.returncode not in codes:
        yield f"exit code {result.returncode}, expected {' or '.join(map(str, codes))}"
    if result.stdout and not case.prints:
        yield f"wrote to standard output: {result.stdout[:200]!r}"
    for pattern in case.says:
        if not re.search(pattern, stderr):
            yield f"standard error does not say /{pattern}/"
    if not re.search("remedy: |; lower --threads", stderr):
        yield "standard error names no remedy"
    if match := CRASH.search(stderr):
        yield f"standard error says {match.group()!r}"
    for name in sorted(set(before) | set(after)):
        if before.get(name) == after.get(name):
            continue
        if not re.fullmatch(case.leaves, name):
            yield f"{'made' if name not in before else 'changed'} {name}"
        elif SEALED.fullmatch(name) and not opens(folder / name):
            yield f"{name} is under its final name, but cannot be read"


def opens(shard: pathlib.Path) -> bool:
    import h5py
    try:
        with h5py.File(shard, "r") as file:
            return file.attrs["format"] in ("crease", b"crease") and len(file["run_id"]) > 0
    except (OSError, KeyError):
        return False


def run_case(crease, case, model: pathlib.Path, folder: pathlib.Path):
    shutil.copytree(model, folder, symlinks=True)
    for name in case.directories:
        (folder / name).mkdir()
    for name, contents in case.files.items():
        (folder / name).write_bytes(contents.encode() if isinstance(contents, str) else contents)
    undo = case.prepare(folder) if case.prepare else None
    try:
        before = snapshot(folder)
        # Published data sets of this machine are out of sight.
        environment = {**os.environ, "HOME": str(folder), "XDG_DATA_HOME": str(folder / "data"),
                       "CREASE_DATA_DIR": str(folder / "data")}
        how = {"stdout": subprocess.PIPE, "env": environment, **circumstances(case.circumstances)}
        result = subprocess.run([crease, *case.words], cwd=folder, stdin=subprocess.DEVNULL,
                                stderr=subprocess.PIPE, timeout=TIMEOUT_SECONDS, **how)
        found = list(faults(case, result, before, snapshot(folder), folder))
    except subprocess.TimeoutExpired:
        return [f"still running after {TIMEOUT_SECONDS} s"], b""
    finally:
        if undo:
            undo()
    return found, result.stderr


def make_model(crease, folder: pathlib.Path):
    """What every case finds: good.toml, and good/, a store with its two runs."""
    folder.mkdir()
    (folder / "good.toml").write_text(bad_sweeps.BASE.replace('"bad"', '"good"'))
    subprocess.run([crease, "run", "good.toml", "--store", "good"], cwd=folder, check=True,
                   stdin=subprocess.DEVNULL, capture_output=True, timeout=TIMEOUT_SECONDS)
    # Brings the derived index up to date, so that reading it later changes nothing.
    subprocess.run([crease, "query", "good", "SELECT * FROM runs"], cwd=folder, check=True,
                   stdin=subprocess.DEVNULL, capture_output=True, timeout=TIMEOUT_SECONDS)


def main(arguments) -> int:
    if len(arguments) not in (1, 2):
        print(__doc__, file=sys.stderr)
        return 2
    crease = os.path.abspath(arguments[0])
    cases = bad_sweeps.CASES + bad_arguments.CASES + bad_files.CASES
    cases = [case for case in cases if len(arguments) == 1 or arguments[1] in case.name]
    failed = skipped = 0
    with tempfile.TemporaryDirectory(prefix="crease-bad-input-") as top:
        os.chmod(top, 0o755)  # the user nobody must get in
        model = pathlib.Path(top) / "model"
        make_model(crease, model)
        for number, case in enumerate(cases):
            try:
                found, stderr = run_case(crease, case, model, pathlib.Path(top) / str(number))
            except Skip as reason:
                skipped += 1
                print(f"skipped: {case.name}: {reason}")
                continue
            if found or len(arguments) == 2:
                print(f"{'FAILED' if found else 'passed'}: {case.name}: crease {case.words}")
                print("".join(f"    {fault}\n" for fault in found)
                      + "    stderr: " + stderr.decode("utf-8", "replace")[:800].strip())
            failed += bool(found)
    print(f"{len(cases)} wrong inputs: {len(cases) - failed - skipped} taken as they should be, "
          f"{failed} not, {skipped} skipped")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
