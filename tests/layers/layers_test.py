"""Holds the source tree against its layers and its style.

  layers_test.py ROOT TARGETS   # TARGETS: what CMake wrote, one line a target:
                                # name|folder|linked targets, comma-separated|sources, likewise
  layers_test.py --self-test    # finds every kind of violation in a small bad tree

Prints file:line: [rule] message for each violation; exit code 1 if there is any.
"""
import pathlib
import re
import sys
import tempfile

import rules
from rules import LAYERS, SourceFile, Violation


def files_of(root: pathlib.Path):
    for top in rules.TOP_FOLDERS:
        for path in sorted((root / top).rglob("*")):
            hidden = {"node_modules", "__pycache__"} & set(path.parts)
            if path.is_file() and path.suffix in rules.TEXT_SUFFIXES and not hidden:
                yield SourceFile(root, path)


def read_targets(text: str):
    """{name: (folder, linked names, sources)} of the targets that CMake knows."""
    targets = {}
    for line in text.splitlines():
        name, folder, links, sources = line.split("|")
        targets[name] = (folder, re.findall(r"\bcrease_\w+", links), sources.split(","))
    return targets


def check_links(targets, sources):
    """The link graph has no edge that the layers forbid, and one for every include."""
    layered = {name: folder for name, (folder, _, _) in targets.items() if folder in LAYERS}
    for name, folder in layered.items():
        for linked in targets[name][1]:
            used = layered.get(linked)
            if used and not rules.may_use(folder, used):
                yield Violation(f"{folder}/CMakeLists.txt", 1, "link",
                                f"{name} must not link {linked}: {used} is not below {folder}")

    def reachable(folder):
        names = [name for name, its_folder in layered.items() if its_folder == folder]
        seen = set(names)
        while names:
            for linked in targets[names.pop()][1]:
                if linked in layered and linked not in seen:
                    seen.add(linked)
                    names.append(linked)
        return {layered[name] for name in seen}

    linked_folders = {folder: reachable(folder) for folder in set(layered.values())}
    for source in sources:
        for number, line in enumerate(source.code_lines, 1):
            match = re.match(r'\s*#\s*include\s*"([^"]+)"', line)
            used = rules.folder_of(match.group(1)) if match else ""
            if not used or source.folder not in linked_folders or used not in linked_folders:
                continue
            if used not in linked_folders[source.folder]:
                yield Violation(source.path, number, "link",
                                f"includes {used}, but {source.folder} does not link its target")


def check_built(root: pathlib.Path, targets, sources):
    """Every source file of a layer belongs to a target."""
    built = set()
    for folder, _, names in targets.values():
        for name in names:
            path = pathlib.Path(name)
            built.add(path if path.is_absolute() else root / folder / name)
    for source in sources:
        if source.folder and source.path.endswith(".cpp") and root / source.path not in built:
            yield Violation(source.path, 1, "built", "belongs to no target")


def check_version(root: pathlib.Path):
    """CITATION.cff names the version that CMake builds."""
    project = re.search(r"project\(\w+ VERSION ([\d.]+)", (root / "CMakeLists.txt").read_text())
    lines = (root / "CITATION.cff").read_text().splitlines()
    for number, line in enumerate(lines, 1):
        if line.startswith("version:") and line.split()[1] != project.group(1):
            yield Violation("CITATION.cff", number, "version",
                            f"{line.split()[1]}, but CMakeLists.txt says {project.group(1)}")


def violations(root: pathlib.Path, targets):
    sources = list(files_of(root))
    for source in sources:
        yield from rules.check_style(source)
        if not source.is_cpp:
            continue
        yield from rules.check_known_folder(source)
        yield from rules.check_includes(source, root)
        yield from rules.check_prints(source)
        yield from rules.check_portable(source)
        yield from rules.check_function_size(source)
    cpp_sources = [source for source in sources if source.is_cpp]
    yield from check_links(targets, cpp_sources)
    yield from check_built(root, targets, cpp_sources)
    yield from check_version(root)


# A tree in which every line that ends in "BAD rule ..." must be found, and nothing else.
HEADER = "// What it is for.\n#pragma once\n"
BAD_TREE = {
    "CMakeLists.txt": "project(crease VERSION 1.2.0)\n",
    "CITATION.cff": "cff-version: 1.2.0\nversion: 1.1.0  # BAD version\n",
    "lib/core/a.h": HEADER,
    "lib/detect/b.h": HEADER,
    "lib/kernels/c.h": HEADER + '#include "lib/core/a.h"\n'
                                '#include "lib/detect/b.h"  // BAD layer link\n'
                                '#include "lib/store/e.h"  // BAD layer\n'
                                '// #include "lib/store/e.h"\n',
    "lib/kernels/d.h": "#pragma once  // BAD header header\n",
    "lib/store/e.h": HEADER + "using namespace std;  // BAD header\n"
                              '#include "e.h"  // BAD include-path\n'
                              '#include "tests/t.h"  // BAD layer\n',
    "lib/unknown/f.h": HEADER.replace("for.", "for. BAD layer"),
    "lib/core/g.cpp": 'auto a = "std::cout";  // std::cout\n'
                      "void F() { std::cerr << 1'000; }  // BAD prints-or-exits\n"
                      "int n = snprintf(p, 3, f), e = exit_code(3), s = x.exit(3);\n"
                      'void G() { printf("%d", 3); }  // BAD prints-or-exits\n'
                      "void H() { ::exit(3); std::exit(3); }  // BAD prints-or-exits\n"
                      'const char* r = R"(std::cout\n printf(3))";\n'
                      "void I() { fprintf(stderr, s); }  // BAD prints-or-exits\n"
                      "int x = 3; // ends in a blank, BAD whitespace \n",
    "lib/data/h.cpp": "#include <random>  // BAD portable-bits\n"
                      "double y = std::exp(x) + portable::Exp(x);  // BAD portable-bits\n"
                      "double z = portable::log(x) + std::sqrt(x) + my.log(x);\n",
    "lib/data/dead.cpp": "// BAD built\n",
    "lib/train/i.cpp": "int A(int x) {  // BAD function-size\n" + "  x++;\n" * 60 + "}\n"
                       "struct S {\n  int B(int x) {\n" + "    x++;\n" * 58 + "  }\n"
                       "  int C() const {  // BAD function-size\n" + "    x++;\n" * 59 + "  }\n};\n"
                       "int D(int x,\n      int y) {\n  if (x) {\n" + "    x++;\n" * 55 + "  }\n}\n",
    "lib/sweep/j.cpp": "int x;\n" * 400 + "int y;  // BAD file-size\n",
    "analysis/query/k.h": HEADER + '#include "analysis/report/l.h"  // BAD layer\n'
                                   '#include "lib/store/e.h"\n',
    "analysis/report/l.h": HEADER + '#include "apps/m.h"  // BAD layer\n',
    "apps/m.h": HEADER + '#include "analysis/query/k.h"\n',
    "apps/m.cpp": "void F() { std::cout << 1; exit(0); }\n",
    "tests/t.h": HEADER + '#include "apps/m.h"\n',
    "lib/optim/CMakeLists.txt": "# BAD link\n",
}
BAD_TARGETS = """\
crease_core|lib/core|crease_options|g.cpp
crease_detect|lib/detect|crease_core|
crease_kernels|lib/kernels|crease_core|
crease_data|lib/data|crease_core|h.cpp
crease_optim|lib/optim|crease_core,crease_model|
crease_model|lib/model|crease_kernels|
crease_train|lib/train|crease_data|i.cpp
crease_sweep|lib/sweep|$<LINK_ONLY:crease_train>|j.cpp
crease|apps|crease_sweep|m.cpp
"""


def self_test() -> int:
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder)
        expected = []
        for path, text in BAD_TREE.items():
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_text(text)
            for number, line in enumerate(text.splitlines(), 1):
                for rule in line.partition("BAD ")[2].split():
                    expected.append((path, number, rule))
        found = [violation[:3] for violation in violations(root, read_targets(BAD_TARGETS))]
    missed, extra = sorted(set(expected) - set(found)), sorted(set(found) - set(expected))
    for name, wrong in (("missed", missed), ("not in the tree", extra)):
        for path, number, rule in wrong:
            print(f"{name}: {path}:{number}: [{rule}]")
    doubled = len(found) - len(expected)
    print(f"self-test: {len(expected)} violations planted, {len(found)} found")
    return 1 if missed or extra or doubled else 0


def main(arguments) -> int:
    if arguments == ["--self-test"]:
        return self_test()
    if len(arguments) != 2:
        print(__doc__, file=sys.stderr)
        return 2
    root, targets = pathlib.Path(arguments[0]).resolve(), pathlib.Path(arguments[1])
    found = list(violations(root, read_targets(targets.read_text())))
    for path, line, rule, message in found:
        print(f"{path}:{line}: [{rule}] {message}")
    print(f"{len(found)} violations in {len(list(files_of(root)))} files")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
