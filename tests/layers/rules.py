"""The rules of the source tree that no compiler checks; layers_test.py applies them.

Each rule is a function that yields Violation(path, line, rule, message).
"""
import pathlib
import re
from typing import NamedTuple

# Includes and links go from a higher number to a lower one only. Folders with the same number
# never include each other.
LAYERS = {
    "lib/core": 0,
    "lib/kernels": 1, "lib/detect": 1,
    "lib/data": 2, "lib/model": 2, "lib/norm": 2, "lib/optim": 2,
    "lib/train": 3,
    "lib/sweep": 4, "lib/store": 4,
    "analysis/query": 5, "analysis/curve": 5, "analysis/statistics": 5, "analysis/summary": 5,
    "analysis/transitions": 5,
    "analysis/mechanism": 5, "analysis/geometry": 5, "analysis/report": 5,
    "analysis/explorer": 5,
    "apps": 6,
}
# Folders of analysis/ that may include another one, with the reason: {(from, to): reason}.
WITHIN_ANALYSIS = {
    ("analysis/summary", "analysis/statistics"): "shares and medians with their intervals",
    ("analysis/transitions", "analysis/statistics"): "the same, and tests between cells",
    ("analysis/transitions", "analysis/summary"): "the runs of a catalogue",
}

MAX_FILE_LINES = 400
MAX_FUNCTION_LINES = 60
MAX_KERNEL_LINES = 80
# Longer files that are better whole, with the reason: {path: reason}.
LONG_FILES = {}

PRINTS_OR_EXITS = re.compile(
    r"std::(?:cout|cerr|clog|cin|puts|putchar|print|println|exit|_Exit|quick_exit|abort|terminate)\b"
    r"|(?<![\w:.>])(?:v?printf|puts|putchar|perror|exit|_exit|_Exit|quick_exit|abort)\s*\("
    r"|\bv?fprintf\s*\(|\bfmt::v?print\b|\bspdlog::|\b(?:stdout|stderr)\b|\bgetopt")
# libm's results differ between versions and processors; a run's bits must not.
NOT_PORTABLE = re.compile(
    r"(?<![\w:.>])(?:std::)?(?:exp|exp2|expm1|log|log2|log10|log1p|pow|sin|cos|tan|sinh|cosh|tanh"
    r"|asin|acos|atan|atan2|erf|erfc|tgamma|lgamma|cbrt|hypot)[fl]?\s*\(|\bstd::rand\b|<random>")
FEEDS_A_TRAINING = ("lib/data", "lib/kernels", "lib/model", "lib/optim", "lib/train")
# Files of these folders that may use libm all the same, with the reason: {path: reason}.
NO_PORTABLE_BITS = {
    "lib/model/reference.cpp": "the model in double precision that tests compare with",
}

SOURCE_SUFFIXES = {".h", ".cpp"}
TEXT_SUFFIXES = SOURCE_SUFFIXES | {".py", ".sh", ".txt", ".ts", ".toml", ".md"}
TOP_FOLDERS = ("lib", "analysis", "apps", "benchmarks", "sweeps", "tests")


class Violation(NamedTuple):
    path: str
    line: int
    rule: str
    message: str


class SourceFile:
    """A text file of the tree, with its C++ comments and literals blanked out, line by line."""

    def __init__(self, root: pathlib.Path, path: pathlib.Path):
        self.path = path.relative_to(root).as_posix()
        self.folder = folder_of(self.path)
        self.is_cpp = path.suffix in SOURCE_SUFFIXES
        self.text = path.read_text(encoding="utf-8")
        self.lines = self.text.splitlines()
        self.code_lines = blank(self.text).splitlines() if self.is_cpp else []


def folder_of(path: str) -> str:
    """The layer that a path belongs to: "lib/core", "apps"; "" if none."""
    parts = path.split("/")
    for length in (2, 1):
        if (folder := "/".join(parts[:length])) in LAYERS and len(parts) > length:
            return folder
    return ""


TOKEN = re.compile(
    r'(?P<include>^[ \t]*#[ \t]*include[^\n]*)'
    r'|(?P<number>\b\d[\w.\']*)'
    r'|(?P<raw>R"(?P<tag>[^(\s]*)\(.*?\)(?P=tag)")'
    r'|(?P<literal>"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\')'
    r'|(?P<comment>//[^\n]*|/\*.*?\*/)', re.DOTALL | re.MULTILINE)


def blank(text: str) -> str:
    def keep_newlines(match):
        if match.lastgroup in ("include", "number"):
            return match.group()
        return re.sub(r"[^\n]", " ", match.group())
    return TOKEN.sub(keep_newlines, text)


def may_use(user: str, used: str) -> bool:
    if user == used or LAYERS[user] > LAYERS[used]:
        return True
    return (user, used) in WITHIN_ANALYSIS


def check_includes(source: SourceFile, root: pathlib.Path):
    for number, line in enumerate(source.code_lines, 1):
        match = re.match(r'\s*#\s*include\s*"([^"]+)"', line)
        if not match:
            continue
        target = match.group(1)
        if not (root / target).is_file():
            yield Violation(source.path, number, "include-path",
                            f'"{target}" is not a path from the root of the tree')
            continue
        if not source.folder:
            continue  # tests and benchmarks may use everything
        used = folder_of(target)
        if not used:
            yield Violation(source.path, number, "layer", f'"{target}" belongs to no layer')
        elif not may_use(source.folder, used):
            yield Violation(source.path, number, "layer",
                            f"{source.folder} (layer {LAYERS[source.folder]}) must not include "
                            f"{used} (layer {LAYERS[used]})")


def check_known_folder(source: SourceFile):
    top = source.path.split("/")[0]
    if source.is_cpp and top in ("lib", "analysis", "apps") and not source.folder:
        yield Violation(source.path, 1, "layer", "its folder is in no layer; add it to LAYERS")


def check_prints(source: SourceFile):
    if not source.path.startswith(("lib/", "analysis/")):
        return
    for number, line in enumerate(source.code_lines, 1):
        if match := PRINTS_OR_EXITS.search(line):
            yield Violation(source.path, number, "prints-or-exits",
                            f"{match.group().strip()}: only apps/ prints or exits")


def check_portable(source: SourceFile):
    if source.folder not in FEEDS_A_TRAINING or source.path in NO_PORTABLE_BITS:
        return
    for number, line in enumerate(source.code_lines, 1):
        if match := NOT_PORTABLE.search(line):
            yield Violation(source.path, number, "portable-bits",
                            f"{match.group().strip()}: use lib/core/portable_math.h or random.h")


def check_style(source: SourceFile):
    if len(source.lines) > MAX_FILE_LINES and source.path not in LONG_FILES:
        yield Violation(source.path, MAX_FILE_LINES + 1, "file-size",
                        f"{len(source.lines)} lines, at most {MAX_FILE_LINES}: split it")
    if source.text and not source.text.endswith("\n"):
        yield Violation(source.path, len(source.lines), "whitespace", "no newline at the end")
    for number, line in enumerate(source.lines, 1):
        if line != line.rstrip() or "\t" in line:
            yield Violation(source.path, number, "whitespace", "a tab, or blanks at the end")
    if source.path.endswith(".h"):
        if not source.text.startswith("//"):
            yield Violation(source.path, 1, "header", "must open by saying what it is for")
        if not source.path.endswith("-inl.h") and "#pragma once" not in source.lines:
            yield Violation(source.path, 1, "header", "lacks #pragma once")
        for number, line in enumerate(source.code_lines, 1):
            if re.match(r"\s*using\s+namespace\b", line):
                yield Violation(source.path, number, "header", "using namespace in a header")


def check_function_size(source: SourceFile):
    limit = MAX_KERNEL_LINES if source.folder == "lib/kernels" else MAX_FUNCTION_LINES
    for first, last in functions(source.code_lines):
        if last - first + 1 > limit:
            yield Violation(source.path, first, "function-size",
                            f"a function of {last - first + 1} lines, at most {limit}")


def functions(code_lines):
    """(first line, last line) of each function, told by the text before its brace."""
    stack, head, head_line = [], "", None
    for number, line in enumerate(code_lines, 1):
        if line.lstrip().startswith("#"):
            continue
        for char in line + "\n":
            if char == "{":
                outer_is_scope = not stack or stack[-1][0] == "scope"
                if re.search(r"\b(namespace|class|struct|union|enum|extern)\b[^()=]*$", head):
                    kind = "scope"
                elif outer_is_scope and "(" in head and not head.rstrip().endswith("="):
                    kind = "function"
                else:
                    kind = "block"
                stack.append((kind, head_line or number))
                head, head_line = "", None
            elif char == "}":
                kind, first = stack.pop() if stack else ("block", number)
                if kind == "function":
                    yield first, number
                head, head_line = "", None
            elif char == ";":
                head, head_line = "", None
            else:
                head += char
                if head_line is None and not char.isspace():
                    head_line = number
