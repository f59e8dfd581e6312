#!/usr/bin/env python3
"""HTTP against real processes: webhooks and submissions are on disk before they
are answered, whatever dies; senders that are slow, large or many harm nobody
else; what cannot be stored is said to be so."""
import base64
import concurrent.futures
import hashlib
import hmac
import http.client
import json
import os
import pathlib
import re
import resource
import select
import signal
import socket
import subprocess
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from rig import Centre, Daemon, Failed, Rig, UnixConnection, expect, main_of, wait_for  # noqa: E402

SECRET = "kunci-uji-webhook"
API_KEY = "kunci-uji-pengaduan-0123456789"
NAME = "Dayang Sumbi"
SPYING = ["Sumbi", "Sangkuriang", API_KEY, SECRET]


class Place:
    def __init__(self, build, web=None, push="shadow", env=None, data_dir=None, centre=False):
        self.rig = Rig(build, {}, {}, **({"data_dir": data_dir} if data_dir else {}))
        self.socket = str(self.rig.dir / "web.sock")
        self.centre = Centre(self.rig) if centre else None
        if self.centre:
            self.rig.stoppers.append(self.centre.stop)
        self.env = dict({"JEMBATAN_RESTART_FIRST_MS": "100"}, **(env or {}))
        self.web = dict({"listen": "unix:" + self.socket}, **(web or {}))
        self.push = push
        self.configure()
        self.daemon = None
        self.start()

    def configure(self):
        push = self.push
        self.rig.write_config(
            dict(self.centre.settings, answer_timeout="2s") if self.centre else {},
            {"wa": {"connector": "hook", "push": push, "start": "all",
                    "options": {"secret": self.rig.secret("hook.secret", SECRET)}},
             "lapor": {"connector": "intake", "push": push,
                       "options": {"keys": {"aplikasi": self.rig.secret("api.key", API_KEY)}}}},
            {"web": self.web, "log": {"level": "debug"}})

    def start(self):
        self.daemon = Daemon(self.rig, self.env).start()
        self.wait_serving()

    def wait_serving(self):
        wait_for("jembatan-web", lambda: (self.rig.status("web") or {}).get("state") == "serving")

    def ask(self, method, path, body=None, headers=None, timeout=30):
        """Status, headers, body."""
        connection = UnixConnection(self.socket, timeout)
        try:
            connection.request(method, path, body, headers or {})
            answer = connection.getresponse()
            return answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read()
        finally:
            connection.close()

    def hook(self, text, path="/hook/wa/sign", sender=None, **more):
        body = text.encode()
        mac = hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
        headers = dict({"X-Hub-Signature-256": "sha256=" + mac}, **more)
        if sender:
            headers["X-Forwarded-For"] = sender
        return self.ask("POST", path, body, headers)

    def submit(self, form, key=API_KEY, idempotency=None, name="lapor"):
        headers = {"Content-Type": "application/json"}
        if key:
            headers["Authorization"] = "Bearer " + key
        if idempotency:
            headers["Idempotency-Key"] = idempotency
        body = form if isinstance(form, (str, bytes)) else json.dumps(form)
        return self.ask("POST", "/intake/" + name, body, headers)

    def messages(self, instance):
        return self.rig.query("SELECT count(*) FROM message WHERE instance_id ="
                              " (SELECT id FROM instance WHERE name = '%s')" % instance)[0][0]

    def close(self):
        try:
            if self.daemon.is_alive():
                expect(self.daemon.stop() == 0, "SIGTERM did not end with 0")
            text = self.rig.log_text()
            for word in SPYING + ["Sanitizer"]:
                expect(word not in text, "the log holds %r" % word)
        finally:
            self.rig.close()


def is_problem(answer, status, slug):
    expect(answer[0] == status, "%d, not %d: %s" % (answer[0], status, answer[2][:300]))
    expect(answer[1]["content-type"] == "application/problem+json", "no problem document")
    document = json.loads(answer[2])
    expect(document["type"] == "urn:jembatan:problem:" + slug and document["status"] == status and
           document["title"], "another problem: %s" % document)
    if status in (429, 503):
        expect(int(answer[1]["retry-after"]) > 0, "no Retry-After")
    return document


# ---- scenarios ---------------------------------------------------------------

def durable(build):
    """kill -9 of the daemon right after the 2xx: the message is in the store."""
    p = Place(build)
    for n in range(12):
        if n % 2 == 0:
            expect(p.hook("Laporan %d" % n, **{"X-Id": "w%d" % n})[0] == 200, "not taken")
        else:
            answer = p.submit({"text": "Laporan %d" % n, "id": "s%d" % n})
            expect(answer[0] == 202, "not taken: %s" % answer[2])
        p.daemon.kill()
        stored = p.messages("wa") + p.messages("lapor")
        expect(stored == n + 1, "%d stored of %d answered" % (stored, n + 1))
        if n % 4 == 3:  # what came before is recognised after the restart
            p.start()
            expect(p.submit({"text": "Laporan %d" % n, "id": "s%d" % n})[0] == 202, "not again")
            expect(p.messages("wa") + p.messages("lapor") == n + 1, "doubled")
        else:
            p.start()
    p.close()


def signatures(build):
    p = Place(build)
    good = p.hook("Jalan berlubang")
    expect(good[0] == 200, "a good signature was refused: %s" % good[2])
    for value in (None, "", "sha256=", "sha256=" + "0" * 64, "sha1=" + "0" * 40):
        headers = {} if value is None else {"X-Hub-Signature-256": value}
        expect(p.ask("POST", "/hook/wa/sign", b"Jalan berlubang dua", headers)[0] == 401,
               "%r was taken" % value)
    expect(p.messages("wa") == 1, "a forged one was stored")
    p.close()


def routing(build):
    p = Place(build)
    echo = p.ask("PUT", "/hook/wa/echo?a=%2F&b=+x", b"\x00\xff", {"X-Forwarded-For": "a, 203.0.113.7"})
    expect(echo[0] == 202 and echo[2].startswith(b"PUT /echo?a=%2F&b=+x from 203.0.113.7,") and
           echo[2].endswith(b"\n\x00\xff"), "not as it was sent: %s" % echo[2])
    expect(p.ask("GET", "/live")[0] == 200 and p.ask("GET", "/ready")[0] == 200, "not ready")
    is_problem(p.ask("GET", "/"), 404, "not-found")
    is_problem(p.ask("POST", "/hook/nobody/x", b"x"), 404, "not-found")
    is_problem(p.ask("POST", "/hook/lapor/x", b"x"), 404, "not-found")
    is_problem(p.ask("POST", "/hook/WA/x", b"x"), 404, "not-found")
    is_problem(p.ask("POST", "/intake/wa", b"{}", {"Content-Type": "application/json"}), 404,
               "not-found")
    allow = p.ask("POST", "/metrics", b"")
    is_problem(allow, 405, "method")
    expect(allow[1]["allow"] == "GET, HEAD", "no Allow")
    is_problem(p.ask("GET", "/hook/wa/later"), 503, "unavailable")
    latin = p.ask("GET", "/hook/wa/echo", None, {"X-City": b"Banyuw\xe1ngi"})
    expect(latin[0] == 202, "a header in Latin-1 was refused")
    metrics(p)
    shown(p)
    p.close()


def shown(p):
    """The operator, too, sees where it listens and what it has answered."""
    said = [line for line in p.rig.command("status").stdout.splitlines() if line.startswith("web ")]
    expect(len(said) == 1 and said[0].startswith("web       serving, unix:"), "status says %r" % said)
    expect(re.search(r", 0 under way, [1-9]\d* answered$", said[0]), "status says %r" % said)


def metrics(p):
    answer = p.ask("GET", "/metrics")
    expect(answer[0] == 200 and answer[1]["content-type"].startswith("application/openmetrics-text"),
           "no metrics")
    lines = answer[2].decode().splitlines()
    expect(lines[-1] == "# EOF" and lines.count("# EOF") == 1, "no end")
    types, seen, last = {}, set(), None
    for line in lines[:-1]:
        if line.startswith("# TYPE "):
            _, _, name, kind = line.split(" ")
            expect(name not in types, "family %s twice" % name)
            types[name], last = kind, name
        elif not line.startswith("# HELP " + last + " "):
            series, value = line.rsplit(" ", 1)
            float(value)
            suffix = {"counter": "_total", "info": "_info"}.get(types[last], "")
            expect(series.split("{")[0] == last + suffix, "%s is not of %s" % (series, last))
            expect(series not in seen, "%s twice" % series)
            seen.add(series)
    for wanted in ('jembatan_instance_alarm{instance="wa"}', 'jembatan_alarm{where="store"}',
                   'jembatan_outbox_in_state{state="queued"}', "jembatan_commits_total",
                   "jembatan_web_connections"):
        expect(wanted in seen, "%s is missing" % wanted)


def submissions(build):
    """From a POST over HTTP to the centre's number."""
    p = Place(build, push="auto", centre=True)
    form = {"id": "a-1", "subject": "Jembatan gantung Sangkuriang", "text": "Papan lantai lapuk.",
            "sent": "2026-11-20T08:00:00+07:00", "author": {"name": NAME, "phone": "081298765432"},
            "place": {"code": "32.73", "code_system": "kemendagri", "latitude": -6.9,
                      "longitude": 107.6}, "extra": {"aplikasi": "uji"}}
    answer = p.submit(form, idempotency="k1")
    expect(answer[0] == 202, "not taken: %s" % answer[2])
    reference = json.loads(answer[2])["reference"]
    expect(answer[1]["location"] == "/intake/lapor/" + reference, "no Location")
    authorization = {"Authorization": "Bearer " + API_KEY}

    def number():
        found = p.ask("GET", "/intake/lapor/" + reference, None, authorization)
        expect(found[0] == 200, "not found: %s" % found[2])
        return json.loads(found[2])

    wait_for("its number", lambda: number()["tracking_number"])
    found = number()
    expect(found["state"] == "pushed" and found["ticket"].startswith("JB-"), "another: %s" % found)
    expect(p.centre.state(True)["count"] == 1, "not once at the centre")
    again = p.submit(form, idempotency="k1")
    expect(again[0] == 202 and json.loads(again[2])["reference"] == reference, "another answer")
    is_problem(p.submit(dict(form, text="Lain"), idempotency="k1"), 422, "key-reused")
    expect(p.messages("lapor") == 1, "doubled")
    same = p.submit(form)
    expect(same[0] == 202 and json.loads(same[2])["reference"] == reference and
           p.messages("lapor") == 1, "the same record is not recognised")
    is_problem(p.ask("GET", "/intake/lapor/IN-000000000000", None, authorization), 404, "not-found")
    is_problem(p.ask("GET", "/intake/lapor/" + reference), 401, "key")
    is_problem(p.submit(form, key="salah" * 6), 401, "key")
    is_problem(p.submit(form, key=None), 401, "key")
    is_problem(p.submit("{"), 422, "content")
    is_problem(p.submit({"text": " "}), 422, "content")
    document = is_problem(p.submit({"text": "x", "teks": "y"}), 422, "content")
    expect("teks" in document["detail"], "the key is not named")
    is_problem(p.ask("POST", "/intake/lapor", b"text=x", authorization), 415, "media-type")
    twice = dict(authorization, **{"Content-Type": "application/json", "Idempotency-Key": "k2",
                                   "idempotency-key": "k3"})
    is_problem(p.ask("POST", "/intake/lapor", json.dumps(dict(form, id="a-2")), twice), 400,
               "bad-request")
    expect(p.messages("lapor") == 1, "taken without its key")
    race(p)
    p.close()


def attachments(build):
    """A photo beside the words: on disk before 202, once, and at the centre byte for byte."""
    p = Place(build, push="auto", centre=True)
    photo = bytes(range(256)) * 9000  # 2.2 MiB, 2.9 in base64
    form = {"id": "f-1", "text": "Tiang listrik condong.",
            "attachments": [{"name": "tiang.jpg", "type": "image/jpeg",
                             "data": base64.b64encode(photo).decode()}]}
    kept = p.rig.data / "spool" / "keep"
    expect(p.submit(form, idempotency="f1")[0] == 202, "not taken")
    expect(len(list(kept.iterdir())) == 1, "202 before the file was there")
    expect(p.submit(form)[0] == 202, "the same again is refused")
    expect(p.submit(form, idempotency="f1")[0] == 202, "the same again is refused")
    wait_for("its number", lambda: p.centre.state(True)["count"] == 1)
    state = p.centre.state()
    expect([u["sha256"] for u in state["uploads"]] == [hashlib.sha256(photo).hexdigest()],
           "not once, or not these bytes: %s" % state["uploads"])
    document = is_problem(p.submit({"text": "x", "attachments": [{"data": "%"}]}), 422, "content")
    expect("attachments[0].data" in document["detail"], "the key is not named")
    expect(p.messages("lapor") == 1, "doubled")
    p.close()


def race(p):
    """Many with one key at the same moment are one."""
    before = p.messages("lapor")
    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda _: p.submit({"text": "Serentak"}, idempotency="k9"), range(16)))
    expect({a[0] for a in answers} == {202}, "not all were taken")
    expect(len({a[2] for a in answers}) == 1, "they differ: %s" % {a[2] for a in answers})
    expect(p.messages("lapor") == before + 1, "doubled")


def raw_request(p, *pieces, wait=0.0):
    s = socket.socket(socket.AF_UNIX)
    s.settimeout(30)
    s.connect(p.socket)
    for piece in pieces:
        try:
            s.sendall(piece)
        except OSError:
            break
        time.sleep(wait)
    return s


def ends_within(s, seconds):
    """The other side closes; what it said."""
    s.settimeout(seconds)
    said = b""
    try:
        while True:
            piece = s.recv(65536)
            if not piece:
                return said
            said += piece
    except socket.timeout:
        raise Failed("not cut within %g s" % seconds)
    except ConnectionError:
        return said
    finally:
        s.close()


def drip(s, seconds):
    """A byte every 50 ms until it is cut; how long that took."""
    start = time.monotonic()
    while time.monotonic() < start + seconds:
        try:
            s.sendall(b"a")
            s.settimeout(0.05)
            if s.recv(100) == b"":
                break
        except socket.timeout:
            continue
        except OSError:
            break
    else:
        raise Failed("a drip lived for %g s" % seconds)
    s.close()
    return time.monotonic() - start


def slow(build):
    """Drips are cut by a deadline that no activity puts off."""
    p = Place(build, web={"header_timeout": "1s", "body_timeout": "1s"})
    head = b"POST /hook/wa/sign HTTP/1.1\r\nHost: x\r\n"
    took = drip(raw_request(p, head + b"X-Slow: "), 15)
    expect(0.8 < took < 10, "headers cut after %.1f s" % took)
    took = drip(raw_request(p, head + b"Content-Length: 100000\r\n\r\n"), 15)
    expect(0.8 < took < 10, "body cut after %.1f s" % took)
    ends_within(raw_request(p), 15)
    ends_within(raw_request(p, head[:9]), 15)
    expect(p.hook("Sesudahnya")[0] == 200, "an honest one suffers")
    p.close()


def two_ends(build):
    """A body whose end is said twice is refused, and nothing behind it is read."""
    p = Place(build)
    body = b"Lampu jalan padam"
    behind = b"GET /live HTTP/1.1\r\nHost: x\r\n\r\n"
    for pair in (b"Content-Length: %d\r\nContent-Length: 0" % len(body),
                 b"Content-Length: %d\r\nContent-Length: %d" % (len(body), len(body) + len(behind)),
                 b"Content-Length: %d\r\nTransfer-Encoding: chunked" % len(body)):
        said = ends_within(raw_request(p, b"POST /hook/wa/sign HTTP/1.1\r\nHost: x\r\n" + pair +
                                       b"\r\n\r\n" + body + behind), 10)
        expect(said.count(b"HTTP/1.1 ") == 1 and b" 400 " in said.split(b"\r\n")[0],
               "%r was answered %r" % (pair, said[:200]))
    expect(p.messages("wa") == 0, "one of them was taken")
    expect(p.hook("Sesudahnya")[0] == 200, "an honest one suffers")
    p.close()


def large(build):
    p = Place(build, web={"body_max": "8KiB"})
    is_problem(p.ask("POST", "/hook/wa/sign", b"x" * 8193), 413, "too-large")
    chunked = raw_request(p, b"POST /hook/wa/sign HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
                          b"Transfer-Encoding: chunked\r\n\r\n" +
                          b"1000\r\n" + b"x" * 4096 + b"\r\n1000\r\n" + b"x" * 4096 +
                          b"\r\n1\r\nx\r\n0\r\n\r\n")
    expect(b" 413 " in ends_within(chunked, 10).split(b"\r\n")[0], "a large one in pieces was taken")
    is_problem(p.ask("GET", "/hook/wa/" + "a" * 9000), 414, "long-target")
    for more in ({"X-Long": "a" * 17000}, {"X-%d" % n: "a" for n in range(201)},
                 {"X-%d" % n: "a" * 7000 for n in range(3)}):
        is_problem(p.ask("POST", "/hook/wa/sign", b"x", more), 431, "headers")
    expect(p.ask("POST", "/hook/wa/echo", b"x", {"X-Long": "a" * 15000})[0] != 431, "15 KB were refused")
    flood = raw_request(p, b"GET /live HTTP/1.1\r\nHost: x\r\nX-Long: " + b"a" * 70000 + b"\r\n\r\n")
    expect(b" 431 " in ends_within(flood, 10).split(b"\r\n")[0], "long headers were taken")
    expect(p.hook("x" * 8000)[0] == 200, "8,000 bytes were refused")
    p.close()
    p = Place(build)
    status = p.submit(b"x" * (3 << 20))[0]
    expect(status == 422, "3 MiB were not looked at: %d" % status)
    is_problem(p.submit(b"x" * ((3 << 20) + 1)), 413, "too-large")
    expect(p.hook("x" * (3 << 20))[0] == 200, "3 MiB of a hook were refused")
    is_problem(p.hook("x" * ((3 << 20) + 1)), 413, "too-large")
    p.close()


def together(build, count=100, size=1000000):
    """Bodies that are slow and large, each below its ceiling, have one together."""
    p = Place(build)
    head = b"POST /hook/wa/sign HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: %d\r\n\r\n"
    senders = [raw_request(p, head % size) for _ in range(count)]
    for s in senders:
        s.sendall(b"x" * (size - 1))
    answers = []
    for s in senders:
        s.sendall(b"x")
        answers.append(int(ends_within(s, 30).split(b" ")[1]))
    taken = answers.count(401)
    expect(taken + answers.count(503) == count and 0 < taken < 95, "answered %s" % answers)
    status = pathlib.Path("/proc/%d/status" % p.rig.status("web")["pid"]).read_text()
    peak = int(status.split("VmHWM:")[1].split()[0]) >> 10
    print("    %d bodies of %d at once: %d taken, jembatan-web at most %d MiB"
          % (count, size, taken, peak))
    expect(p.hook("Sesudahnya")[0] == 200, "no room afterwards")
    p.close()


def many(build):
    """One sender may have so many under way, and another is not touched."""
    p = Place(build, web={"per_address": 4, "body_timeout": "10s"})
    held = [raw_request(p, b"POST /hook/wa/sign HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: 203.0.113.5\r\n"
                        b"Content-Length: 10\r\n\r\n") for _ in range(4)]
    refused = wait_for("429", lambda: (lambda a: a if a[0] == 429 else None)(
        p.hook("x", sender="203.0.113.5")), 10)
    is_problem(refused, 429, "too-many")
    expect(p.hook("x", sender="203.0.113.6")[0] == 200, "another sender was refused")
    expect(p.hook("x", sender="203.0.113.5, 203.0.113.6")[0] == 200, "the proxy's entry counts")
    twice = raw_request(p, b"GET /hook/wa/echo HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
                        b"X-Forwarded-For: 203.0.113.5\r\nX-Forwarded-For: 203.0.113.6\r\n\r\n")
    expect(b" from 203.0.113.6," in ends_within(twice, 10), "the proxy's own header is the last one")
    for s in held:
        s.close()
    wait_for("room", lambda: p.hook("y", sender="203.0.113.5")[0] == 200, 10)
    p.close()


def crowd(build, count=1000):
    """So many slow senders, and honest ones beside them."""
    files = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(files, 8192), files))
    p = Place(build)
    head = b"POST /hook/wa/sign HTTP/1.1\r\nHost: x\r\n"
    slow_ones = [raw_request(p, head + (b"X-Slow: " if n % 2 else b"X-Forwarded-For: 198.51.%d.%d\r\n"
                             b"Content-Length: 9999\r\n\r\n" % (n // 250, n % 250 + 1)))
                 for n in range(count)]
    stop = threading.Event()

    def keep_dripping():
        while not stop.wait(0.5):
            for s in slow_ones:
                try:
                    s.send(b"a", socket.MSG_DONTWAIT)
                except OSError:
                    pass

    thread = threading.Thread(target=keep_dripping)
    thread.start()
    times = []
    for n in range(100):
        began = time.monotonic()
        expect(p.hook("Laporan %d" % n, **{"X-Id": "c%d" % n})[0] == 200, "an honest one was refused")
        times.append(time.monotonic() - began)
    stop.set()
    thread.join()
    for s in slow_ones:
        s.close()
    times.sort()
    print("    beside %d slow senders: p50 %.0f ms, p99 %.0f ms" % (count, times[50] * 1000,
                                                                    times[98] * 1000))
    expect(times[98] < 5, "an honest one waited %.1f s" % times[98])
    expect(p.messages("wa") == 100, "not all are stored")
    p.close()


def deaths(build):
    """A child that dies, and jembatan-web that dies: told so, and up again."""
    p = Place(build)
    is_problem(p.ask("POST", "/hook/wa/die", b"x"), 503, "unavailable")
    wait_for("the child again", lambda: p.hook("Hidup lagi")[0] == 200)
    os.kill(p.rig.status("web")["pid"], signal.SIGKILL)
    wait_for("its death", lambda: p.rig.status("web")["deaths"] == 1)
    p.wait_serving()
    expect(p.hook("Hidup lagi lagi")[0] == 200, "not up again")
    expect(p.daemon.stop() == 0, "SIGTERM did not end with 0")
    p.close()


def hung(build):
    """A jembatan-web that stands still is ended, said, and started anew; so is one that
    hangs while it makes way for another."""
    p = Place(build, env={"JEMBATAN_WEB_SILENCE_MS": "7000"})
    for renewed in (False, True):
        web = p.rig.status("web")
        os.kill(web["pid"], signal.SIGSTOP)
        if renewed:
            p.web["body_max"] = "2MiB"
            p.configure()
            p.rig.ask("reload")
        wait_for("another one", lambda: p.rig.status("web")["pid"] not in (0, web["pid"]), 30)
        p.wait_serving()
        expect(p.hook("Hidup lagi %s" % renewed)[0] == 200, "not up again")
        expect(renewed or p.rig.status("web")["deaths"] == web["deaths"] + 1, "not counted")
    expect("jembatan-web has given no sign for" in p.rig.log_text(), "nobody was told")
    before = p.rig.status("web")
    time.sleep(8)  # longer than its silence may be: one that works is left alone
    expect(p.rig.status("web")["pid"] == before["pid"], "one that works was ended")
    p.close()


def full(build):
    """The disk is full: 503 and not ready, but alive; then it goes on."""
    folder = "/dev/shm/jembatan-web-%d" % os.getpid()
    os.makedirs(folder)
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", folder],
                             stderr=subprocess.DEVNULL).returncode == 0
    try:
        if not mounted:
            print("    left out: no small file system can be mounted here")
            return
        p = Place(build, data_dir=folder + "/data")
        expect(p.hook("Sebelum")[0] == 200, "not taken")
        filler = open(folder + "/filler", "wb", buffering=0)
        try:
            while True:
                filler.write(b"\0" * 4096)
        except OSError:
            pass
        filler.close()
        n = [0]

        def refused():
            n[0] += 1
            answer = p.hook("Penuh %d %s" % (n[0], "x" * 30000))
            return answer if answer[0] == 503 else None

        is_problem(wait_for("a refusal", refused), 503, "unavailable")
        is_problem(wait_for("not ready", lambda: (lambda a: a if a[0] == 503 else None)(
            p.ask("GET", "/ready"))), 503, "unavailable")
        expect(p.ask("GET", "/live")[0] == 200, "not alive")
        os.unlink(folder + "/filler")
        wait_for("ready", lambda: p.ask("GET", "/ready")[0] == 200)
        expect(p.hook("Sesudah")[0] == 200, "not taken again")
        p.close()
    finally:
        if mounted:
            subprocess.run(["umount", "-l", folder], check=False)
        os.rmdir(folder)


def renew(p, body_max):
    pid = p.rig.status("web")["pid"]
    p.web["body_max"] = body_max
    p.configure()
    p.rig.ask("reload")
    wait_for("its successor", lambda: (lambda s: s["state"] == "serving" and s["pid"] != pid)(
        p.rig.status("web")))


def answer_in_pieces(p):
    """An answer larger than the socket's buffer, under way while jembatan-web makes way."""
    renew(p, "1MiB")
    connection = UnixConnection(p.socket)
    connection.request("POST", "/hook/wa/echo", b"y" * 900000)
    select.select([connection.sock], [], [], 30)  # its first bytes are here
    p.web["body_max"] = "900KiB"
    p.configure()
    p.rig.ask("reload")
    answer = connection.getresponse()
    expect(answer.read().endswith(b"y" * 900000), "the answer was cut")
    connection.close()
    p.wait_serving()


def reload_under_load(p, times):
    """Each 2xx is stored, and what is stored was answered 2xx, while jembatan-web
    makes way for its successor."""
    stop, taken, before = threading.Event(), [], p.messages("wa")

    def send(thread):
        n = 0
        while not stop.is_set():
            n += 1
            try:
                taken.append(p.hook("x", **{"X-Id": "r%d-%d" % (thread, n)})[0])
            except (OSError, http.client.HTTPException):
                stop.wait(0.02)  # nobody listens, or it was not read

    threads = [threading.Thread(target=send, args=(n,)) for n in range(6)]
    for t in threads:
        t.start()
    for n in range(times):
        renew(p, "%dKiB" % (8 + n % 2))
    stop.set()
    for t in threads:
        t.join()
    expect(set(taken) <= {200, 503}, "answered %s" % set(taken))
    stored = p.messages("wa") - before
    expect(stored == taken.count(200), "%d stored, %d answered 200" % (stored, taken.count(200)))


def reload(build):
    """Other settings of it are in use without a restart; wrong ones are not."""
    p = Place(build)
    expect(p.hook("x" * 9000)[0] == 200, "9,000 bytes were refused")
    reload_under_load(p, 6)
    answer_in_pieces(p)
    renew(p, "8KiB")
    is_problem(p.ask("POST", "/hook/wa/sign", b"x" * 9000), 413, "too-large")
    p.web["body_max"] = "a lot"
    p.configure()
    expect(p.rig.command("reload").returncode == 78, "wrong settings were taken")
    expect(b'jembatan_alarm{where="reload"} 1\n' in p.ask("GET", "/metrics")[2], "no alarm")
    listen = p.web.pop("listen")
    p.web["body_max"] = "1MiB"
    p.configure()
    p.rig.ask("reload")
    wait_for("nobody to listen", lambda: p.rig.status("web")["state"] == "off" and
             not p.rig.status("web")["pid"])
    p.web["listen"] = listen
    p.configure()
    p.rig.ask("reload")
    p.wait_serving()
    expect(p.hook("x" * 9000)[0] == 200, "not as before")
    expect(b'jembatan_alarm{where="reload"} 0\n' in p.ask("GET", "/metrics")[2], "the alarm stays")
    keys(p)
    p.close()


def keys(p):
    """An instance whose key was too short at the start is mended by a reload."""
    expect(p.submit({"text": "Dengan kunci"})[0] == 202, "not taken")
    expect(p.daemon.stop() == 0, "SIGTERM did not end with 0")
    p.rig.secret("api.key", "pendek")
    p.start()
    is_problem(p.submit({"text": "Tanpa kunci"}, key="pendek"), 503, "unavailable")
    expect(any("fewer than 20" in a for a in p.rig.alarms("lapor")), "no alarm")
    p.rig.secret("api.key", API_KEY)
    p.rig.ask("reload")
    expect(p.submit({"text": "Dengan kunci lagi"})[0] == 202, "still left out")
    expect(not p.rig.alarms("lapor"), "the alarm stays")


main_of([durable, signatures, routing, submissions, attachments, slow, two_ends, large, together,
         many, crowd, deaths, hung, reload, full])
