"""lies.py: a centre that lies: a relay before an honest fake centre. Whether a
request reaches the honest one, and what bytes come back instead of its answer,
is a kind's choice. Used by liar.py, which tells what must hold nevertheless."""
import collections
import email.utils
import gzip
import http.client
import json
import socket
import threading
import time

CREATE = "/complaints/complaint"
BOMB = gzip.compress(b"\0" * (32 << 20))
LOGIN = b"<!DOCTYPE html><html><body><form action=/login>Silakan masuk</form></body></html>"


class Request:
    def __init__(self, method, path, headers, body):
        self.method, self.path, self.headers, self.body = method, path, headers, body
        self.is_create = method == "POST" and path == CREATE


def answer(status, body, *headers, kind="application/json", size=None):
    """Bytes of an answer; size: what Content-Length says."""
    body = body.encode() if isinstance(body, str) else body
    lines = ["HTTP/1.1 %d Lagi" % status, "Content-Type: " + kind,
             "Content-Length: %d" % (len(body) if size is None else size)] + list(headers)
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def created(number):
    """number: JSON text."""
    return '{"message":"OK","results":{"complaint":{"id":%s}}}' % number


class Liar:
    """lie(liar, request, peer, number) answers in place of the honest centre and
    says whether the connection goes on. commits: the honest one hears of it
    first, and number is what it gave."""

    def __init__(self, honest_url, rng):
        self.rng, self.lock = rng, threading.Lock()
        self.honest = honest_url.split("//")[1]
        self.lie, self.commits, self.share, self.all_requests = None, False, 0.0, False
        self.most, self.told = None, collections.Counter()  # lies about each report
        self.lied = self.requests = self.trapped = 0
        self.numbers = []  # that were given, rightly
        self.server = self.listen(self.accept)
        self.trap = self.listen(self.spring)
        self.url = "http://127.0.0.1:%d" % self.server.getsockname()[1]
        self.trap_url = "http://127.0.0.1:%d" % self.trap.getsockname()[1]

    @staticmethod
    def listen(serve):
        server = socket.create_server(("127.0.0.1", 0), backlog=256)
        threading.Thread(target=serve, args=(server,), daemon=True).start()
        return server

    def spring(self, server):
        while True:
            try:
                server.accept()[0].close()
            except OSError:
                return
            self.trapped += 1

    def accept(self, server):
        while True:
            try:
                peer, _ = server.accept()
            except OSError:
                return
            peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=self.talk, args=(peer,), daemon=True).start()

    def talk(self, peer):
        honest = http.client.HTTPConnection(self.honest, timeout=30)
        try:
            with peer, peer.makefile("rb") as lines:
                while True:
                    request = self.read(lines)
                    if request is None or not self.serve(request, peer, honest):
                        return
        except (OSError, ValueError, http.client.HTTPException):
            pass
        finally:
            honest.close()

    @staticmethod
    def read(lines):
        first = lines.readline(65536)
        if not first:
            return None
        method, path, _ = first.decode().split(" ", 2)
        headers = {}
        while True:
            line = lines.readline(65536).decode("latin-1").strip()
            if not line:
                break
            name, _, value = line.partition(":")
            headers[name.lower()] = value.strip()
        body = lines.read(int(headers.get("content-length", 0)))
        return Request(method, path, headers, body)

    def serve(self, request, peer, honest):
        with self.lock:
            self.requests += request.is_create
            is_lie = (self.lie is not None and (request.is_create or self.all_requests) and
                      (self.rng.random() < self.share or
                                           (self.lied == 0 and self.requests > 10)))
            is_lie = is_lie and (self.most is None or self.told[request.body] < self.most)
            self.told[request.body] += is_lie
            self.lied += is_lie
            lie, commits = self.lie, self.commits
        if is_lie and not commits:
            return lie(self, request, peer, None)
        status, headers, body = self.ask(honest, request)
        number = self.note(request, status, body)
        if is_lie and (number or not request.is_create):
            return lie(self, request, peer, number)
        peer.sendall(answer(status, body, *headers))
        return True

    @staticmethod
    def ask(honest, r):
        kept = ("authorization", "token", "content-type", "idempotency-key")
        honest.request(r.method, r.path, r.body or None,
                       {k: v for k, v in r.headers.items() if k in kept})
        got = honest.getresponse()
        more = ["Retry-After: " + got.headers["Retry-After"]] if "Retry-After" in got.headers else []
        return got.status, more, got.read()

    def note(self, request, status, body):
        if not request.is_create or not 200 <= status < 300:
            return None
        number = json.loads(body)["results"]["complaint"]["id"]
        with self.lock:
            self.numbers.append(number)
        return number

    def stop(self):
        for server in (self.server, self.trap):
            server.shutdown(socket.SHUT_RDWR)
            server.close()


# ---- the lies ----------------------------------------------------------------

def says(status, body, *headers, **more):
    def lie(liar, request, peer, number):
        peer.sendall(answer(status, body, *headers, **more))
        return True
    return lie


def says_of(body):
    """body(liar, number): the JSON text of a 200."""
    def lie(liar, request, peer, number):
        peer.sendall(answer(200, body(liar, number)))
        return True
    return lie


def sends(*pieces, pause=0.0):
    """Raw bytes, then the connection ends."""
    def lie(liar, request, peer, number):
        for piece in pieces:
            peer.sendall(piece)
            time.sleep(pause)
        return False
    return lie


def floods(head, piece):
    def lie(liar, request, peer, number):
        peer.sendall(head)
        until = time.monotonic() + 5
        while time.monotonic() < until:
            peer.sendall(piece * 200)
        return False
    return lie


def drips(liar, request, peer, number):
    for byte in answer(200, created(number)):
        peer.sendall(bytes([byte]))
        time.sleep(0.05)
    return True


def hangs(liar, request, peer, number):
    peer.settimeout(5)
    peer.recv(1)
    return False


def closes(liar, request, peer, number):
    return False


def twice(liar, request, peer, number):
    """A second answer, when the first has been read: for whom?"""
    peer.sendall(answer(200, created(number)))
    time.sleep(0.002)
    peer.sendall(answer(200, created(number + 5000000)))
    return True


def at_once(liar, request, peer, number):
    peer.sendall(answer(200, created(number)) + answer(200, created(number + 5000000)))
    return True


def shifted(liar, number):
    """The number of the one before: real, and another's."""
    with liar.lock:
        at = liar.numbers.index(number)
        return created(liar.numbers[at - 1] if at else number)


def elsewhere(status, where):
    def lie(liar, request, peer, number):
        peer.sendall(answer(status, "", "Location: " + where(liar, request)))
        return True
    return lie


def some_number(liar, number):
    with liar.lock:
        return created(liar.rng.choice(liar.numbers[:20]))


def patient(liar, request, peer, number):
    peer.sendall(answer(200, created(number), "Retry-After: 315360000"))
    return True


def nested(liar, number):
    return created("[" * 1000 + "1" + "]" * 1000)


DATE = email.utils.formatdate(time.time() + 10 * 365 * 86400, usegmt=True)
NO_NUMBER = "without a number"
LOST = "lost after the request had left"
BUSY = "answered (429|503)"
PLAIN = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"


class Kind:
    """says: what alarms, errors and rows must name. share: of the requests that
    are lied to. all: of questions too. wrong: numbers may be wrong. most: lies about
    one report; more of this kind, and it is held."""

    def __init__(self, lie, says, commits=True, share=0.5, all=False, wrong=False, most=None):
        self.lie, self.says, self.commits, self.share = lie, says, commits, share
        self.all, self.wrong, self.most = all, wrong, most


def number_of(text):
    return Kind(says_of(lambda liar, number: created(text)), NO_NUMBER)


KINDS = {
    # an answer that says neither yes nor no
    "error-200": Kind(says(200, '{"status":"error","message":"gagal"}'), NO_NUMBER, commits=False),
    "no-id": Kind(says(201, '{"message":"OK"}'), NO_NUMBER),
    "login": Kind(says(200, LOGIN, kind="text/html"), NO_NUMBER, commits=False, all=True),
    "empty": Kind(says(200, ""), NO_NUMBER),
    "null": Kind(says(200, "null"), NO_NUMBER),
    "bad-utf8": Kind(says(200, b'{"results":{"complaint":{"id":"\xff\xfe"}}}'), NO_NUMBER),
    "gzip-bomb": Kind(says(200, BOMB, "Content-Encoding: gzip"), NO_NUMBER),
    # a number that is none
    "negative-id": number_of("-7000001"), "zero-id": number_of("0"),
    "huge-id": number_of("7" * 40), "text-id": number_of('"7; DROP TABLE ticket"'),
    "long-id": number_of('"%s"' % ("7" * 5000)), "float-id": number_of("7000001.5"),
    "array-id": number_of("[7000001]"), "object-id": number_of('{"id":7000001}'),
    "nested-id": Kind(says_of(nested), NO_NUMBER),
    # a number that is another's
    "other-id": Kind(says_of(some_number), "the number of JB-", wrong=True),
    "same-id": Kind(says_of(lambda liar, number: created("7000001")), "the number of JB-", share=1,
                    most=2),
    "shifted-id": Kind(says_of(shifted), "", share=1, wrong=True),
    "string-id": Kind(says_of(lambda liar, number: created('"%d"' % number)), ""),
    # bytes that are no answer
    "truncated": Kind(says_of(lambda liar, number: created(number)[:-3]), NO_NUMBER),
    "short": Kind(sends(answer(200, '{"mess', size=500)), LOST),
    "long": Kind(says(200, created("7000001"), size=9), NO_NUMBER),
    "chunked-garbage": Kind(sends(PLAIN + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n\xff\xff"), LOST),
    "chunk-of-4-gib": Kind(sends(PLAIN + b"Transfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n{"), LOST),
    "two-lengths": Kind(sends(PLAIN + b"Content-Length: 2\r\nContent-Length: 40\r\n\r\n{}"),
                        "lost after|without a number"),
    "http-0.9": Kind(sends(b'{"results":{"complaint":{"id":7000001}}}'), LOST),
    "no-status": Kind(sends(b"HTTP/1.1 abc\r\n\r\n"), "lost after|answered"),
    "nul-header": Kind(sends(PLAIN + b"X-\0-Y: a\0b\r\nContent-Length: 2\r\n\r\n{}"),
                       "lost after|without a number"),
    "drip": Kind(drips, LOST, share=0.04),
    "headers-without-end": Kind(floods(PLAIN, b"X-Panjang: " + b"a" * 200 + b"\r\n"), "its head", share=0.2),
    "body-without-end": Kind(floods(PLAIN + b"Connection: close\r\n\r\n", b" " * 4096), "longer than",
                             share=0.2),
    "continue-flood": Kind(floods(b"", b"HTTP/1.1 100 Continue\r\n\r\n"), "its head", share=0.2),
    "answered-twice": Kind(twice, "nobody had asked for|", wrong=True),
    "two-at-once": Kind(at_once, ""),
    "closed": Kind(closes, LOST, commits=False), "commit-closed": Kind(closes, LOST),
    "hung": Kind(hangs, LOST, commits=False, share=0.04), "commit-hung": Kind(hangs, LOST, share=0.04),
    # elsewhere
    "redirect-loop": Kind(elsewhere(302, lambda liar, r: liar.url + r.path), "answered 302", commits=False),
    "redirect-away": Kind(elsewhere(307, lambda liar, r: liar.trap_url + r.path), "answered 307",
                          commits=False, all=True),
    "redirect-file": Kind(elsewhere(301, lambda liar, r: "file:///etc/passwd"), "answered 301", commits=False),
    "redirect-303": Kind(elsewhere(303, lambda liar, r: liar.trap_url), "answered 303"),
    # not now
    "429": Kind(says(429, "{}"), BUSY, commits=False),
    "429-garbage": Kind(says(429, "{}", "Retry-After: segera"), BUSY, commits=False),
    "429-negative": Kind(says(429, "{}", "Retry-After: -5"), BUSY, commits=False),
    "429-decade": Kind(says(429, "{}", "Retry-After: 315360000"), BUSY, commits=False),
    "429-decade-date": Kind(says(429, "{}", "Retry-After: " + DATE), BUSY, commits=False, all=True),
    "503-storm": Kind(says(503, "{}"), BUSY, commits=False, share=0.8, all=True),
    "200-retry-after": Kind(patient, ""),
    # no
    "409-id": Kind(says(409, created("7000001")), "answered 409", commits=False),
    "422-id": Kind(says(422, created("7000001")), "answered 422", commits=False),
    "commit-409": Kind(says(409, '{"message":"sudah ada"}'), "answered 409"),
    "401-sometimes": Kind(says(401, "{}"), "answered 401", commits=False, share=0.2),
    "commit-500": Kind(says(500, "{}"), "answered 500"),
    "status-999": Kind(says(999, "{}"), "answered 999"),
}
