#!/usr/bin/env python3
"""The Telegram Bot API, misbehaving on cue, for tests of plugins/social.

  telegram.py [--token TOKEN]

Says its URL on stdout. An update is forgotten when somebody asks behind its number,
as at Telegram. To the test it speaks at:
  POST /_update {update}    put into the queue (update_id is given when it has none);
                            with {"again": true} the last one comes once more
  POST /_file {path, text}  what getFile and /file/bot.../PATH serve
  POST /_fault {where, status, body, headers, times, commit, cut, half}
                            the next answers of this method (getUpdates, sendMessage ...;
                            "file") are these; commit: it is done all the same; cut: no
                            answer; half: the answer breaks off
  POST /_hook {url, update, secret}   call the webhook as Telegram would; its status
  GET  /_state              what was asked, and what was sent"""
import json
import threading
import time
import urllib.error
import urllib.parse
import urllib.request

import api


class World:
    def __init__(self, options):
        self.options = options
        self.lock = threading.Condition()
        self.queue, self.sent, self.faults = [], [], []
        self.asked, self.files, self.hook = {}, {}, None
        self.next, self.last = 100, {}

    def update(self, body):
        if body.get("again"):
            self.queue.append(dict(self.last))
        else:
            body.setdefault("update_id", self.next)
            self.next = max(self.next, body["update_id"]) + 1
            self.last = body
            self.queue.append(body)
        self.lock.notify_all()
        return {"update_id": self.queue[-1]["update_id"]}

    def get_updates(self, body):
        if self.hook:
            return 409, fail(409, "Conflict: can't use getUpdates method while webhook is active; "
                                  "use deleteWebhook to delete the webhook first")
        offset = body.get("offset", 0)
        self.queue = [u for u in self.queue if u["update_id"] >= offset]
        until = time.monotonic() + min(body.get("timeout", 0), self.options.hold)
        while not self.queue and time.monotonic() < until:
            self.lock.wait(until - time.monotonic())
        return 200, done(self.queue[:body.get("limit", 100)])

    def send_message(self, body):
        if len(body["text"].encode("utf-16-le")) // 2 > 4096:
            return 400, fail(400, "Bad Request: message is too long")
        self.sent.append(body)
        return 200, done({"message_id": 9000 + len(self.sent), "chat": {"id": body["chat_id"]}})

    def get_file(self, body):
        if body["file_id"] not in self.files:
            return 400, fail(400, "Bad Request: wrong file_id or the file is temporarily unavailable")
        return 200, done({"file_id": body["file_id"], "file_path": "photos/" + body["file_id"]})

    def set_webhook(self, body):
        self.hook = body
        return 200, done(True)


def done(result):
    return {"ok": True, "result": result}


def fail(code, text, **parameters):
    return {"ok": False, "error_code": code, "description": text, **(
        {"parameters": parameters} if parameters else {})}


class Handler(api.Handler):
    def body(self):
        return json.loads(self.raw() or b"{}")

    def call_hook(self, body):
        request = urllib.request.Request(
            body["url"], json.dumps(body["update"]).encode(),
            {"Content-Type": "application/json", "X-Telegram-Bot-Api-Secret-Token": body["secret"]})
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return {"status": answer.status, "body": answer.read().decode()}
        except urllib.error.HTTPError as error:
            return {"status": error.code, "body": ""}

    def control(self, w):
        body = self.body() if self.command == "POST" else None
        if self.path == "/_hook":
            return self.say(200, self.call_hook(body))
        with w.lock:
            if self.path == "/_update":
                return self.say(200, w.update(body))
            if self.path == "/_file":
                w.files[body["path"]] = body["text"].encode()
                return self.say(200, {})
            if self.path == "/_fault":
                w.faults += [body] * body.get("times", 1)
                return self.say(200, {})
            return self.say(200, {"asked": w.asked, "sent": w.sent, "hook": w.hook,
                                  "waiting": len(w.queue), "query": getattr(w, "query", None)})

    def answer(self, w, parts, body):
        """What was asked for, and the answer: a function."""
        if parts[0] == "file":
            name = "/".join(parts[2:]).removeprefix("photos/")
            return "file", lambda: (200, w.files[name]) if name in w.files else (404, b"")
        methods = {"getMe": lambda: (200, done({"id": 5, "is_bot": True, "username": "LaporUjiBot"})),
                   "getUpdates": lambda: w.get_updates(body), "sendMessage": lambda: w.send_message(body),
                   "getFile": lambda: w.get_file(body), "setWebhook": lambda: w.set_webhook(body)}
        return parts[1], methods.get(parts[1], lambda: (404, fail(404, "Not Found: method not found")))

    def serve(self):
        w = self.server.world
        if self.path.startswith("/_"):
            return self.control(w)
        parts = urllib.parse.urlsplit(self.path).path.strip("/").split("/")
        body = self.body() if self.command == "POST" else {}
        with w.lock:
            where, do = self.answer(w, parts, body)
            w.asked[where] = w.asked.get(where, 0) + 1
            if where == "getUpdates":
                w.query = body
            token = parts[1] if parts[0] == "file" else parts[0]
            if token != "bot" + w.options.token:
                return self.say(401, fail(401, "Unauthorized"))
            fault = self.fault(w, where)
            if fault:
                status, value = do() if fault.get("commit") or fault.get("half") else (500, None)
                if fault.get("cut"):
                    return self.cut()
                if fault.get("half"):
                    return self.say(status, value, half=True)
                return self.say(fault["status"], fault.get("body", fail(fault["status"], "uji")),
                                fault.get("headers", {}))
            return self.say(*do())


api.main(Handler, World, token="5:rahasia-uji", hold=0.2)
