#!/usr/bin/env python3
"""What the centre says goes back into the agency's app: the number into the record, as
Sapawarga's staff type it, statuses as notes below it. Answers that are lost are settled by
reading the record; what the app has no place for goes by mail; and our own writing is not
taken for something new."""
import json
import pathlib
import subprocess
import sys
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from letters import Office  # noqa: E402
from rig import end_with_us, expect, main_of, wait_for  # noqa: E402

WORDS = ["Jembatan gantung putus di Kampung Rancabali", "Lampu jalan padam di Jalan Melati",
         "Sampah menumpuk di Pasar Baru", "Air ledeng keruh di Gang Mawar",
         "Pohon tumbang di Jalan Kenanga", "Trotoar rusak di depan Puskesmas"]
NOTES = {
    "write": {"number": "PATCH complaints/{id}/add-sp4n", "status": "POST complaints/{id}/notes"},
    "write_body": {"number": "{sp4n_id: .number}", "status": "{state, text, key}"},
    "written": {"number": ".record.data.sp4n_id == .reply.number",
                "status": ".reply.key as $k | any(.record.data.notes[]?; .key == $k)"},
}


class Agency(Office):
    """An office with a mailbox, and an app beside it."""

    def __init__(self, build, **options):
        super().__init__(build)
        self.app = subprocess.Popen([str(self.rig.build / "jembatan-fakeapp"), "--quiet",
                                     "--listen", "127.0.0.1:0"], stdout=subprocess.PIPE,
                                    stderr=subprocess.DEVNULL, text=True, preexec_fn=end_with_us)
        self.rig.stoppers.append(self.app.kill)
        line = self.app.stdout.readline()
        self.url = line[line.index("http://"):].strip()
        self.rig.write_instance("aplikasi", {
            "connector": "agency-api", "profile": "sapawarga", "push": "auto", "start": "all",
            "every": "1s", "replies": {"send": "on", "quiet": ""},
            "options": dict({"url": self.url + "/aduan/complaints", "auth": "none"}, **options)})

    def ask(self, method, path, data=None):
        body = json.dumps(data).encode() if data is not None else None
        with urllib.request.urlopen(urllib.request.Request(self.url + path, body, method=method),
                                    timeout=30) as answer:
            return json.loads(answer.read())

    def feed(self, words, **more):
        """A complaint of the app's user; its id."""
        return self.ask("POST", "/_add", dict({
            "title": words, "description": words + ". Mohon ditindaklanjuti.",
            "user_name": "Dayang Sumbi", "user_id": "u-%d" % len(words)}, **more))["ids"][0]

    def record(self, ident):
        return next(r for r in self.ask("GET", "/_state")["records"] if str(r["id"]) == ident)

    def ticket_of(self, words):
        return next(t for t in self.rig.ask("tickets") if words in t["title"])

    def set_status(self, words, code, word):
        self.centre.get("/_status/" + self.ticket_of(words)["tracking_id"],
                        {"status_code": code, "status_name": word, "note": ""})

    def notes(self, ident):
        return [n["state"] for n in self.record(ident).get("notes", [])]

    def is_quiet(self):
        """What was written was read again, and said nothing new."""
        reads = self.ask("GET", "/_state")["by_operation"]["list"]
        wait_for("two more looks", lambda: self.ask("GET", "/_state")["by_operation"]["list"] >
                 reads + 2, 30)
        for t in self.rig.ask("tickets"):
            expect(not self.centre.follow_ups(t["tracking_id"]), "our own writing became a follow-up")
            told = [e["what"] for r in self.rig.ask("explain", t["reference"])
                    for e in r.get("events", [])]
            expect("differs" not in told, "our own number is a difference: %s" % told)


def number_and_status(build):
    """By the shipped profile the number; with more options statuses too."""
    a = Agency(build, **NOTES).start()
    ids = {words: a.feed(words) for words in WORDS}
    for words, ident in ids.items():
        wait_for("its number", lambda i=ident: a.record(i).get("sp4n_id"), 60)
        expect(a.record(ident)["sp4n_id"] == a.ticket_of(words)["tracking_id"], "another's number")
    a.set_status(WORDS[0], "0", "Terverifikasi")
    wait_for("the first status", lambda: a.notes(ids[WORDS[0]]), 60)
    a.is_quiet()
    expect(a.centre.state(True)["count"] == len(WORDS), "doubled at the centre")
    expect(not a.rig.ask("replies", "list", "--not-reached"), "somebody is said to be missed")
    a.close()


def profile_alone(build):
    """Sapawarga's profile has a place for the number and none for statuses: those go by
    mail to who gave an address, and nobody else is said to be missed."""
    a = Agency(build).start()
    one = a.feed(WORDS[0], user_email="siti@contoh.test")
    two = a.feed(WORDS[1])
    wait_for("both numbers", lambda: a.record(one).get("sp4n_id") and a.record(two).get("sp4n_id"), 60)
    expect(a.record(one)["sp4n_created_at"].startswith("20"), "no time beside the number")
    for words in WORDS[:2]:
        a.set_status(words, "0", "Terverifikasi")
    wait_for("the status by mail", lambda: [l for l in a.letters("siti")
                                            if a.record(one)["sp4n_id"] in l.get_content()], 60)
    wait_for("the other status", lambda: [r for r in a.rig.ask("replies", "list", "dropped")
                                          if r["event"] == "status"], 60)
    expect(not a.rig.ask("replies", "list", "--not-reached"), "somebody is said to be missed")
    a.is_quiet()
    a.close()


def lost_answers(build):
    """The app writes and its answer is lost, or it is down for a while: each number once,
    each note once."""
    a = Agency(build, **NOTES)
    a.ask("POST", "/_fault", {"spec": "truncate:write@every=2"})
    a.ask("POST", "/_fault", {"spec": "503:write@first=2"})
    a.start()
    ids = {words: a.feed(words) for words in WORDS[:4]}
    for ident in ids.values():
        wait_for("its number", lambda i=ident: a.record(i).get("sp4n_id"), 90)
    for words in ids:
        a.set_status(words, "0", "Terverifikasi")
    for ident in ids.values():
        wait_for("its status", lambda i=ident: a.notes(i), 90)
    wait_for("all settled", lambda: {r["state"] for r in a.rig.ask("replies", "list")
                                     if r["event"] in ("number", "status")} == {"sent"}, 90)
    settled = [r for r in a.rig.ask("replies", "list") if "it had gone out" in (r["why"] or "")]
    expect(settled, "no answer was lost: this shows nothing")
    for ident in ids.values():
        expect(len(a.notes(ident)) == len(set(a.notes(ident))), "twice: %s" % a.notes(ident))
    a.is_quiet()
    a.close()


def refused(build):
    """A record that is gone stops nobody else; its reporter is not reached, and listed."""
    a = Agency(build, **dict(NOTES, write=dict(NOTES["write"], number="PATCH {.id}/add-sp4n"))).start()
    a.feed(WORDS[0])
    wait_for("the list", lambda: a.rig.ask("replies", "list", "--not-reached"), 60)
    a.close()


if __name__ == "__main__":
    main_of([number_and_status, profile_alone, lost_answers, refused])
