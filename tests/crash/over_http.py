"""over_http.py: senders of complaints over HTTP, for the tests of kills and faults:
one to a webhook, one to /intake, both over the UNIX socket of jembatan-web."""
import collections
import hashlib
import hmac
import http.client
import json
import threading
import time
import zlib

from rig import UnixConnection

WEB = ("kait-uji", "masuk-uji")
HOOK_SECRET, API_KEY = "kunci-uji-webhook", "kunci-uji-pengaduan-0123456789"


def ask(path_of_socket, method, path, body=None, headers=None):
    """The status of the answer; None: there was none."""
    connection = UnixConnection(path_of_socket, 10)
    try:
        connection.request(method, path, body, headers or {})
        answer = connection.getresponse()
        answer.read()
        return answer.status
    except (OSError, http.client.HTTPException):
        return None
    finally:
        connection.close()


class WebSource:
    """Senders over HTTP, to a webhook or to /intake. Each goes on with a complaint
    until it has a 2xx, and forgets it then, as real ones do."""

    def __init__(self, form, senders=3):
        self.form, self.lock, self.taken, self.number = form, threading.Lock(), 0, 0
        self.queues = [collections.deque() for _ in range(senders)]
        self.socket, self.odd, self.is_over = None, None, False
        self.threads = [threading.Thread(target=self._send_all, args=(q,), daemon=True)
                        for q in self.queues]
        for thread in self.threads:
            thread.start()

    def put(self, step):
        """All of one id by one sender, so that they stay in order."""
        with self.lock:
            self.number += 1
        whose = zlib.crc32(step["id"].split("-jawab")[0].encode()) % len(self.queues)
        self.queues[whose].append(step)

    def waiting(self):
        with self.lock:
            return self.number - self.taken

    def _send_all(self, queue):
        while not self.is_over:
            if not queue or not self.socket:
                time.sleep(0.005)
                continue
            status = self._send(queue[0])
            if status is None or status in (429, 503):
                time.sleep(0.02)
                continue
            if not 200 <= status < 300:
                self.odd = "HTTP said %d to %s" % (status, queue[0]["id"])
            queue.popleft()
            with self.lock:
                self.taken += 1

    def _send(self, step):
        return ask(self.socket, "POST", *self.form(step))

    def stop(self):
        self.is_over = True
        for thread in self.threads:
            thread.join()


def webhook_body(step):
    """With the id in it: a body that was kept in quarantine is replayed by its bytes alone."""
    return ("Id: %s\n%s" % (step["id"], step["text"])).encode()


def as_webhook(step):
    body = webhook_body(step)
    mac = hmac.new(HOOK_SECRET.encode(), body, hashlib.sha256).hexdigest()
    return "/hook/kait-uji/sign", body, {"X-Hub-Signature-256": "sha256=" + mac}


def as_form(step):
    form = {k: step[k] for k in ("id", "thread", "subject", "text", "author")}
    key = hashlib.sha256((step["id"] + step["text"]).encode()).hexdigest()[:32]
    return "/intake/masuk-uji", json.dumps(form).encode(), {
        "Content-Type": "application/json", "Authorization": "Bearer " + API_KEY,
        "Idempotency-Key": key}


def web_instances(rig, sources):
    """Their entries; and from now on the senders know where to."""
    for name in WEB:
        sources[name].socket = str(rig.dir / "web.sock")
    return {"kait-uji": {"connector": "hook", "push": "auto", "start": "all",
                         "options": {"secret": rig.secret("hook.secret", HOOK_SECRET)}},
            "masuk-uji": {"connector": "intake", "push": "auto", "options": {
                "keys": {"aplikasi": rig.secret("api.key", API_KEY)}}}}
