#!/usr/bin/env python3
"""A server of Bluesky's (PDS and AppView in one) that misbehaves on cue.

  bluesky.py [--password WORD] [--handle NAME]

Says its URL on stdout. XRPC: /xrpc/... as the real one answered. To the test:
  POST /_post {rkey, text, ...}  a post of somebody's, in the list for its `reason`
                                 (mention); fields: did, createdAt, indexedAt, parent,
                                 root, facets, embed, langs, labels, record, unlisted
  POST /_delete {rkey}           it is gone
  POST /_expire {refresh}        the access token has expired; refresh: that one too
  POST /_fault {where, status, headers, body, times, commit, cut}
                                 the next answers at where (list, posts, create, look,
                                 login, refresh) are these; commit: it is done all the
                                 same; cut: no answer; skip: so many answers later
  GET  /_state                   what was asked and posted"""
import json
import threading
import urllib.parse

import api

OURS = "did:plc:ujiujiujiujiujiujiujiuji"
THEIRS = "did:plc:wargawargawargawargawarg"
POSTS = "app.bsky.feed.post"


class World:
    def __init__(self, options):
        self.options = options
        self.lock = threading.Lock()
        self.posts, self.listed, self.records = {}, [], {}
        self.faults, self.asked, self.tokens, self.queries = [], {}, 0, []
        self.access, self.refresh = None, None
        self.used = set()

    def session(self):
        self.tokens += 1
        self.access, self.refresh = "akses-%d" % self.tokens, "segar-%d" % self.tokens
        return 200, {"did": OURS, "handle": self.options.handle, "accessJwt": self.access,
                     "refreshJwt": self.refresh}

    def login(self, body):
        if body.get("identifier") != self.options.handle or body.get("password") != self.options.password:
            return 401, {"error": "AuthenticationRequired", "message": "Invalid identifier or password"}
        return self.session()

    def add(self, p):
        did = p.get("did", THEIRS)
        uri = "at://%s/%s/%s" % (did, POSTS, p["rkey"])
        record = {"$type": POSTS, "text": p.get("text", ""), "langs": p.get("langs", ["id"]),
                  "createdAt": p.get("createdAt", "2027-01-15T07:00:00.000Z")}
        for name in ("facets", "embed"):
            if name in p:
                record[name] = p[name]
        if "parent" in p:
            record["reply"] = {"parent": {"uri": p["parent"], "cid": "bafyinduk"},
                               "root": {"uri": p.get("root", p["parent"]), "cid": "bafyakar"}}
        view = {"uri": uri, "cid": "bafy" + p["rkey"], "record": p.get("record", record),
                "author": {"did": did, "handle": p.get("handle", "warga.example"),
                           "displayName": "Dayang Sumbi", "labels": p.get("labels", [])},
                "indexedAt": p.get("indexedAt", record["createdAt"])}
        if "view" in p:
            view.update(p["view"])
        self.posts[uri] = view
        if not p.get("unlisted"):
            self.listed.append(dict(view, reason=p.get("reason", "mention"), isRead=False))
            self.listed.sort(key=lambda n: n["indexedAt"], reverse=True)
        return 200, {"uri": uri}

    def list(self, query):
        self.queries.append(query)
        limit = int(query.get("limit", ["50"])[0])
        found = [n for n in self.listed if n["reason"] in query.get("reasons", []) and n["uri"] in self.posts]
        if "cursor" in query:
            found = [n for n in found if n["indexedAt"] < query["cursor"][0]]
        out = {"notifications": found[:limit], "priority": False}
        if out["notifications"]:
            out["cursor"] = found[:limit][-1]["indexedAt"]
        return 200, out

    def create(self, body):
        uri = "at://%s/%s/%s" % (body["repo"], body["collection"], body["rkey"])
        text = body["record"].get("text", "")
        if uri in self.records:
            return 500, {"error": "InternalServerError", "message": "Internal Server Error"}
        if len(text) > 300:
            return 400, {"error": "InvalidRequest", "message": "grapheme too big (maximum 300)"}
        self.records[uri] = body["record"]
        return 200, {"uri": uri, "cid": "bafyjawaban", "validationStatus": "valid"}

    def look(self, query):
        uri = "at://%s/%s/%s" % (query["repo"][0], query["collection"][0], query["rkey"][0])
        if uri not in self.records:
            return 400, {"error": "RecordNotFound", "message": "Could not locate record"}
        return 200, {"uri": uri, "cid": "bafyjawaban", "value": self.records[uri]}


class Handler(api.Handler):
    kind = "application/json; charset=utf-8"

    def control(self, w, path, body):
        if path == "/_post":
            return self.say(*w.add(body))
        if path == "/_delete":
            for uri in [u for u in w.posts if u.endswith("/" + body["rkey"])]:
                del w.posts[uri]
            return self.say(200, {})
        if path == "/_expire":
            w.access = None
            if body.get("refresh"):
                w.refresh = None
            return self.say(200, {})
        if path == "/_fault":
            w.faults += [dict(body) for _ in range(body.get("times", 1))]
            return self.say(200, {})
        return self.say(200, {"asked": w.asked, "records": w.records, "queries": w.queries})

    def answer(self, w, method, query, body):
        """Where it belongs, and what the answer is: a function."""
        return {
            "com.atproto.server.createSession": ("login", lambda: w.login(body)),
            "com.atproto.server.refreshSession": ("refresh", w.session),
            "com.atproto.server.getSession": ("who", lambda: (200, {"did": OURS})),
            "app.bsky.notification.listNotifications": ("list", lambda: w.list(query)),
            "app.bsky.feed.getPosts": ("posts", lambda: (200, {"posts": [
                w.posts[u] for u in query.get("uris", []) if u in w.posts]})),
            "com.atproto.repo.createRecord": ("create", lambda: w.create(body)),
            "com.atproto.repo.getRecord": ("look", lambda: w.look(query)),
        }.get(method, ("none", lambda: (501, {"error": "MethodNotImplemented"})))

    def refusal(self, w, where):
        """What stands against the token that came; None: nothing."""
        given = self.headers.get("Authorization", "")
        if where == "login":
            return None
        if where == "refresh":
            return None if w.refresh and given == "Bearer " + w.refresh else \
                (400, {"error": "ExpiredToken", "message": "Token has expired"})
        if not given:
            return 401, {"error": "AuthMissing", "message": "Authentication Required"}
        if not w.access or given != "Bearer " + w.access:
            return 400, {"error": "ExpiredToken", "message": "Token has expired"}
        return None

    def serve(self):
        w = self.server.world
        parts = urllib.parse.urlsplit(self.path)
        raw = self.raw()
        body = json.loads(raw) if raw else {}
        with w.lock:
            if parts.path.startswith("/_"):
                return self.control(w, parts.path, body)
            method = parts.path.rpartition("/xrpc/")[2]
            where, do = self.answer(w, method, urllib.parse.parse_qs(parts.query), body)
            w.asked[where] = w.asked.get(where, 0) + 1
            fault = self.fault(w, where)
            if fault:
                if fault.get("expire"):
                    w.access = None
                    fault = None
            refusal = self.refusal(w, where)
            if refusal:
                return self.say(*refusal)
            if fault:
                if fault.get("commit"):
                    do()
                if fault.get("cut"):
                    return self.cut()
                return self.say(fault["status"], fault.get("body", {"error": "uji"}),
                                fault.get("headers", {}))
            return self.say(*do())


api.main(Handler, World, password="sandi-uji", handle="lapor.example")
