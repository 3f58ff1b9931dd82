"""crease verify, --repair, and stores that were copied together. verify_test.py CREASE"""
import json
import pathlib
import shutil
import signal
import subprocess
import time

import h5py

import cli
from cli import CliTest


def flip(path, place):
    data = bytearray(path.read_bytes())
    data[place] ^= 0x20
    path.write_bytes(data)


class Verify(CliTest):
    def setUp(self):
        super().setUp()
        self.run_sweep(self.sweep(), "store")
        self.shards = sorted((self.dir / "store/shards").glob("*.h5"))

    def flip_in(self, shard, name):
        with h5py.File(shard) as file:
            place = file[name].id.get_chunk_info(0)
        flip(shard, place.byte_offset + place.size // 2)

    def verify(self, *words, code=0, store="store"):
        return self.json("verify", self.dir / store, *words, code=code)

    def replace_digest(self, shard, digest=b"0" * 32):
        """A shard whose only fault is that it claims another result: of format 1.0, unsealed."""
        with h5py.File(shard, "r+") as file:
            digests = file["digest"][...]
            digests[0] = digest
            file["digest"][...] = digests
            file.attrs.modify("format_version", [1, 0])
            return file["run_id"][0].decode()

    def test_a_sound_store(self):
        result = self.verify()
        self.assertTrue(result["sound"])
        self.assertEqual(result["runs"], 6)
        self.assertEqual(result["runs_trained_again"], 4)
        self.assertEqual(result["files_without_digest"], 0)
        self.assertEqual(self.verify("--all")["runs_trained_again"], 6)
        self.assertEqual(self.verify("--sample", "0")["runs_trained_again"], 0)
        self.assertEqual(self.verify("--sample", "2", "--threads", "1")["runs_trained_again"], 2)
        text = self.crease("verify", "store").stdout
        self.assertIn("every byte is as it was written", text)
        self.assertIn("all digests agree", text)
        self.assertTrue(self.json("verify", self.shards[0])["sound"])

    def test_the_same_runs_are_drawn_every_time(self):
        for shard in self.shards:
            with h5py.File(shard, "r+") as file:
                file.attrs.modify("numerics_version", 1)
                file.attrs.modify("format_version", [1, 0])
        first = self.verify("--sample", "3")
        self.assertEqual(len(first["not_comparable"]), 3)
        self.assertEqual(first["not_comparable"], self.verify("--sample", "3")["not_comparable"])
        self.assertEqual(first["files_without_digest"], len(self.shards))
        self.assertTrue(first["sound"])

    def test_damage_is_named_and_repaired(self):
        digests = self.digests("store")
        self.flip_in(self.shards[0], "loss")
        flip(self.shards[0], len(self.shards[0].read_bytes()) - 100)
        done = self.crease("verify", "store", code=3)
        self.assertIn(f"store/shards/{self.shards[0].name}: /loss", done.stderr)
        self.assertIn("crease verify store --repair", done.stderr)
        result = self.verify("--repair")
        (moved,) = result["repaired"]
        self.assertEqual(pathlib.Path(moved["to"]).parent, self.dir / "store/damaged")
        self.assertTrue(pathlib.Path(moved["to"]).exists())
        self.assertFalse(self.shards[0].exists())
        self.assertGreater(result["runs_to_train"], 0)
        trained = self.run_sweep(self.dir / "tiny.toml", "store")
        self.assertEqual(trained["runs_trained"], result["runs_to_train"])
        self.assertEqual(self.digests("store"), digests)
        self.assertTrue(self.verify("--all")["sound"])

    def test_other_shards_are_checked_all_the_same(self):
        self.run_sweep(self.sweep(name="more", seeds=2, steps=200), "store")
        shards = sorted((self.dir / "store/shards").glob("*.h5"))
        self.assertGreater(len(shards), 1)
        for shard in shards:
            self.flip_in(shard, "loss")
        self.assertEqual(len(self.verify(code=3)["damaged"]), len(shards))

    def test_commands_name_the_remedy(self):
        with open(self.shards[0], "r+b") as file:
            file.truncate(5000)
        for words in (["run", "tiny.toml", "--store", "store"], ["query", "store", "SELECT 1"],
                      ["status", "store"], ["transitions", "store"], ["info", "store"],
                      ["plan", "tiny.toml", "--store", "store"]):
            done = self.crease(*words, code=3)
            self.assertIn(self.shards[0].name, done.stderr, words)
            self.assertIn("crease verify store --repair", done.stderr, words)

    def test_a_result_that_does_not_come_again(self):
        run_id = self.replace_digest(self.shards[0])
        self.assertTrue(self.verify("--sample", "0")["sound"])
        (difference,) = self.verify("--all", code=3)["differ"]
        self.assertEqual(difference["run_id"], run_id)
        self.assertEqual(difference["stored"], "0" * 32)
        self.assertEqual(len(self.verify("--all", "--repair")["repaired"]), 1)

    def test_stores_copied_together(self):
        shutil.copytree(self.dir / "store", self.dir / "other")
        shutil.copytree(self.dir / "store", self.dir / "both")
        for shard in (self.dir / "other/shards").glob("*.h5"):
            shutil.copy(shard, self.dir / "both/shards")
            shutil.copy(shard, self.dir / "both/shards" / ("again-" + shard.name))
        self.assertEqual(self.digests("both"), self.digests("store"))
        self.assertTrue(self.verify(store="both")["sound"])

        shard = next((self.dir / "both/shards").glob("again-*"))
        run_id = self.replace_digest(shard)
        for words in (["run", "tiny.toml", "--store", "both"], ["query", "both", "SELECT 1"],
                      ["status", "both"], ["transitions", "both"], ["info", "both"]):
            done = self.crease(*words, code=3)
            for word in (run_id, shard.name, shard.name.removeprefix("again-"), "0" * 32,
                         self.digests("store")[run_id], "crease verify both --repair"):
                self.assertIn(word, done.stderr, words)
        (conflict,) = self.verify("--sample", "0", code=3, store="both")["conflicts"]
        self.assertEqual(conflict["run_id"], run_id)
        result = self.verify("--sample", "1", "--repair", store="both")
        self.assertEqual([pathlib.Path(one["from"]).name for one in result["repaired"]],
                         [shard.name])
        self.assertEqual(result["runs_to_train"], 0)
        self.assertEqual(self.digests("both"), self.digests("store"))

    def test_force_may_replace_other_results(self):
        self.replace_digest(self.shards[0])
        # The name is made of digests, too.
        self.shards[0].rename(self.shards[0].with_name("0" * 32 + ".h5"))
        self.run_sweep(self.dir / "tiny.toml", "store", "--force")
        self.assertEqual(len(self.digests("store")), 6)
        self.assertTrue(self.verify("--all")["sound"])

    def test_it_can_be_interrupted(self):
        sweep = self.sweep(name="long", seeds=4, steps=200_000)
        self.run_sweep(sweep, "long")
        process = subprocess.Popen([cli.CREASE, "verify", "long", "--all"], cwd=self.dir,
                                   stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        time.sleep(0.4)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
        self.assertEqual(process.returncode, 130, err)
        self.assertIn("interrupted", err)
        self.assertEqual(out, "")

    def test_wrong_input(self):
        for words in (["absent"], ["store", "--all", "--sample", "3"], ["store", "--sample", "-1"],
                      [self.shards[0], "--repair"], []):
            self.crease("verify", *words, code=2)
        (self.dir / "text.h5").write_text("no shard")
        done = self.crease("verify", "text.h5", "--json", code=3)
        self.assertFalse(json.loads(done.stdout)["sound"])


if __name__ == "__main__":
    cli.main()
