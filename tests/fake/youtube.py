#!/usr/bin/env python3
"""The comments of YouTube's Data API, misbehaving on cue, for tests of plugins/social.

  youtube.py [--token WORD] [--channel ID] [--page N]

Says its URL on stdout. To the test it speaks at:
  POST /_comment {id, at, text, author, parent?, edited?}   a comment; a known id: edited
  POST /_delete {id}        it is gone
  POST /_fault {where, status, reason, headers, times, skip, commit, cut, half, disorder}
                            the next answers at where (threads, comments, look, post, token) are
                            these, after skip good ones; commit: it is done all the same;
                            disorder: a page in another order
  GET  /_state              what was asked, units spent, and what was posted"""
import json
import threading
import urllib.parse

import api

UNITS = {"threads": 1, "comments": 1, "look": 1, "post": 50}


class World:
    def __init__(self, options):
        self.options = options
        self.lock = threading.Lock()
        self.comments, self.posted, self.faults, self.asked = {}, [], [], {}
        self.units = self.tokens = 0

    def resource(self, c):
        snippet = {"authorDisplayName": c.get("name", "@warga"), "textOriginal": c["text"],
                   "textDisplay": c["text"], "publishedAt": c["at"], "updatedAt": c.get("edited", c["at"]),
                   "videoId": "vid1", "channelId": self.options.channel,
                   "authorChannelId": {"value": c.get("author", "UCwarga")}}
        if c.get("parent"):
            snippet["parentId"] = c["parent"]
        return {"kind": "youtube#comment", "id": c["id"], "snippet": snippet}

    def answers(self, parent):
        return [self.resource(c) for c in self.comments.values() if c.get("parent") == parent]

    def threads(self, query):
        tops = sorted((c for c in self.comments.values() if not c.get("parent")),
                      key=lambda c: c["at"], reverse=True)
        first = int(query.get("pageToken", ["0"])[0])
        items = []
        for top in tops[first:first + self.options.page]:
            replies = self.answers(top["id"])
            items.append({"id": top["id"], "snippet": {"topLevelComment": self.resource(top),
                          "totalReplyCount": len(replies), "videoId": "vid1"},
                          **({"replies": {"comments": replies[:5]}} if replies else {})})
        page = {"items": items}
        if first + self.options.page < len(tops):
            page["nextPageToken"] = str(first + self.options.page)
        return 200, page

    def post(self, body):
        parent = body["snippet"]["parentId"]
        if parent not in self.comments:
            return 404, fail(404, "parentCommentNotFound")
        number = "%s.r%d" % (parent, len(self.posted))
        self.comments[number] = {"id": number, "at": "2027-01-15T08:00:00Z", "parent": parent,
                                 "text": body["snippet"]["textOriginal"], "author": self.options.channel}
        self.posted.append(body["snippet"])
        return 200, self.resource(self.comments[number])


def fail(code, reason):
    return {"error": {"code": code, "message": "uji", "errors": [{"reason": reason, "domain": "youtube"}]}}


class Handler(api.Handler):
    def control(self, w, path, body):
        if path == "/_comment":
            w.comments[body["id"]] = {**w.comments.get(body["id"], {}), **body}
        elif path == "/_delete":
            w.comments.pop(body["id"], None)
        elif path == "/_fault":
            w.faults += [body] * body.get("times", 1)
        else:
            return self.say(200, {"asked": w.asked, "units": w.units, "posted": w.posted,
                                  "tokens": w.tokens})
        return self.say(200, {})

    def answer(self, w, parts, body):
        query = urllib.parse.parse_qs(parts.query)
        if parts.path == "/token":
            w.tokens += 1
            return "token", lambda: (200, {"access_token": w.options.token, "expires_in": 3600,
                                           "token_type": "Bearer"})
        if parts.path == "/commentThreads":
            return "threads", lambda: w.threads(query)
        if parts.path == "/comments" and self.command == "POST":
            return "post", lambda: w.post(body)
        if "id" in query:
            return "look", lambda: (200, {"items": [w.resource(w.comments[i]) for i in query["id"][0].split(",")
                                                    if i in w.comments]})
        return "comments", lambda: (200, {"items": w.answers(query["parentId"][0])})

    def serve(self):
        w = self.server.world
        parts = urllib.parse.urlsplit(self.path)
        raw = self.raw()
        with w.lock:
            if parts.path.startswith("/_"):
                return self.control(w, parts.path, json.loads(raw or b"{}"))
            body = json.loads(raw) if raw[:1] == b"{" else {}
            where, do = self.answer(w, parts, body)
            w.asked[where] = w.asked.get(where, 0) + 1
            w.units += UNITS.get(where, 0)
            if where != "token" and self.headers.get("Authorization") != "Bearer " + w.options.token:
                return self.say(401, fail(401, "authError"))
            fault = self.fault(w, where)
            if fault:
                if fault.get("disorder"):
                    status, page = do()
                    page["items"].sort(key=lambda t: t["id"][::-1])
                    return self.say(status, page)
                if fault.get("commit"):
                    do()
                if fault.get("cut"):
                    return self.cut()
                if fault.get("half"):
                    return self.say(*do(), half=True)
                return self.say(fault["status"], fail(fault["status"], fault.get("reason", "uji")),
                                fault.get("headers", {}))
            return self.say(*do())


api.main(Handler, World, token="token-uji", channel="UCkami", page=3)
