"""crease transitions FILE.csv on curves of every origin: the right answer, or why there is none."""
import gzip
import json
import math
import os
import random
import subprocess
import threading

import cli

LENGTH, PLACE = 4000, 2400


def logistic(step, place=PLACE, width=60, nats=1.5):
    """A loss that drops by 1.5 nats; 10 % to 90 % takes 4.4 widths."""
    return math.exp(-nats / (1 + math.exp(-(step - place) / width)))


def noise(seed=1, deviation=0.03):
    generator = random.Random(seed)
    while True:
        yield math.exp(generator.gauss(0, deviation))


def rows(steps, value=logistic, deviation=0.03):
    """[(step, value with noise)]"""
    return [(step, value(step) * factor) for step, factor in zip(steps, noise(1, deviation))]


def text(pairs, header="step,loss", separator=",", end="\n"):
    lines = [header] if header else []
    lines += [f"{step!r}{separator}{value!r}" for step, value in pairs]
    return end.join(lines) + end


class AnyCurveTest(cli.CliTest):
    def write(self, content, name="curve.csv"):
        path = self.dir / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    def found(self, content, *words):
        result = self.json("transitions", self.write(content), *words)
        self.assertIsNone(result["no_verdict"])
        return result["transitions"]

    def expect_drop(self, content, *words, place=PLACE, scale=1, within=40):
        """One transition at `place`, with the drop between its tenths, values in units of `scale`."""
        transitions = self.found(content, *words)
        self.assertEqual(len(transitions), 1)
        found = transitions[0]
        self.assertAlmostEqual(found["midpoint_step"] / within, place / within, delta=1)
        self.assertAlmostEqual(found["drop_nats"], 1.2, delta=0.25)
        # Knots lie between bins of 1/50 of the elapsed steps, in which the curve falls by as much
        # between a third of its steepest slope and that.
        self.assertAlmostEqual(math.log(found["loss_before"] / scale), -0.15, delta=0.18)
        self.assertAlmostEqual(math.log(found["loss_after"] / scale), -1.35, delta=0.18)
        return found

    def refused(self, content, *says, words=(), name="curve.csv"):
        done = self.crease("transitions", self.write(content, name), *words, code=2)
        self.assertEqual(done.stdout, "")
        for part in ("remedy", name, *says):
            self.assertIn(part, done.stderr)


class SamplingTest(AnyCurveTest):
    def test_every_step_every_fiftieth_unequal_and_missing_ones(self):
        steps = range(LENGTH)
        generator = random.Random(2)
        self.expect_drop(text(rows(steps)))
        self.expect_drop(text(rows(range(0, 20 * LENGTH, 50),
                                   lambda s: logistic(s, 20 * PLACE, 1200))),
                         place=20 * PLACE, within=600)
        self.expect_drop(text(rows([s for s in steps if generator.random() < 0.3])))
        self.expect_drop(text(rows([s for s in steps if not 900 < s < 1700])))

    def test_log_spaced(self):
        steps = sorted({round(1.01 ** i) for i in range(900) if 1.01 ** i < 8000})
        self.expect_drop(text(rows(steps)), within=120)

    def test_steps_of_any_size_and_origin(self):
        for unit, first in ((1e-30, 0), (1e30, 0), (0.001, 0), (1, -3000), (1, 10 ** 9),
                            (1 / 7, -1e3)):
            with self.subTest(unit=unit, first=first):
                content = text([((s + first) * unit, v) for s, v in rows(range(LENGTH))])
                self.expect_drop(content, place=(PLACE + first) * unit, within=40 * unit)

    def test_table_of_any_size(self):
        for unit in (1e-90, 1e-5, 1, 1e30, 1e90):
            content = text([(s * unit, v) for s, v in rows(range(LENGTH))])
            table = self.crease("transitions", self.write(content)).stdout.splitlines()
            self.assertEqual(len(table), 2)
            onset, midpoint, end = map(float, table[1].split()[:3])
            self.assertAlmostEqual(midpoint / unit, PLACE, delta=40)
            self.assertLess(onset, midpoint)
            self.assertLess(midpoint, end)
        content = text([(s * 1e-200, v) for s, v in rows(range(LENGTH))])
        self.refused(content, "1e-100", "--step-column row")

    def test_rows_are_the_steps_where_there_are_none(self):
        values = [v for _, v in rows(range(LENGTH))]
        self.expect_drop("\n".join(map(repr, values)))
        self.expect_drop("train_loss\n" + "\n".join(map(repr, values)))

    def test_short_curves(self):
        for count in (0, 1, 9):
            path = self.write(text(rows(range(count))))
            result = self.json("transitions", path)
            self.assertEqual(result["transitions"], [])
            self.assertIn("fewer than 10", result["no_verdict"])
            self.assertIn("no verdict", self.crease("transitions", path).stderr)
        self.assertEqual(self.found(text(rows(range(10)))), [])
        few = text(rows(range(100), lambda s: logistic(s, 50, 2), deviation=0.01))
        self.expect_drop(few, place=50, within=2)

    def test_a_million_rows(self):
        values = [f"{i},{logistic(i, 600_000, 15_000):.6g}\n" for i in range(1_000_000)]
        self.expect_drop("step,loss\n" + "".join(values), place=600_000, within=10_000)


class ValuesTest(AnyCurveTest):
    def test_any_scale(self):
        for exponent in (-300, -200, -44, -38, -30, 0, 30, 38, 200, 300):
            with self.subTest(exponent=exponent):
                scale = 10.0 ** exponent
                self.expect_drop(text([(s, v * scale) for s, v in rows(range(LENGTH))]),
                                 scale=scale)

    def test_what_is_no_loss_is_left_out(self):
        pairs = rows(range(LENGTH))
        for i in range(0, LENGTH, 7):
            pairs[i] = (i, (math.nan, math.inf, -math.inf, 0.0, 1e-320)[i % 5])
        content = text(pairs).replace("nan", "")
        self.expect_drop(content)
        self.assertIn("without a number", self.crease("transitions", self.write(content)).stderr)

    def test_negative_values(self):
        few = [(s, -1.0 if s % 50 == 0 else v) for s, v in rows(range(LENGTH))]
        self.expect_drop(text(few))
        crossing = text([(s, v - 0.5) for s, v in rows(range(LENGTH))])
        result = self.json("transitions", self.write(crossing))
        self.assertEqual(result["transitions"], [])
        self.assertIn("negative", result["no_verdict"])
        for content in (text([(s, 0) for s in range(50)]), text([(s, -1) for s in range(50)])):
            self.assertTrue(self.json("transitions", self.write(content))["no_verdict"])

    def test_curves_without_a_transition(self):
        curves = {
            "constant": lambda s: 1.0,
            "increasing": lambda s: 1 + s / 1000,
            "jumping up": lambda s: 1 / logistic(s),
            "exponential": lambda s: math.exp(-s / 70),
            "exponential to a floor": lambda s: 0.1 + math.exp(-s / 300),
            "power law": lambda s: (s + 1) ** -0.5,
            "two values in turn": lambda s: (1.0, 0.3)[s % 2],
        }
        for name, curve in curves.items():
            for deviation in (0, 0.05):
                with self.subTest(name, deviation=deviation):
                    self.assertEqual(self.found(text(rows(range(LENGTH), curve, deviation))), [])

    def test_curves_of_few_values(self):
        two = self.found(text([(s, 1.0 if s < PLACE else 0.25) for s in range(LENGTH)]))
        self.assertEqual(len(two), 1)
        self.assertAlmostEqual(two[0]["midpoint_step"], PLACE, delta=60)
        self.assertAlmostEqual(two[0]["drop_nats"], math.log(4), delta=0.1)
        whole = self.found(text([(s, round(1000 * v)) for s, v in rows(range(LENGTH))]))
        self.assertEqual(len(whole), 1)

    def test_rising(self):
        def accuracy(step):
            return 1 / (1 + math.exp(-(step - PLACE) / 60)) * 0.75 + 0.25
        generator = random.Random(3)
        pairs = [(s, min(1.0, accuracy(s) + generator.gauss(0, 0.01))) for s in range(LENGTH)]
        pairs = [(s, 1.0 if s > 3200 else a) for s, a in pairs]
        header = "step,accuracy"
        self.assertEqual(self.found(text(pairs, header)), [])
        onsets = []
        for scale in (1, 100):
            scaled = text([(s, a * scale) for s, a in pairs], header)
            found = self.found(scaled, "--rising")
            self.assertEqual(len(found), 1)
            self.assertLess(found[0]["loss_before"] / scale, 0.6)
            self.assertGreater(found[0]["loss_after"] / scale, 0.9)
            self.assertLess(abs(found[0]["midpoint_step"] - PLACE), 150)
            onsets.append(found[0]["onset_step"])
        self.assertAlmostEqual(onsets[0], onsets[1], delta=1e-3)
        for constant in (0, 1, 0.1, 100):
            content = text([(s, constant) for s in range(LENGTH)], header)
            self.assertEqual(self.found(content, "--rising"), [])


class OriginsTest(AnyCurveTest):
    def test_formats(self):
        pairs = rows(range(LENGTH))
        wide = "a," * 1500 + "step,loss\n" + "".join(
            "0.5," * 1500 + f"{s},{v}\n" for s, v in pairs[::10])
        for name, content in {
                "quotes": text(pairs, '"step","loss"'),
                "byte order mark, CRLF": "\ufeff" + text(pairs, end="\r\n"),
                "CR": text(pairs, end="\r"),
                "tabs": text(pairs, "step\tloss", "\t"),
                "blanks": text(pairs, "# step loss", "  "),
                "trailing separators": text(pairs, "step;loss;", ";", ";\n"),
                "comments, empty lines": "# run 7\n\n" + text(pairs, end="\n\n") + "# end\n",
                "columns": wide,
                "no header": text(pairs, "")}.items():
            with self.subTest(name):
                self.expect_drop(content)

    def test_tensorboard(self):
        content = "Wall time,Step,Value\n" + "".join(
            f"{1.7e9 + 0.25 * s},{s},{v}\n" for s, v in rows(range(LENGTH)))
        self.expect_drop(content)

    def test_weights_and_biases(self):
        lines = ['"Step","sun-7 - loss","sun-7 - loss__MIN","sun-7 - loss__MAX"']
        lines += [f'"{s}","{v}","{0.9 * v}","{1.1 * v}"' for s, v in rows(range(LENGTH))]
        self.expect_drop("\n".join(lines))
        # What another run logged at other steps leaves cells empty.
        lines = ['"Step","a - acc","b - loss"']
        lines += [f'"{s}","{s}",""' if s % 2 else f'"{s}","","{v}"'
                  for s, v in rows(range(LENGTH))]
        self.expect_drop("\n".join(lines))
        self.assertIn("read column 'b - loss'",
                      self.crease("transitions", self.write("\n".join(lines))).stderr)

    def test_resumed_run(self):
        pairs = rows(range(LENGTH))
        content = text(pairs[:1500] + pairs[1200:3000] + pairs[2900:])
        self.expect_drop(content)
        said = self.crease("transitions", self.write(content)).stderr
        self.assertRegex(said, r"skipped 400 rows .* line 1502 .*resumed")
        self.expect_drop(text([pair for pair in pairs for _ in range(2)]))  # every row twice

    def test_steps_without_order(self):
        pairs = rows(range(200))
        self.refused(text(pairs + pairs), "curve.csv:202", "begins again", "--step-column")
        self.refused(text(pairs[::-1]), "curve.csv:3", "not in order")
        shuffled = random.Random(4).sample(pairs, len(pairs))
        self.refused(text(shuffled), "curve.csv:")
        epochs = text([(s // 100, v) for s, v in rows(range(LENGTH))], "epoch,loss")
        self.refused(epochs, "'epoch'", "repeat", "--step-column")
        self.expect_drop(epochs, "--step-column", "row")

    def test_what_is_no_csv(self):
        content = text(rows(range(200)))
        self.refused(content.encode("utf-16"), "UTF-16", "iconv")
        self.refused(content.encode("utf-16-le"), "UTF-16")
        self.refused(gzip.compress(content.encode()), "gunzip")
        self.refused(random.Random(5).randbytes(100_000))
        self.refused(b"\x89HDF\r\n\x1a\n" + bytes(100), "HDF5")
        self.refused(b"7" * (17 << 20), "16 MiB")
        self.refused("", "is empty")
        self.refused(content + "200,1.2.3\n", "curve.csv:202", "'1.2.3'")

    def test_what_cannot_be_opened(self):
        self.crease("transitions", "absent.csv", code=2)
        (self.dir / "folder").mkdir()
        self.assertIn("folder", self.crease("transitions", "folder", code=2).stderr)
        path = self.write(text(rows(range(200))))
        path.chmod(0)
        if not os.access(path, os.R_OK):
            done = self.crease("transitions", path, code=4)
            self.assertIn("ermission", done.stderr)

    def test_standard_input_and_pipes(self):
        content = text(rows(range(LENGTH)))
        expected = self.found(content)
        for path in ("-", "/dev/stdin"):
            done = subprocess.run([cli.CREASE, "transitions", path, "--json"], input=content,
                                  capture_output=True, text=True, timeout=100, check=True)
            self.assertEqual(json.loads(done.stdout)["transitions"], expected)
        fifo = self.dir / "fifo"
        os.mkfifo(fifo)
        writer = threading.Thread(target=fifo.write_text, args=(content,))
        writer.start()
        self.assertEqual(self.json("transitions", fifo)["transitions"], expected)
        writer.join()
        done = subprocess.run([cli.CREASE, "transitions", "-"], input="step,loss\n0,x\n",
                              capture_output=True, text=True, timeout=100, check=False)
        self.assertEqual(done.returncode, 2)
        self.assertIn("standard input:2", done.stderr)


if __name__ == "__main__":
    cli.main()
