"""Sweep files and --set arguments that `crease` must refuse before it trains anything."""
from bad_input_case import Case

BASE = """\
[sweep]
name = "bad"
question = "What happens to wrong input?"

[data]
task = "spiral"
points = 40

[model]
norm = "unit"
width = 3
depth = 2

[train]
steps = 20

[record]
bursts = "off"

[grid]
seed = { range = [0, 2] }
"""


def with_lines(section, *lines):
    """BASE with `lines` in `section`, replacing those of the same key; a new section at the end."""
    out, here, keys = [], False, {line.partition("=")[0].strip() for line in lines}
    for line in BASE.splitlines():
        if line.startswith("["):
            here = line == section
            out.append(line)
            if here:
                out += lines
        elif not (here and line.partition("=")[0].strip() in keys):
            out.append(line)
    if section not in BASE.splitlines():
        out += [section, *lines]
    return "\n".join(out) + "\n"


def refused(name, text, at, *says, command="run"):
    """`at`: the line of `text` that holds the fault ("": any)."""
    place = r"bad\.toml"
    if at:
        place += rf":{text.splitlines().index(at) + 1}:\d+"
    words = [command, "bad.toml"] + (["--store", "store"] if command == "run" else [])
    return Case(name, words, 2, [place, *says], files={"bad.toml": text})


def line(section, text, *says, name=None):
    return refused(name or f"{section} {text[:40]}", with_lines(section, text), text, *says)


def set_(argument, *says):
    return Case(f"--set {argument[:50]}", ["run", "good.toml", "--store", "store", "--set", argument],
                2, ["--set", *says])


SYNTAX = [
    refused("unterminated string", BASE + 'x = "y\n', 'x = "y'),
    refused("unterminated table", BASE.replace("[model]", "[model"), "[model"),
    line("[model]", "width = = 3"),
    line("[model]", "width = 9223372036854775808", name="integer beyond 64 bits"),
    refused("duplicate key", BASE.replace("depth = 2", "depth = 2\ndepth = 3"), "depth = 3"),
    refused("duplicate table", BASE + "[model]\n", ""),
    refused("nested 5000 deep", with_lines("[grid]", "seed = " + "[" * 5000), ""),
    refused("empty file", "", "", "sweep"),
    refused("no [sweep]", BASE.replace("[sweep]", "[data.x]"), ""),
    Case("binary file", ["run", "bad.toml", "--store", "store"], 2, [r"bad\.toml"],
         files={"bad.toml": bytes(range(256)) * 8}),
    Case("invalid UTF-8", ["plan", "bad.toml"], 2, [r"bad\.toml:2:"],
         files={"bad.toml": b'[sweep]\nname = "\xff\xfe"\n'}),
    Case("no such file", ["run", "absent.toml", "--store", "store"], 2, [r"absent\.toml", "No such"]),
    Case("a directory for a file", ["plan", "."], 2, [r"\.: ", "directory"]),
    refused("plan refuses, too", with_lines("[model]", "widht = 3"), "widht = 3", "width",
            command="plan"),
]

UNKNOWN = [
    refused("unknown section", BASE + "[modell]\nx = 1\n", "[modell]", "model"),
    line("[model]", "widht = 3", "widht", "width"),
    line("[train]", "learning_rate = 0.1", "learning_rate"),
    line("[train]", "optimiser = \"adam\"", "optimizer"),
    line("[record]", "weight = \"auto\"", "weights"),
    line("[sweep]", "title = \"x\"", "title"),
    line("[grid]", "\"model.widht\" = [2, 3]", r"model\.width"),
    line("[grid]", "width = [2, 3]", r"model\.width"),
    line("[[zip]]", "\"model.nrom\" = [\"unit\"]", r"model\.norm"),
    line("[[exclude]]", "\"train.stpes\" = 20", r"train\.steps"),
    line("[data]", "task = \"spirl\"", "spiral"),
    line("[model]", "norm = \"layer_norm\"", "layernorm"),
    line("[model]", "activation = \"rleu\"", "relu"),
    line("[train]", "optimizer = \"Adam\"", "adam"),
    line("[train]", "schedule = \"cosin\"", "cosine"),
    line("[train]", "loss = \"crossentropy\"", "cross_entropy"),
    line("[model]", "init = \"kaiming\"", "he"),
]

TYPES = [
    line("[model]", "width = \"three\"", "integer"),
    line("[model]", "width = 3.5", "integer"),
    line("[model]", "bias = 1", "bool|true"),
    line("[model]", "norm = 3", "string|one of"),
    line("[train]", "lr = \"fast\"", "number"),
    line("[train]", "steps = true", "integer"),
    line("[train]", "batch = \"half\"", "full"),
    line("[sweep]", "name = 3", "string"),
    refused("model is no table", BASE.replace("[model]", "[other]") .replace("[sweep]",
            "model = 3\n[sweep]"), ""),
    line("[grid]", "seed = 3.5"),
    line("[grid]", "seed = { range = [0.5, 2] }", "integer"),
    line("[grid]", "\"model.width\" = [3, \"4\"]", "integer"),
    line("[record]", "weights = 3"),
    line("[record]", "weights = \"sometimes\"", "auto"),
]

RANGES = [
    line("[model]", "width = 0", "1"),
    line("[model]", "width = 1000000000000", "65536"),
    line("[model]", "depth = -1", "0"),
    line("[model]", "eps = -1e-5"),
    line("[model]", "exponent = 7", "1, 2 or 3"),
    line("[train]", "lr = 0.0"),
    line("[train]", "lr = nan"),
    line("[train]", "lr = inf"),
    line("[train]", "steps = 0"),
    line("[train]", "steps = 1000000000000000000"),
    line("[train]", "batch = -1"),
    line("[train]", "momentum = 1.0"),
    line("[data]", "points = -40"),
    line("[data]", "noise = -0.1"),
    line("[grid]", "seed = { range = [-2, 2] }"),
    line("[record]", "weights = { every = 0 }"),
    line("[record]", "weights = { at = [5, 3] }"),
    line("[record]", "weights = { at = [-1, 3] }"),
    line("[record]", "weights = { every = 1, at = [1] }"),
    line("[record]", "weights = { evry = 1 }", "every"),
    line("[record]", "activations = { every = 1, points = -1 }"),
    line("[record]", "bursts = { before = -5 }"),
    refused("groups do not divide width", with_lines("[model]", "norm = \"groupnorm\"",
                                                     "groups = 2"), "groups = 2", "width"),
    refused("odd number of sectors", with_lines("[data]", "task = \"sectors\"", "sectors = 7"),
            "", "sectors", "odd|even"),
    refused("cross entropy for regression", with_lines("[data]", "task = \"toy_regression\""), "",
            "loss", "mse"),
    refused("more numbers than memory", with_lines("[data]", "task = \"random_labels\"",
            "points = 100000000", "inputs = 60000"), "", "points"),
    line("[sweep]", "name = \"a/b\"", "name"),
    line("[sweep]", "name = \"..\"", "name"),
    line("[sweep]", "name = \"\"", "name"),
]

GRID = [
    line("[grid]", "seed = []", "empty"),
    line("[grid]", "\"model.width\" = [3, 4, 3]", "3"),
    line("[grid]", "\"train.lr\" = [0.1, 1e-1]"),
    line("[grid]", "seed = { range = [5, 5] }"),
    line("[grid]", "seed = { range = [10, 0] }"),
    line("[grid]", "seed = { range = [10] }"),
    line("[grid]", "seed = { rnge = [0, 10] }", "range"),
    line("[grid]", "\"train.lr\" = { log = [0.0, 1.0], n = 3 }"),
    line("[grid]", "\"train.lr\" = { log = [0.1, 1.0] }", "n"),
    line("[grid]", "\"train.lr\" = { linear = [0.1, 1.0], n = 0 }"),
    line("[grid]", "\"train.lr\" = { linear = [0.1, 1.0], n = 1000000000000 }"),
    line("[grid]", "seed = { range = [0, 1000000000000000] }"),
    line("[grid]", "\"model.width\" = [3, 0]", "1"),
    refused("key on two axes", with_lines("[[zip]]", "seed = [5, 6]"), "seed = [5, 6]", "seed"),
    refused("zip of unequal lengths", with_lines("[[zip]]", "\"model.width\" = [2, 3]",
            "\"model.eps\" = [1e-5, 1e-6, 1e-7]"), "", "zip|model"),
    refused("exclusion of nothing", with_lines("[[exclude]]", "\"model.width\" = 99"),
            "[[exclude]]"),
    refused("nothing is left", BASE + "[[exclude]]\nseed = [0, 1]\n", ""),
    refused("one cell is inconsistent", with_lines("[model]", "norm = \"groupnorm\"", "width = 6")
            + "[[zip]]\n\"model.groups\" = [1, 2, 4]\n", "", "groups"),
]

SET = [
    set_("", "=|key"),
    set_("train.steps", "="),
    set_("=3"),
    set_("train.stpes=30", r"train\.steps"),
    set_("train.steps=", "train.steps"),
    set_("train.steps=abc", "train.steps"),
    set_("train.steps=-3", "train.steps"),
    set_("model.width=[3,", "model.width"),
    set_("model.width=[3, 3]", "model.width"),
    set_("seed={range=[4,2]}", "seed"),
    set_("train.lr=0.1\n[model]\nwidth=5"),
    set_("sweep.name=x/y"),
    set_("record.weights=often"),
    set_("data.task=spiral2", "spiral"),
]

CASES = SYNTAX + UNKNOWN + TYPES + RANGES + GRID + SET
