#!/usr/bin/env python3
"""The Graph API of Facebook Pages and Instagram, which misbehaves on cue.

  meta.py [--token WORD] [--secret WORD] [--app ID] [--account ID]

Says its URL on stdout. To the test:
  POST /_post {id, ...}        a post of the Page, or with medium a medium; the newest
                               first
  POST /_tag {id, ...}         a medium that the account is tagged in, likewise
  POST /_comment {under, id, ...}  a comment below it, likewise
  POST /_thing {path, answer}  what GET of this path answers (a comment's id, or the
                               account's with "?" and its fields up to the brace); without
                               answer: it is gone
  POST /_edit {id, ...}        a comment or post has this instead; with gone it is away,
                               in lists and by its id
  POST /_page {size}           so many records a page, also of comments
  POST /_fault {where, status, headers, body, times, commit, cut, skip}
                               where: feed, comments, tags, thing, reply,
                               token
  GET  /_state                 what was asked and posted"""
import hashlib
import hmac
import json
import threading
import urllib.parse

import api


class World:
    def __init__(self, options):
        self.options = options
        self.lock = threading.Lock()
        self.posts, self.tags, self.comments, self.things, self.replies = [], [], {}, {}, []
        self.faults, self.asked, self.queries, self.size = [], {}, [], 25

    def page(self, records, query):
        start = int(query.get("after", ["0"])[0])
        found = records[start:start + self.size]
        paging = {"cursors": {"before": str(start), "after": str(start + len(found))}}
        if start + len(found) < len(records):
            # The real one has the token in it: nobody may follow it.
            paging["next"] = "http://127.0.0.1:1/?access_token=rahasia"
        return {"data": found, "paging": paging}

    def feed(self, query, is_media):
        out = self.page([p for p in self.posts if p.get("medium", False) == is_media], query)
        out["data"] = [dict(p, comments=self.page(self.comments[p["id"]], {}))
                       if self.comments.get(p["id"]) else p for p in out["data"]]
        return 200, out

    def edit(self, body):
        for records in [self.posts, self.tags] + list(self.comments.values()):
            for one in [r for r in records if r["id"] == body["id"]]:
                one.update(body)
                if body.get("gone"):
                    records.remove(one)

    def record(self, key):
        """By its id: also what no list of its page shows."""
        found = [r for records in [self.posts] + list(self.comments.values()) for r in records
                 if r["id"] == key]
        return found[0] if found else None

    def tagged(self, query):
        """As of Meta: cursors as long as there is something, and never a next."""
        out = self.page(self.tags, query)
        out["paging"].pop("next", None)
        return 200, out if out["data"] else {"data": []}

    def list(self, of, query):
        own = [{"id": r["id"], "from": {"id": self.options.account}, "message": r["form"]["message"],
                "text": r["form"]["message"]} for r in self.replies if r["under"] == of]
        return 200, self.page(list(reversed(own)) + self.comments.get(of, []), query)

    def reply(self, under, form):
        self.replies.append({"id": "900%d" % len(self.replies), "under": under, "form": form})
        return 200, {"id": self.replies[-1]["id"]}


class Handler(api.Handler):
    kind = "application/json; charset=UTF-8"

    def control(self, w, path, raw):
        body = json.loads(raw) if raw else {}
        if path == "/_post":
            w.posts.insert(0, body)
        elif path == "/_tag":
            w.tags.insert(0, body)
        elif path == "/_comment":
            w.comments.setdefault(body.pop("under"), []).insert(0, body)
        elif path == "/_edit":
            w.edit(body)
        elif path == "/_thing":
            w.things[body["path"]] = body.get("answer")
        elif path == "/_page":
            w.size = body["size"]
        elif path == "/_fault":
            w.faults += [dict(body) for _ in range(body.get("times", 1))]
        return self.say(200, {"asked": w.asked, "replies": w.replies, "queries": w.queries})

    def answer(self, w, path, query, raw):
        """Where it belongs, and what the answer is: a function."""
        parts = path.strip("/").split("/")[1:]
        if self.command == "POST":
            form = {k: v[0] for k, v in urllib.parse.parse_qs(raw.decode()).items()}
            return "reply", lambda: w.reply(parts[0] if parts[1] != "mentions" else "mention", form)
        if parts[1:] in (["feed"], ["media"]):
            return "feed", lambda: w.feed(query, parts[1] == "media")
        if parts[1:] == ["tags"]:
            return "tags", lambda: w.tagged(query)
        if parts[1:] in (["comments"], ["replies"]):
            return "comments", lambda: w.list(parts[0], query)
        key = parts[0]
        if key == "debug_token":
            told = query.get("input_token") == [w.options.token] and w.things.get(key)
            return "token", lambda: (200, {"data": told or {"is_valid": False}})
        if query.get("fields", [""])[0].startswith("mentioned"):
            key += "?" + query["fields"][0].split("{")[0]
        thing = w.things.get(key) or w.record(key)
        if thing:
            return "thing", lambda: (200, thing)
        return "thing", lambda: (400, {"error": {
            "code": 100, "error_subcode": 33, "message": "Unsupported get request"}})

    def refused(self, w, where, query):
        """A token is refused, and one without the proof that its app's secret is known."""
        options = w.options
        token = options.app + "|" + options.secret if where == "token" else options.token
        if self.headers.get("Authorization") != "Bearer " + token:
            return 401, {"error": {"code": 190, "type": "OAuthException"}}
        proof = hmac.new(options.secret.encode(), token.encode(), hashlib.sha256).hexdigest()
        if query.get("appsecret_proof") != [proof]:
            return 400, {"error": {"code": 100, "type": "GraphMethodException", "message":
                                   "Invalid appsecret_proof provided in the API argument"}}
        return None

    def serve(self):
        w = self.server.world
        parts = urllib.parse.urlsplit(self.path)
        raw = self.raw()
        with w.lock:
            if parts.path.startswith("/_"):
                return self.control(w, parts.path, raw)
            query = urllib.parse.parse_qs(parts.query)
            where, do = self.answer(w, parts.path, query, raw)
            w.asked[where] = w.asked.get(where, 0) + 1
            w.queries.append(self.path)
            refused = self.refused(w, where, query)
            if refused:
                return self.say(*refused)
            fault = self.fault(w, where)
            if fault:
                done = do() if fault.get("commit") or "status" not in fault and "cut" not in fault \
                    else (0, {})
                if fault.get("cut"):
                    return self.cut()
                return self.say(fault.get("status", done[0]), fault.get("body", done[1]),
                                fault.get("headers", {}))
            return self.say(*do())


api.main(Handler, World, token="token-uji", account="1001", secret="rahasia-uji", app="77")
