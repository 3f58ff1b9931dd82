"""How crease speaks: help, versions, terminals, pipes, full disks, wrong arguments."""
import os
import pathlib
import pty
import re
import subprocess

import cli

OPTIONS = {
    "plan": ["--store", "--threads", "--set", "--json"],
    "run": ["--store", "--threads", "--shard", "--set", "--fail-fast", "--rerecord", "--force",
            "--json"],
    "status": ["--json"],
    "info": ["--json"],
    "transitions": ["--by", "--curves", "--sensitivity", "--column", "--step-column", "--rising",
                    "--stored", "--minimum-z", "--maximum-p", "--minimum-drop", "--contrast",
                    "--plateau-share", "--json"],
    "query": ["--format"],
}


class HelpTest(cli.CliTest):
    def test_help_lists_every_command(self):
        text = self.crease("--help").stdout
        for command in OPTIONS:
            self.assertRegex(text, rf"\n  {command} ")

    def test_help_of_every_command_lists_its_options(self):
        for command, options in OPTIONS.items():
            for word in ("--help", "-h"):
                done = self.crease(command, word)
                self.assertIn(f"usage: crease {command} ", done.stdout)
                self.assertEqual(done.stderr, "")
                for option in options + ["--help"]:
                    self.assertRegex(done.stdout, rf"(?m)^  (-h \[ )?{option}\b")

    def test_version(self):
        self.assertRegex(self.crease("--version").stdout,
                         r"^crease \d+\.\d+\.\d+ \(git ([0-9a-f]{40}(-dirty)?|unknown), "
                         r"numerics \d+\)\n$")


class WrongArgumentsTest(cli.CliTest):
    CASES = [
        ([], "a command is missing"),
        (["rnu"], "`crease run`"),
        (["run"], "SWEEP.toml is missing"),
        (["run", "x.toml"], "--store"),
        (["run", "x.toml", "--store", "s", "--thread", "2"], "--threads"),
        (["run", "x.toml", "--store", "s", "--threads", "0"], "--threads 0"),
        (["run", "x.toml", "--store", "s", "--threads", "two"], "--threads two"),
        (["run", "x.toml", "--store", "s", "--shard", "3/2"], "--shard"),
        (["run", "x.toml", "--store", "s", "--shard", "2"], "I/N"),
        (["run", "x.toml", "--store", ""], "--store"),
        (["run", "x.toml", "y.toml", "--store", "s"], "positional"),
        (["run", "x.toml", "--store", "s", "--store", "t"], "more than once"),
        (["run", "none.toml", "--store", "s"], "none.toml"),
        (["plan"], "SWEEP.toml is missing"),
        (["status", "nowhere"], "nowhere"),
        (["query", "nowhere", "SELECT 1"], "nowhere"),
        (["query", "."], "SQL is missing"),
        (["query", ".", "SELECT 1", "--format", "xml"], "xml"),
        (["transitions", "nowhere"], "nowhere"),
        (["info", "nowhere"], "nowhere"),
        (["status", "."], "remedy"),
        (["query", ".", "SELECT 1"], "remedy"),
        (["transitions", "."], "remedy"),
        (["info", "."], "remedy"),
    ]

    def test_exit_code_and_message(self):
        for words, expected in self.CASES:
            with self.subTest(words=words):
                done = self.crease(*words, code=2)
                self.assertEqual(done.stdout, "")
                self.assertTrue(done.stderr.startswith("error: "), done.stderr)
                self.assertIn(expected, done.stderr)
        self.assertEqual(sorted(self.dir.iterdir()), [], "something was made")


class StreamsTest(cli.CliTest):
    def setUp(self):
        super().setUp()
        self.run_sweep(self.sweep(seeds=2, steps=50), "store")

    def status_of(self, command, **options):
        return subprocess.run(command, shell=True, executable="/bin/bash", capture_output=True,
                              text=True, cwd=self.dir, timeout=60, check=False, **options)

    def test_a_full_disk_is_told(self):
        for words in ("--help", "--version", "info", "query store 'SELECT * FROM runs'",
                      "run tiny.toml --store store", "status store"):
            with self.subTest(words=words):
                done = self.status_of(f"{cli.CREASE} {words} > /dev/full")
                self.assertEqual(done.returncode, 4, done.stderr)
                self.assertIn("standard output", done.stderr)
                self.assertIn("No space left", done.stderr)

    def test_closed_output_is_an_error_and_harms_no_file(self):
        done = self.status_of(f"{cli.CREASE} query store 'SELECT * FROM runs' >&-")
        self.assertEqual(done.returncode, 4, done.stderr)
        self.assertEqual(len(self.digests("store")), 4)
        self.assertEqual(self.status_of(f"{cli.CREASE} --version 2>&- 0<&-").returncode, 0)

    def test_a_reader_that_leaves_is_no_crash(self):
        rows = ("WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c "
                "WHERE x < 10000000) SELECT x FROM c")
        done = self.status_of(f"{cli.CREASE} query store '{rows}' --format csv | head -2; "
                              'echo "${PIPESTATUS[0]}"')
        self.assertEqual(done.stdout, "x\n1\n0\n")
        self.assertEqual(done.stderr, "")

    def test_no_terminal_no_decoration(self):
        done = self.crease("run", "tiny.toml", "--store", "store", "--force")
        self.assertNotIn("\033", done.stdout + done.stderr)
        self.assertNotIn("\r", done.stdout + done.stderr)

    def on_terminal(self, *words, **changes):
        """What `crease` writes to a terminal that is both of its outputs."""
        primary, secondary = pty.openpty()
        process = subprocess.Popen([cli.CREASE, *words], stdout=secondary, stderr=secondary,
                                   cwd=self.dir, env=cli.environment(**changes))
        os.close(secondary)
        seen = b""
        while True:
            try:
                piece = os.read(primary, 65536)
            except OSError:  # the other end is closed
                break
            if not piece:
                break
            seen += piece
        os.close(primary)
        self.assertEqual(process.wait(), 0, seen)
        return seen.decode()

    def test_terminal(self):
        words = ("run", "tiny.toml", "--store", "store", "--force", "--set", "train.steps=20000")
        colourful = self.on_terminal(*words, TERM="xterm", NO_COLOR=None)
        self.assertIn("\r\033[K", colourful)
        self.assertIn("\033[1m", colourful)
        plain = self.on_terminal(*words, TERM="xterm", NO_COLOR="1")
        self.assertNotRegex(plain, r"\033\[\d*m")
        self.assertNotIn("\033", self.on_terminal(*words, TERM="dumb", NO_COLOR="1"))


if __name__ == "__main__":
    cli.main()
