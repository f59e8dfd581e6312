"""rig.py: what the end-to-end tests share: a folder, a fake centre, sources of
made-up complaints, the daemon and the command. Everything waits for an event
with a deadline. A test ends with Failed, or it has passed."""
import argparse
import ctypes
import http.client
import json
import os
import pathlib
import re
import secrets
import shutil
import signal
import socket
import sqlite3
import struct
import subprocess
import sys
import tempfile
import threading
import time
import traceback
import urllib.request

TOP = pathlib.Path(__file__).resolve().parents[2]
PLUGINS = ["tests/conform/script.la", "tests/conform/misbehave.la", "tests/conform/hook.la",
           "tests/conform/chatty.la", "tests/crash/powercut.la"]


class Failed(Exception):
    pass


def wait_for(what, claim, seconds=30, every=0.02):
    until = time.monotonic() + seconds
    while True:
        value = claim()
        if value:
            return value
        if time.monotonic() > until:
            raise Failed("waited %g s in vain for %s" % (seconds, what))
        time.sleep(every)


def expect(claim, sentence):
    if not claim:
        raise Failed(sentence)


TROUBLES = ["Lampu jalan padam", "Pohon tumbang menutup jalan", "Sampah menumpuk", "Saluran mampet",
            "Aspal berlubang", "Air keruh", "Pagar sekolah roboh", "Antrean loket lama", "Bau limbah menyengat",
            "Trotoar dipakai parkir", "Kabel menjuntai", "Jembatan retak", "Bantuan belum cair"]
SYLLABLES = "ba ci du ga ho ja ke lu ma ni po ra su ta wi yo".split()


def elsewhere(n):
    """A sentence on complaint n that makes it another one than all others: another
    trouble, street, house and village. Without it the daemon takes what one author
    says again and again for one complaint, as it should."""
    def name(k):
        return "".join(SYLLABLES[k >> shift & 15] for shift in (0, 4, 8)).capitalize()
    mixed = n * 2654435761 % 2**32
    return "%s di Jalan %ssari No. %d RT %d RW %d Kelurahan %sjaya." % (
        TROUBLES[n % 13], name(n * 1201 % 4096), n % 190 + 3, n // 7 % 19 + 1, n // 5 % 9 + 1,
        name(mixed >> 12 & 4095))


def end_with_us():
    """Between fork and exec: no daemon outlives a test that was killed."""
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG


SAID = set()  # what citizens said and were, by Source.put and private(); in no log
SAID_MOST = 4000
QUOTED = []   # but a connector's own sentences, of which numbers and addresses are hidden
NUMBERS = [re.compile(pattern) for pattern in (
    r"(?<![\w.])(?:\+?62|0)8[0-9]{8,11}(?![\w.])",       # a telephone
    r"(?<![\w.])[1-9][0-9]{5}[0-7][0-9][01][0-9]{7}(?![\w.])",  # a NIK
    r"[\w.+-]+@[\w-]+\.[\w.-]*\w")]                     # a mail address


def private(*words):
    """Words that no log may hold at the end, nor a telephone, a NIK or a mail address."""
    if len(SAID) < SAID_MOST:
        SAID.update(w for w in words if len(w) >= 8)


def private_of(step):
    if step.get("do") in ("log", "return"):
        QUOTED.extend(step[key] for key in ("text", "why") if key in step)
    if step.get("do") == "message" and step.get("kind") != "unreadable":
        said = [step.get("subject"), step.get("text"), *(step.get("author") or {}).values()]
        private(*[w[:40] for w in said if isinstance(w, str)])


def check_log(text):
    """Whoever writes to the log keeps a citizen's words to himself, at each level."""
    for word in SAID:
        expect(word not in text or any(word in quoted for quoted in QUOTED),
               "the log holds a citizen's word: %s" % word)
    for pattern in NUMBERS:
        found = pattern.search(text)
        expect(not found, "the log holds %s" % (found and found[0]))


class Rig:
    """A folder of its own for one installation, removed at the end."""

    def __init__(self, build, central, instances, **settings):
        self.build = pathlib.Path(build).resolve()
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="jembatan-test-"))
        self.data = pathlib.Path(settings.pop("data_dir", self.dir / "data"))
        self.stoppers = []
        (self.dir / "etc" / "connectors.d").mkdir(parents=True)
        self._install_plugins()
        self.config = self.dir / "etc" / "jembatan.yaml"
        self.more = {}  # environment of the daemon and of commands
        self.write_config(central, instances, settings)

    def _install_plugins(self):
        missing = [p for p in PLUGINS if not (self.build / p).exists()]
        if missing:
            subprocess.run(["make", "-s", "-C", str(self.build)] + missing, check=True,
                           stdout=subprocess.DEVNULL)
        self.plugin_dir = self.dir / "plugins"
        self.plugin_dir.mkdir(mode=0o755)
        for path in list((self.build / "tests" / "conform" / ".libs").glob("*.so")) + \
                list((self.build / ".libs").glob("*.so")) + \
                list((self.build / "plugins").glob("*/.libs/*.so")):
            shutil.copy(path, self.plugin_dir / path.name)

    def write_config(self, central, instances, settings=None):
        defaults = {"channel": "13", "classification_id": "6", "category_id": "1",
                    "disposition_id": "151345", "location_id": "32", "user_id": "1"}
        # YAML takes JSON as it is.
        main = {"data_dir": str(self.data), "run_dir": str(self.dir / "run"),
                "plugin_dir": str(self.plugin_dir),
                "profile_dir": str(TOP / "config" / "profiles"),
                "central": dict({"type": "lapor_v3", "defaults": defaults}, **central)}
        main.update(settings or {})
        self.config.write_text(json.dumps(main, indent=1))
        for name, entry in instances.items():
            self.write_instance(name, entry)

    def write_instance(self, name, entry):
        self.write_entry(self.config.parent / "connectors.d" / (name + ".yaml"), entry)

    @staticmethod
    def write_entry(path, entry):
        path.write_text(json.dumps(entry, indent=1))

    def environment(self, more=None):
        env = dict(os.environ, JEMBATAN_CONNECTOR=str(self.build / "jembatan-connector"),
                   JEMBATAN_WEB=str(self.build / "jembatan-web"),
                   JEMBATAN_SCHEMA=str(TOP / "config" / "ticket.schema.json"),
                   JEMBATAN_DEDUP=str(TOP / "config" / "dedup"),
                   JEMBATAN_REPLIES=str(TOP / "config" / "replies.yaml"),
                   JEMBATAN_RULES=str(TOP / "config" / "rules.yaml"),
                   JEMBATAN_CLASSIFY=str(TOP / "config" / "classify.txt"),
                   JEMBATAN_CATEGORIES=str(TOP / "config" / "categories.txt"),
                   JEMBATAN_REGIONS=str(self.build / "config" / "regions.bin"))
        env.update(self.more)
        env.update(more or {})
        return env

    def secret(self, name, text):
        path = self.dir / name
        path.touch(mode=0o600)
        path.write_text(text + "\n")
        return {"file": str(path)}

    def command(self, *words, text=True, given=None):
        """The command as it is, `given` on its standard input; never raises."""
        return subprocess.run([str(self.build / "jembatan"), "--config", str(self.config)] +
                              list(words), stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              text=text, input=given, env=self.environment(), timeout=60)

    def begin(self, *words):
        """The command, not waited for."""
        return subprocess.Popen([str(self.build / "jembatan"), "--config", str(self.config)] +
                                list(words), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                env=self.environment())

    def ask(self, *words):
        """Rows of a command that must succeed."""
        done = self.command("--json", *words)
        expect(done.returncode == 0, "jembatan %s: %d %s" % (" ".join(words), done.returncode,
                                                             done.stderr.strip()))
        return [json.loads(line) for line in done.stdout.splitlines()]

    def status(self, kind="daemon", name=None):
        for row in self.ask("status"):
            if row["type"] == kind and name in (None, row.get("name")):
                return row
        return None

    def alarms(self, where=None):
        """Not of what the test was told to leave open (tests/coverage)."""
        is_open = os.environ.get("JEMBATAN_LANDLOCK_ABI") == "0"
        return [r["text"] for r in self.ask("status")
                if r["type"] == "alarm" and where in (None, r["where"]) and
                not (is_open and "less confinement" in r["text"])]

    def query(self, sql):
        """Straight from the store, read only; for states and counts, which are in clear."""
        db = sqlite3.connect("file:%s?mode=ro" % (self.data / "jembatan.db"), uri=True, timeout=5)
        try:
            return db.execute(sql).fetchall()
        finally:
            db.close()

    def count(self, table, where="1"):
        return self.query("SELECT count(*) FROM %s WHERE %s" % (table, where))[0][0]

    def astray(self):
        """Rows that point at rows that are not there: a release looks at a restore only."""
        if not (self.data / "jembatan.db").exists():
            return []
        return self.query("SELECT * FROM pragma_foreign_key_check LIMIT 5")

    def log_text(self):
        return "".join(p.read_text(errors="replace") for p in sorted(self.dir.glob("*.log")))

    def close(self, keep=False):
        for stop in reversed(self.stoppers):
            stop()
        logs = "".join(p.read_text(errors="replace") for p in self.dir.glob("daemon*.log"))
        astray = self.astray()
        if keep:
            print("kept: %s" % self.dir, file=sys.stderr)
        else:
            shutil.rmtree(self.dir, ignore_errors=True)
        check_log(logs)
        expect(not astray, "rows that point at rows that are not there: %s" % astray)


class Centre:
    """The fake centre; it survives what happens to the daemon. It knows a secret
    of its own, so that no other test's daemon can push to it by mistake."""

    def __init__(self, rig, *options):
        self.log = open(rig.dir / "centre.log", "w")
        secret, guid = secrets.token_hex(8), "{%s}" % secrets.token_hex(8)
        self.process = subprocess.Popen([str(rig.build / "jembatan-fakecentre"), "--quiet",
                                         "--token", secret, "--guid", guid] + list(options),
                                        stdout=subprocess.PIPE, stderr=self.log, text=True,
                                        preexec_fn=end_with_us)
        self.headers = {"Authorization": "Bearer " + secret, "token": guid}
        line = self.process.stdout.readline()
        expect("http://" in line, "the fake centre did not start: see %s" % self.log.name)
        self.url = line[line.index("http://"):].strip()
        self.settings = {"url": self.url, "secret": rig.secret("centre.secret", secret),
                         "guid": rig.secret("centre.guid", guid)}

    def get(self, path, data=None, method=None):
        body = json.dumps(data).encode() if data is not None else None
        request = urllib.request.Request(self.url + path, body, method=method,
                                         headers=dict(self.headers,
                                                      **{"Content-Type": "application/json"}))
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.read()

    def state(self, brief=False):
        return json.loads(self.get("/_state" + ("?brief=1" if brief else "")))

    def complaints(self):
        return [json.loads(line) for line in self.get("/_complaints?after=0").splitlines()]

    def follow_ups(self, complaint_id):
        """Their contents, from all pages."""
        found, page = [], 1
        while True:
            answer = json.loads(self.get("/complaints/%s/followups?page=%d" % (complaint_id, page)))
            found += [f["content"] for f in answer["results"]["data"]]
            if not answer["results"].get("next_page_url"):
                return found
            page += 1

    def fault(self, spec):
        self.get("/_fault", {"spec": spec})

    def no_faults(self):
        self.get("/_fault", method="DELETE")

    def stop(self):
        self.process.terminate()
        self.process.wait(10)
        self.log.close()


class Fake:
    """A network's API, faked by tests/fake/NAME: told by JSON what to do, asked what it
    has seen. It survives what happens to the daemon."""

    def __init__(self, name, *options):
        self.process = subprocess.Popen([sys.executable, str(TOP / "tests" / "fake" / name), *options],
                                        stdout=subprocess.PIPE, text=True, preexec_fn=end_with_us)
        self.url = self.process.stdout.readline().split()[-1]

    def ask(self, path, data=None):
        body = json.dumps(data).encode() if data is not None else None
        with urllib.request.urlopen(self.url + path, body, timeout=30) as answer:
            return json.loads(answer.read())

    def state(self):
        return self.ask("/_state")

    def asked(self, where):
        """How often."""
        return self.state()["asked"].get(where, 0)

    def stop(self):
        self.process.terminate()
        self.process.wait(10)


class UnixConnection(http.client.HTTPConnection):
    """HTTP by a socket's path, as a proxy speaks to jembatan-web."""

    def __init__(self, path, timeout=30):
        super().__init__("jembatan.invalid", timeout=timeout)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


class Source:
    """A peer of the connector `script`. kind "log": everything stays, the
    connector remembers how far it was. kind "ahead": the same, and what it asks
    behind may not be on disk yet (the connector's option `ahead`). kind "queue":
    what was taken is gone, as with a webhook; what was given and not taken comes
    again."""

    def __init__(self, kind, give_most=8):
        self.kind, self.give_most = kind, give_most
        self.lines = []     # log: all; queue: (number, line) that wait
        self.number = 0     # of lines ever put
        self.taken = 0
        self.lock = threading.Lock()
        self.server = socket.create_server(("127.0.0.1", 0))
        self.port = self.server.getsockname()[1]
        self.thread = threading.Thread(target=self._serve, daemon=True)
        self.thread.start()

    def put(self, *steps):
        with self.lock:
            for step in steps:
                private_of(step)
                self.number += 1
                self.lines.append((self.number, json.dumps(step)))

    def waiting(self):
        """How many lines were not taken yet."""
        with self.lock:
            return self.number - self.taken

    def _serve(self):
        while True:
            try:
                peer, _ = self.server.accept()
            except OSError:
                return
            threading.Thread(target=self._talk, args=(peer,), daemon=True).start()

    def _talk(self, peer):
        try:
            with peer, peer.makefile("rw") as lines:
                for line in lines:
                    word, number = line.split()
                    if word == "give":
                        lines.write(self._give(int(number)))
                        lines.flush()
                    else:
                        self._took(int(number))
        except (OSError, ValueError):
            pass

    def _give(self, after):
        with self.lock:
            if self.kind == "log":
                self.taken = max(self.taken, after)
            begin = 0 if self.kind == "queue" else after
            some = self.lines[begin:begin + self.give_most]
        if not some:
            return ".\n"
        return "at %d\n" % some[-1][0] + "".join(text + "\n" for _, text in some) + ".\n"

    def _took(self, number):
        with self.lock:
            self.taken = max(self.taken, number)
            if self.kind == "queue":
                self.lines = [entry for entry in self.lines if entry[0] > number]

    def stop(self):
        # Wake the thread before its descriptor may become another source's.
        self.server.shutdown(socket.SHUT_RDWR)
        self.thread.join()
        self.server.close()


class Clock:
    """The wall clock of a daemon and its children: Daemon(rig, clock.env). Needs a
    build with --enable-faults."""

    def __init__(self, rig):
        self.path, self.away_s = rig.dir / "clock", 0
        self.env = {"JEMBATAN_CLOCK": str(self.path)}
        self.path.write_bytes(struct.pack("=q", 0))

    def advance(self, seconds):
        self.away_s += seconds
        with open(self.path, "r+b") as file:  # the same file stays mapped
            file.write(struct.pack("=q", self.away_s * 1000))


class Daemon:
    def __init__(self, rig, env=None, preload=None, name="daemon.log", wrapper=()):
        self.rig = rig
        more = dict(env or {})
        self.notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        path = str(rig.dir / "notify.sock")
        if os.path.exists(path):
            os.unlink(path)
        self.notify.bind(path)
        more["NOTIFY_SOCKET"] = path
        if preload:
            more["LD_PRELOAD"] = preload
        self.log = open(rig.dir / name, "a")
        self.began_ms = int(time.time() * 1000)
        self.process = subprocess.Popen(list(wrapper) + [str(rig.build / "jembatand"), "--config",
                                        str(rig.config)], env=rig.environment(more),
                                        stdout=self.log, stderr=self.log,
                                        preexec_fn=end_with_us)
        self.pid = self.process.pid
        self.is_ready = False

    def hears(self, word, seconds):
        """Whether systemd was told so within this time, while the daemon lives."""
        until = time.monotonic() + seconds
        self.notify.settimeout(0.05)
        while time.monotonic() < until and self.is_alive():
            try:
                if word in self.notify.recv(4096):
                    return True
            except socket.timeout:
                pass
        return False

    def hear_all(self):
        while self.hears(b"", 0.1):
            pass

    def wait_ready(self, seconds=90):
        """True once it runs; False when it ended before."""
        self.is_ready = self.hears(b"READY=1", seconds)
        if self.is_ready or not self.is_alive():
            return self.is_ready
        raise Failed("the daemon was not ready within %d s: see %s" % (seconds, self.log.name))

    def start(self):
        expect(self.wait_ready(), "the daemon did not start: see %s" % self.log.name)
        return self

    def children(self):
        try:
            text = open("/proc/%d/task/%d/children" % (self.pid, self.pid)).read()
        except OSError:
            return []
        return [int(word) for word in text.split()]

    def is_alive(self):
        return self.process.poll() is None

    def wait_end(self, seconds):
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            return None

    def kill(self):
        if self.is_alive():
            self.process.send_signal(signal.SIGKILL)
        self.process.wait(30)
        self._closed()

    def stop(self, seconds=120):
        """SIGTERM; the exit status."""
        if self.is_alive():
            self.process.send_signal(signal.SIGTERM)
        code = self.wait_end(seconds)
        if code is None:
            self.kill()
            raise Failed("the daemon did not end within %d s of SIGTERM" % seconds)
        self._closed()
        return code

    def _closed(self):
        self.notify.close()
        self.log.close()


# ---- the power cut: see tests/crash/powercut.c --------------------------------

RECORD = struct.Struct("=qqq")


def power_cut(data_dir):
    """Take back what was written and not synced; returns the bytes taken back."""
    total = 0
    for name in ("jembatan.db", "jembatan.db-wal"):
        undo = pathlib.Path(data_dir) / (name + ".undo")
        if not undo.exists():
            continue
        content, at, records = undo.read_bytes(), 0, []
        while at + RECORD.size <= len(content):
            offset, size, before = RECORD.unpack_from(content, at)
            at += RECORD.size
            if at + size > len(content):
                break  # killed while it wrote this one: the write itself never came
            records.append((offset, content[at:at + size], before))
            at += size
        if records and (pathlib.Path(data_dir) / name).exists():
            with open(pathlib.Path(data_dir) / name, "r+b") as file:
                total += file.seek(0, os.SEEK_END) - records[0][2]
                for offset, old, before in reversed(records):
                    file.seek(offset)
                    file.write(old)
                    file.truncate(before)
                    total += len(old)
    forget_undo(data_dir)
    return total


def forget_undo(data_dir):
    for path in pathlib.Path(data_dir).glob("*.undo"):
        path.unlink()


def preload_of(build):
    """LD_PRELOAD with the power cut; the sanitizers' own library comes first."""
    library = pathlib.Path(build).resolve() / "tests" / "crash" / ".libs" / "powercut.so"
    linked = subprocess.run(["ldd", str(pathlib.Path(build) / "jembatand")],
                            stdout=subprocess.PIPE, text=True).stdout
    first = [line.split("=>")[1].split()[0] for line in linked.splitlines()
             if "libasan" in line and "=>" in line]
    return " ".join(first + [str(library)])


# ---- command lines -------------------------------------------------------------


def parser_of_main():
    """What every command line has: --build, and the head of its file as its help."""
    parser = argparse.ArgumentParser(description=sys.modules["__main__"].__doc__)
    parser.add_argument("--build", default=str(TOP / "build"))
    return parser


def main(run):
    """A test's command line: run(build, keep), which ends or fails with a sentence."""
    parser = parser_of_main()
    parser.add_argument("--keep", action="store_true")
    options = parser.parse_args()
    try:
        run(options.build, options.keep)
    except Failed as failed:
        sys.exit("%s: %s" % (pathlib.Path(sys.argv[0]).stem, failed))


def play(test, *given, keep=False):
    """What test.go() returns; its folder stays when it failed, or with keep."""
    good = False
    try:
        result = test.go(*given)
        good = True
        return result
    except Failed as failed:
        sys.exit("%s: %s" % (pathlib.Path(sys.argv[0]).stem, failed))
    finally:
        test.close(keep or not good)


def main_of(tests, run=lambda test, options: test(options.build), **more):
    """The command line of a file with several tests: all of them, or those that are named,
    each by run(test, options); one that fails stops none. more: further options and what
    they are when they are not given."""
    parser, failed = parser_of_main(), 0
    for name, preset in more.items():
        how = {"action": "store_true"} if preset is False else {"type": type(preset), "default": preset}
        parser.add_argument("--" + name, **how)
    known = {test.__name__: test for test in tests}
    parser.add_argument("names", nargs="*", metavar="NAME", help="of " + ", ".join(known))
    options = parser.parse_args()
    for name in set(options.names) - set(known):
        parser.error("there is no test " + name)
    for name in options.names or known:
        began = time.monotonic()
        try:
            run(known[name], options)
            print("ok    %-28s %5.1f s" % (name, time.monotonic() - began), flush=True)
        except (Failed, OSError, http.client.HTTPException) as why:
            failed += 1
            print("FAIL  %s: %s" % (name, why), flush=True)
            if not isinstance(why, Failed):
                traceback.print_exc()
    print("%s: %d tests, %d failed" % (pathlib.Path(sys.argv[0]).stem, len(options.names or known), failed))
    sys.exit(1 if failed else 0)
