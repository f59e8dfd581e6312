#!/usr/bin/env python3
"""A social network against real processes: mentions become tickets, once each also
over a kill, and are answered under the post, as visible as it was; what the rules
are not sure of waits for a person; an edit and a deletion follow their tickets."""
import pathlib
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from rig import Centre, Clock, Daemon, Fake, Rig, elsewhere, expect, main, wait_for  # noqa: E402


class Network(Fake):
    def __init__(self):
        super().__init__("social.py")

    def post(self, number, text, visibility="public", **more):
        self.ask("/_post", {"id": str(number), "created_at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 1)),
                            "visibility": visibility, "content": "<p>%s</p>" % text,
                            "account": {"id": "9%d" % number, "acct": "warga%d@lain.example" % number},
                            "mentions": [{"id": "77"}], **more})

    def posted(self):
        return [p["request"] for p in self.ask("/_state")["posted"]]

    def polls(self):
        return self.asked("notifications")


def start(rig, network, url):
    """The configuration, the centre and the clock of one daemon that asks at this URL."""
    centre = Centre(rig)
    rig.stoppers += [centre.stop, network.stop]
    instance = {"connector": "social", "push": "auto", "start": "all", "every": "1s",
                "replies": {"send": "on", "quiet": ""},
                "options": {"network": "mastodon", "url": url,
                            "access_token": rig.secret("token", "token-uji")}}
    rig.write_config(centre.settings, {"masto": instance}, {
        "log": {"level": "debug"},
        "replies": {"received_after": "0ms", "per_day": 0, "office": "Dinas Contoh"}})
    checked = rig.command("check")
    expect(checked.returncode == 0, "check: %s" % (checked.stdout + checked.stderr))
    return centre, Clock(rig)


def answered(rig, network, clock):
    """Three posts, a kill, replies."""
    daemon = Daemon(rig, clock.env).start()
    network.post(301, "#lapor %s" % elsewhere(1), "direct")
    network.post(302, "terima kasih, %s" % elsewhere(2))
    wait_for("a reply", lambda: network.posted() or None)
    daemon.kill()
    daemon = Daemon(rig, clock.env).start()
    network.post(303, "#lapor %s" % elsewhere(3), media_attachments=[
        {"id": "1", "type": "image", "url": network.url + "/media/1.png"}])
    wait_for("the second reply",
             lambda: any(p["in_reply_to_id"] == "303" for p in network.posted()) or None)
    posted = network.posted()
    expect(all(p["visibility"] == "direct" for p in posted if p["in_reply_to_id"] == "301"),
           "a private post was answered in public")
    expect(all(p["in_reply_to_id"] != "302" for p in posted),
           "a post that may be no complaint was answered in public before a person looked")
    expect(rig.query("SELECT count(*) FROM ticket")[0][0] == 3, "there are not three tickets")
    listed = rig.command("review", "list").stdout
    expect(rig.query("SELECT count(*) FROM message")[0][0] == 3, "a post came twice")
    expect("JB-" in listed, "nothing waits for review: %s" % listed)
    return daemon


def followed(rig, network, centre, clock):
    """Minutes later one is edited, another deleted."""
    network.ask("/_edit", {"id": "301", "content": "<p>#lapor %s Airnya masuk rumah.</p>" % elsewhere(1),
                           "edited_at": time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime())})
    network.ask("/_delete", {"id": "303"})
    clock.advance(300)
    wait_for("the edit", lambda: any("masuk rumah" in f for c in centre.complaints()
             for f in centre.follow_ups(c["id"])) or None, 60)
    polls = network.polls()  # the next one begins when this one has looked at all that was due
    wait_for("the next poll", lambda: network.polls() > polls or None)
    clock.advance(660)

    def deletions():
        return sum("deleted" in rig.command("explain", r["reference"]).stdout
                   for r in rig.ask("tickets", "pushed"))
    wait_for("the note of a deletion", lambda: deletions() or None, 60)
    expect(deletions() == 1 and rig.query("SELECT count(*) FROM ticket")[0][0] == 3,
           "a ticket went with its post")


def run(build, keep, front=None):
    """front: given the rig and the network's URL, starts what stands before it; its URL."""
    network = Network()
    rig = Rig(build, {}, {})
    centre, clock = start(rig, network, front(rig, network.url) if front else network.url)
    daemon = answered(rig, network, clock)
    followed(rig, network, centre, clock)
    expect("token-uji" not in rig.log_text(), "the token is in the log")
    replies = len(network.posted())
    daemon.kill()
    rig.close(keep)
    print("social: mentions, tickets, answers under the post, a kill, an edit, a deletion; %d replies" %
          replies)


if __name__ == "__main__":
    main(run)
