#!/usr/bin/env python3
"""Servers of social networks that misbehave on cue, for tests of plugins/social.

  social.py [--token WORD] [--account ID]

Says its URL on stdout. Mastodon: /api/v1/..., with whole entities: what a test leaves
out of a status is filled in. /media/... are files. To the test it speaks at:
  POST /_post {status, noticed_at?}  a notification about this status; its id in the answer
  POST /_delete {id}      the status is gone
  POST /_edit {id, ...}   these fields of the status are others now
  POST /_fault {where, status, headers, times, skip, commit, cut, disorder}
                          the next answers at where (notifications, look, context, post,
                          who) are these, after skip good ones; commit: it is done all the
                          same; cut: no answer; disorder: a page in another order
  GET  /_state            what was asked and posted"""
import html
import json
import re
import threading
import time
import urllib.parse

import api


OURS = {"role": {"id": "-99", "name": "", "permissions": "0", "color": "", "highlighted": False,
                 "collection_limit": 10},
        "source": {"note": "", "fields": [], "privacy": "public", "sensitive": False, "language": "id",
                   "follow_requests_count": 0, "indexable": False}}


def account_of(given):
    name = given.get("acct", "warga").split("@")[0]
    home = "https://lain.example/" + name
    return {"acct": name, "username": name, "id": "1", "display_name": "", "note": "", "uri": home, "url": home,
            "avatar": home + "/a.png", "avatar_static": home + "/a.png", "header": home + "/h.png",
            "header_static": home + "/h.png", "bot": False, "group": False, "locked": False,
            "indexable": False, "created_at": "2020-01-01T00:00:00.000Z", "emojis": [], "fields": [],
            "followers_count": 0, "following_count": 0, "statuses_count": 0, **given}


def status_of(given):
    whole = {"uri": "https://lain.example/s/" + given["id"], "url": "https://lain.example/s/" + given["id"],
             "content": "", "created_at": "2027-01-15T07:00:00.000Z", "visibility": "public",
             "sensitive": False, "spoiler_text": "", "emojis": [], "media_attachments": [], "mentions": [],
             "tags": [], "favourites_count": 0, "reblogs_count": 0, "replies_count": 0, "edited_at": None,
             "in_reply_to_id": None, "in_reply_to_account_id": None, "reblog": None, **given}
    whole["account"] = account_of(given.get("account") or {})
    whole["mentions"] = [{"username": "lapor", "acct": "lapor", "url": "https://contoh.example/@lapor", **m}
                         for m in whole["mentions"]]
    return whole


class World:
    def __init__(self, options):
        self.options = options
        self.lock = threading.Lock()
        self.notifications, self.statuses, self.posted = [], {}, []
        self.keys, self.faults, self.asked = {}, [], {}
        self.last_query = ""

    def add(self, status):
        number = str(1000 + len(self.notifications))
        noticed_at = status.pop("noticed_at", None)
        status = status_of(status)
        self.statuses[status["id"]] = status
        self.notifications.append({"id": number, "type": "mention", "status": status,
                                   "group_key": "ungrouped-" + number,
                                   "created_at": noticed_at or status["created_at"], "account": status["account"]})
        return number

    def page(self, query):
        limit = min(int(query.get("limit", ["40"])[0]), 80)
        found = self.notifications
        if "min_id" in query:
            found = [n for n in found if int(n["id"]) > int(query["min_id"][0])][:limit]
        return list(reversed(found[-limit:]))

    def post(self, body, key):
        if key and key in self.keys:
            return 200, self.keys[key]
        parent = self.statuses.get(body.get("in_reply_to_id"))
        if body.get("in_reply_to_id") and not parent:
            return 404, {"error": "Record not found"}
        if len(body.get("status", "")) > 500:
            return 422, {"error": "Validation failed: Text character limit of 500 exceeded"}
        text = html.escape(body["status"])
        text = re.sub(r"@(\w+)(@[\w.]+)?", r'<span class="h-card"><a href="https://contoh.example/@\1" '
                      r'class="u-url mention">@<span>\1</span></a></span>', text)
        status = status_of({"id": str(5000 + len(self.posted)), "content": "<p>%s</p>" % text.replace("\n", "<br>"),
                  "account": {"id": self.options.account, "acct": "lapor"},
                  "in_reply_to_id": body.get("in_reply_to_id"),
                  "visibility": body.get("visibility", "public"),
                  "created_at": time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime())})
        self.posted.append({"request": body, "status": status})
        self.statuses[status["id"]] = status
        if key:
            self.keys[key] = status
        return 200, status


class Handler(api.Handler):
    def body(self):
        """JSON; at the API a form too, as the real one takes both."""
        raw = self.raw()
        kind = self.headers.get("Content-Type", "")
        if self.path.startswith("/api/") and kind.startswith("application/x-www-form-urlencoded"):
            return {k: v[0] for k, v in urllib.parse.parse_qs(raw.decode()).items()}
        return json.loads(raw or b"{}")

    def control(self, w, path):
        body = self.body() if self.command == "POST" else None
        if path == "/_post":
            return self.say(200, {"id": w.add(body)})
        if path == "/_delete":
            w.statuses.pop(body["id"], None)
            return self.say(200, {})
        if path == "/_edit":
            w.statuses[body["id"]].update(body)
            return self.say(200, {})
        if path == "/_fault":
            w.faults += [body] * body.get("times", 1)
            return self.say(200, {})
        return self.say(200, {"asked": w.asked, "posted": w.posted, "query": w.last_query})

    def answer(self, w, path, query):
        """Where it belongs, and what the answer is: a function."""
        if path == "/api/v1/accounts/verify_credentials":
            return "who", lambda: (200, dict(account_of({"id": w.options.account, "acct": "lapor"}), **OURS))
        if path == "/api/v1/notifications":
            w.last_query = urllib.parse.urlsplit(self.path).query
            return "notifications", lambda: (200, w.page(query))
        if path == "/api/v1/statuses" and self.command == "POST":
            body, key = self.body(), self.headers.get("Idempotency-Key")
            return "post", lambda: w.post(body, key)
        match = re.fullmatch(r"/api/v1/statuses/(\w+)(/context)?", path)
        if match and match[2]:
            return "context", lambda: (200, {"ancestors": [], "descendants": [
                p["status"] for p in w.posted if p["status"]["in_reply_to_id"] == match[1]]})
        if match and match[1] in w.statuses:
            return "look", lambda: (200, w.statuses[match[1]])
        return "look", lambda: (404, {"error": "Record not found"})

    def serve(self):
        w = self.server.world
        parts = urllib.parse.urlsplit(self.path)
        with w.lock:
            if parts.path.startswith("/_"):
                return self.control(w, parts.path)
            if parts.path.startswith("/media/"):
                return self.say(200, parts.path)
            where, do = self.answer(w, parts.path, urllib.parse.parse_qs(parts.query))
            w.asked[where] = w.asked.get(where, 0) + 1
            if self.headers.get("Authorization") != "Bearer " + w.options.token:
                return self.say(401, {"error": "The access token is invalid"})
            fault = self.fault(w, where)
            if fault:
                if fault.get("disorder"):
                    status, page = do()
                    return self.say(status, sorted(page, key=lambda n: n["id"][::-1]))
                if fault.get("commit"):
                    do()
                if fault.get("cut"):
                    return self.cut()
                return self.say(fault["status"], fault.get("body", {"error": "uji"}),
                                fault.get("headers", {}))
            return self.say(*do())


api.main(Handler, World, token="token-uji", account="77")
