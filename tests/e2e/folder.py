#!/usr/bin/env python3
"""An app that only exports files: CSV as spreadsheets write it and JSON lines become
tickets, each row once, whatever is killed; what changes is an edit, what cannot be read
is named and kept; a folder that goes away is an alarm, and work goes on when it is back."""
import os
import pathlib
import random
import shutil
import signal
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from rig import Daemon, Rig, elsewhere, expect, main_of, wait_for  # noqa: E402

EX_CONFIG = 78
HEAD = "No;Tanggal;No. Tiket;Nama Pelapor;No. HP;Isi Laporan\r\n"


def row(n, text=None):
    return '%d;%d/11/2026 8.15.00;ADU-%d;Warga %d;0812%07d;"%s\r\nMohon ""segera""."\r\n' % (
        n, n % 20 + 1, n, n, n, text or elsewhere(n))


class Agency:
    """A daemon that reads one folder; nothing is pushed."""

    def __init__(self, build, option="folder", **options):
        self.rig = Rig(build, {"url": "http://127.0.0.1:9/", "secret": "x", "guid": "x"}, {})
        central = {"url": "http://127.0.0.1:9/", "secret": self.rig.secret("s", "rahasia"),
                   "guid": self.rig.secret("g", "{guid}")}
        self.rig.write_config(central, {}, {"duplicates": {"enabled": False}})
        self.folder = self.rig.dir / "ekspor"
        (self.folder / "arsip").mkdir(parents=True)
        self.rig.write_instance("ekspor", {
            "connector": "agency-api", "profile": "ekspor", "push": "review", "start": "all",
            "every": "1s", "options": dict({option: str(self.folder), "settle": "200ms"},
                                           **options)})
        self.daemon = None
        self.rig.stoppers.append(lambda: self.daemon and self.daemon.kill())

    def start(self):
        self.daemon = Daemon(self.rig).start()
        return self

    def put(self, name, text, encoding="utf-8"):
        """As a careful program does: under another name first."""
        part = self.folder / (name + ".part")
        part.write_bytes(text.encode(encoding))
        part.rename(self.folder / name)

    def count(self):
        return self.rig.query("SELECT count(*) FROM ticket")[0][0]

    def wait_count(self, n, seconds=30):
        wait_for("%d tickets" % n, lambda: self.count() >= n, seconds)
        expect(self.count() == n, "%d tickets, not %d" % (self.count(), n))

    def close(self):
        if self.daemon:
            expect(self.daemon.stop() == 0, "the daemon ended badly")
        self.rig.close()


def taken(build):
    """Encodings, delimiters, names; nothing twice; new and changed rows; bad ones named."""
    a = Agency(build)
    sample = a.rig.dir / "contoh.csv"
    sample.write_text(HEAD + row(1))
    shown = a.rig.command("preview", "ekspor", "--sample", str(sample))
    expect(shown.returncode == 0 and "ADU-1" in shown.stdout, "no preview: %s" % shown.stderr)
    a.start()
    first = HEAD + "".join(row(n) for n in range(20))
    a.put("januari.csv", first, "cp1252")
    a.put("februari.csv", "Kode,Aduan\n" + "".join('F%d,"%s"\n' % (n, elsewhere(100 + n))
                                                   for n in range(3)), "utf-8-sig")
    a.put("maret.jsonl", '{"id": 5571685772206594124, "isi": "%s"}\n' % elsewhere(200))
    a.put("april.csv", "Kode\tIsi\nA1\t%s\n" % elsewhere(300), "utf-16")
    a.wait_count(25)
    # Copied, touched, and read by a new process: nothing new.
    shutil.copy(a.folder / "januari.csv", a.folder / "salinan.csv")
    (a.folder / "februari.csv").touch()
    expect(a.daemon.stop() == 0, "the daemon ended badly")
    a.start()
    # One row more, one that changed, three bad ones; and a spreadsheet's own file.
    text = first.replace(elsewhere(7), elsewhere(7) + " Sudah dua minggu.") + row(20)
    a.put("januari.csv", text + "21;x;ADU-21;a;b;c;d;e\r\n\"22;tidak ditutup\r\n" + row(22) +
          "23;1/2/2026;ADU-5;Orang lain;;Isi lain\r\n")
    a.put("mei.xlsx", "PK")
    bad = wait_for("four in quarantine", lambda: len(a.rig.ask("quarantine", "list")) >= 4 and
                   a.rig.ask("quarantine", "list"))
    a.wait_count(27)
    reasons = " ".join(str(b) for b in bad)
    for says in ("januari.csv: line 23 has 8 columns", "januari.csv: line 24 is not CSV",
                 "januari.csv: line 26 has the key of line 7", "mei.xlsx: it is a spreadsheet"):
        expect(says in reasons, "nobody says %s: %s" % (says, reasons))
    expect(len(bad) == 4, "named more than once: %s" % reasons)
    expect(a.rig.status()["edits"] == 1, "%d edits, not one" % a.rig.status()["edits"])
    expect(a.rig.alarms("quarantine"), "no alarm")
    expect("Mohon" not in a.rig.log_text(), "a citizen's words stand in the log")
    a.close()


def killed(build):
    """kill -9 of the child and of the daemon at random: each row once, and in the end all
    files lie in the archive."""
    a = Agency(build, "drop_folder")
    rng = random.Random(7)
    total = 0
    for name in range(3):
        rows = range(total, total + 1000)
        a.put("bagian-%d.csv" % name, HEAD + "".join(row(n) for n in rows))
        total += len(rows)
    a.start()
    for n in range(4):
        time.sleep(rng.uniform(0.05, 0.6))
        if n % 2:
            a.daemon.kill()
            a.start()
        else:
            for pid in a.daemon.children():
                try:
                    os.kill(pid, signal.SIGKILL)
                except OSError:
                    pass
    wait_for("an empty folder", lambda: not list(a.folder.glob("*.csv")), 60)
    a.wait_count(total, 60)
    expect(len(list((a.folder / "arsip").glob("*.csv"))) == 3, "the archive holds something else")
    expect(a.rig.status()["edits"] == 0 and not a.rig.ask("quarantine", "list"),
           "rows came otherwise than they were written")
    a.close()


def away(build):
    """check names a folder that is missing; a running daemon alarms, and goes on by itself."""
    a = Agency(build)
    a.folder.rename(a.rig.dir / "lain")
    told = a.rig.command("check")
    expect(told.returncode == EX_CONFIG and str(a.folder) in told.stderr + told.stdout,
           "check is silent: %s" % told.stderr)
    (a.rig.dir / "lain").rename(a.folder)
    a.start()
    a.put("a.csv", HEAD + row(1))
    a.wait_count(1)
    a.folder.rename(a.rig.dir / "lain")
    wait_for("an alarm", lambda: [t for t in a.rig.alarms() if "ekspor" in t])
    (a.rig.dir / "lain").rename(a.folder)
    # Beside it lies what it must not read, and a link that leads there.
    (a.rig.dir / "luar.csv").write_text(HEAD + row(9))
    (a.folder / "tautan.csv").symlink_to(a.rig.dir / "luar.csv")
    a.put("b.csv", HEAD + row(2))
    a.wait_count(2, 40)
    wait_for("no alarm", lambda: not [t for t in a.rig.alarms() if "ekspor" in t])
    a.close()


if __name__ == "__main__":
    main_of([taken, killed, away])
