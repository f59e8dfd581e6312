#!/usr/bin/env python3
"""The two commands that decide over a file without a daemon, as a script uses them:
duplicates --offline and classify --offline. What they print, in which form, and what
becomes of files as other programs write them: a byte order mark, line ends of
Windows, a wrong line in the middle, a disk that is full.

    tests/e2e/offline.py --build BUILD
"""
import argparse
import json
import os
import pathlib
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from rig import TOP, Failed, expect  # noqa: E402

EX_OK, EX_USAGE, EX_DATAERR, EX_NOINPUT, EX_IOERR, EX_CONFIG = 0, 64, 65, 66, 74, 78
LAMP = ("Lampu jalan padam di Jalan Melatisari No. 12 RT 3 RW 5 Kelurahan Sukajaya sudah lama, "
        "mohon diperbaiki segera karena gelap")
LITTER = "Sampah menumpuk di pasar, Kec. Wonocolo Kota Surabaya, baunya menyengat"
MARK = b"\xef\xbb\xbf"
KEYS = {"id", "agency", "agency_margin", "topic", "topic_margin", "social_aid", "social_aid_margin",
        "kind", "kind_margin", "place", "place_level", "place_margin"}


def record(name, text=LAMP, **more):
    return json.dumps(dict(id=name, channel="whatsapp", author="6281200000001", name="", text=text,
                           time="2026-01-10T09:00:00+07:00", location=None, **more)).encode()


THREE = [record("a"), record("b"), record("c", LITTER, group="x", unknown={"deep": [1]})]
DECIDED = ["a\ta\tseparate", "b\ta\trepost", "c\tc\tseparate"]
NO_LINES = "no lines at all"
# The bytes of a file, how the commands end, and which of a, b, c are decided.
FILES = [
    ("as it should be", b"\n".join(THREE) + b"\n", EX_OK, "abc"),
    ("nothing", b"", EX_OK, ""),
    ("no line end behind the last", b"\n".join(THREE), EX_OK, "abc"),
    ("a byte order mark", MARK + b"\n".join(THREE), EX_OK, "abc"),
    ("a byte order mark and nothing", MARK, EX_OK, ""),
    ("line ends of Windows, an empty line", THREE[0] + b"\r\n\r\n" + b"\r\n".join(THREE[1:]), EX_OK,
     "abc"),
    ("a line of blanks", THREE[0] + b"\n \t \n" + b"\n".join(THREE[1:]), EX_OK, "abc"),
    ("a text with a NUL", record("a", LAMP + "\0") + b"\n" + b"\n".join(THREE[1:]), EX_OK, "abc"),
    ("a wrong line in the middle", THREE[0] + b"\n{wrong\n" + b"\n".join(THREE[1:]), EX_DATAERR, "abc"),
    ("a mark in the middle", THREE[0] + b"\n" + MARK + THREE[1] + b"\n" + THREE[2], EX_DATAERR, "ac"),
    ("a list", THREE[0] + b"\n[1]\n" + b"\n".join(THREE[1:]), EX_DATAERR, "abc"),
    ("no text", THREE[0] + b'\n{"id": "x", "time": "2026-01-10"}\n' + b"\n".join(THREE[1:]),
     EX_DATAERR, "abc"),
    ("bytes that are no UTF-8", THREE[0] + b'\n{"id": "\xff"}\n' + b"\n".join(THREE[1:]), EX_DATAERR,
     "abc"),
    ("a line too long", THREE[0] + b"\n" + record("x", "a" * 2**20) + b"\n" + b"\n".join(THREE[1:]),
     EX_DATAERR, "abc"),
    (NO_LINES, THREE[0] + b"\n" + b"a" * (5 << 20) + b"\n" + b"\n".join(THREE[1:]), EX_DATAERR, "abc"),
    (NO_LINES + " at its end", THREE[0] + b"\n" + b"\0" * (5 << 20), EX_DATAERR, "a"),
]


class Command:
    def __init__(self, build, folder):
        self.build, self.folder = pathlib.Path(build).resolve(), pathlib.Path(folder)
        config = TOP / "config"
        self.env = dict(os.environ, JEMBATAN_DEDUP=str(config / "dedup"),
                        JEMBATAN_RULES=str(config / "rules.yaml"),
                        JEMBATAN_CLASSIFY=str(config / "classify.txt"),
                        JEMBATAN_CATEGORIES=str(config / "categories.txt"),
                        JEMBATAN_REGIONS=str(self.build / "config" / "regions.bin"))

    def run(self, *words, **more):
        more.setdefault("stdout", subprocess.PIPE)
        return subprocess.run([self.build / "jembatan", "--config", self.folder / "jembatan.yaml", *words],
                              stderr=subprocess.PIPE, cwd="/", env=self.env, timeout=60, **more)

    def file(self, data):
        path = self.folder / "records.jsonl"
        path.write_bytes(data)
        return path


def files(c):
    for what, data, code, names in FILES:
        path = c.file(data)
        decided = [line for line in DECIDED if line[0] in names]
        done = c.run("duplicates", "--offline", path)
        expect(done.returncode == code, "%s: duplicates ends with %d" % (what, done.returncode))
        if names in ("abc", ""):
            expect(done.stdout.decode().splitlines() == decided, "%s: %r" % (what, done.stdout))
        told = done.stderr.decode()
        expect((": line 2: " in told) == (code != EX_OK), "%s: %s" % (what, told))
        expect(("longer than 4 MiB" in told) == what.startswith(NO_LINES), "%s: %s" % (what, told))
        expect("Lampu" not in told, "%s: the complaint is told" % what)
        done = c.run("classify", "--offline", path)
        rows = [json.loads(line) for line in done.stdout.splitlines()]
        expect(done.returncode == code, "%s: classify ends with %d" % (what, done.returncode))
        expect("".join(r["id"] for r in rows) == names, "%s: %s" % (what, rows))
        expect((b": line 2: " in done.stderr) == (code != EX_OK), "%s: %r" % (what, done.stderr))


def what_is_said(c):
    """Of each record what the daemon would propose, with margins; from a pipe too."""
    done = c.run("classify", "--offline", "-", input=b"\n".join(THREE))
    lamp, _, litter = [json.loads(line) for line in done.stdout.splitlines()]
    expect(KEYS <= set(lamp), "missing: %s" % (KEYS - set(lamp)))
    for row in (lamp, litter):
        for key in KEYS:
            expect(not key.endswith("_margin") or 0 <= row[key] <= 1, "%s: %s" % (key, row[key]))
    expect(lamp["place"] is None and lamp["place_level"] is None, "a guess: %s" % lamp)
    expect(litter["place"] == "35.78.02" and litter["place_level"] == "kecamatan", str(litter))
    expect(litter["social_aid"] is False and litter["agency"] != lamp["agency"], str(litter))
    done = c.run("duplicates", "--offline", "-", input=b"\n".join(THREE))
    expect(done.stdout.decode().splitlines() == DECIDED, "%r" % done.stdout)


def what_is_configured(c):
    """The section duplicates counts; what is wrong elsewhere, such as a secret that not
    everybody may read, does not."""
    path, config = c.file(b"\n".join(THREE)), c.folder / "jembatan.yaml"
    for text, code in (("central: {secret: {credential: none}, nonsense: 1}\n", EX_OK),
                       ("duplicates: {automatic: 99}\n", EX_OK),
                       ("duplicates: {automatic: 10, review: 50}\n", EX_CONFIG),
                       ("duplicates: {nonsense: 1}\n", EX_CONFIG), ("duplicate: {}\n", EX_CONFIG),
                       ("duplicates: [\n", EX_CONFIG)):
        config.write_text(text)
        done = c.run("duplicates", "--offline", path)
        expect(done.returncode == code and (code == EX_OK or b"jembatan.yaml" in done.stderr),
               "%r: %d %r" % (text, done.returncode, done.stderr))
        expect(code != EX_OK or done.stdout.startswith(b"a\ta\tseparate\nb\t"), "%r: %r" % (text, done.stdout))
        expect(c.run("classify", "--offline", path).returncode == EX_OK, "%r: not classified" % text)
    config.unlink()


def what_is_refused(c):
    path = c.file(b"\n".join(THREE))
    for code, words in ((EX_NOINPUT, ["duplicates", "--offline", c.folder / "none"]),
                        (EX_NOINPUT, ["classify", "--offline", c.folder / "none"]),
                        (EX_DATAERR, ["duplicates", "--offline", c.folder]),
                        (EX_CONFIG, ["classify", "--offline", path, "--home", "99.99"]),
                        (EX_USAGE, ["duplicates", "--offline", path, "--automatic", "much"]),
                        (EX_USAGE, ["duplicates", "--offline", path, "--automatic", "101"])):
        done = c.run(*words)
        expect(done.returncode == code and done.stderr and not done.stdout,
               "%s: %d %r" % (words, done.returncode, done.stderr))
    for word in ("duplicates", "classify"):
        with open("/dev/full", "wb") as full:
            done = c.run(word, "--offline", path, stdout=full)
        expect(done.returncode == EX_IOERR, "%s on a full disk: %d" % (word, done.returncode))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", required=True)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="jembatan-test-") as folder:
        c = Command(args.build, folder)
        try:
            for step in (files, what_is_said, what_is_configured, what_is_refused):
                step(c)
        except Failed as e:
            print("offline: RED: %s" % e)
            return 1
    print("offline: OK")
    return 0


sys.exit(main())
