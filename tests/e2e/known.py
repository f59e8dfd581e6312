#!/usr/bin/env python3
"""What the daemon knows of a complaint, from the channel to the fake centre: a mail
about a broken road arrives with category, place and kind in the centre's own
numbers; a report on abuse of office reaches the inspectorate alone; a person
corrects; rules that changed are used after a reload, wrong ones are told.

    tests/e2e/known.py --build BUILD [NAME...]
"""
import pathlib
import shutil
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import daemon  # noqa: E402
from daemon import EX_CONFIG, Mailbox, Place, mail_instance  # noqa: E402
from rig import TOP, expect, main_of, wait_for  # noqa: E402

ROAD = "PEKERJAAN UMUM DAN PENATAAN RUANG > JALAN BERLUBANG"
SUPERVISION = "Pengaduan Berkadar Pengawasan"


class Known(Place):
    """With the numbers of the fake centre for what is proposed."""

    def __init__(self, build, **more):
        super().__init__(build, instance={})
        self.categories = self.rig.dir / "kategori.txt"
        self.locations = self.rig.dir / "tempat.txt"
        self.categories.write_text("# CATEGORY<TAB>ID\n%s\t777\nPERHUBUNGAN\t555\n" % ROAD)
        self.locations.write_text("35\t35\n35.78\t3578\n35.78.02\t357802\n")
        self.central.update(categories_file=str(self.categories),
                            locations_file=str(self.locations),
                            supervision_disposition_id="400900",
                            classifications={SUPERVISION: "1",
                                             "Pengaduan Tidak Berkadar Pengawasan": "2"})
        self.box = Mailbox(self.rig.dir / "mailbox")
        # One person, one subject: not what is looked at here.
        self.settings = {"log": {"level": "debug"}, "duplicates": {"enabled": False}}
        self.rig.write_config(self.central, mail_instance(self.box.path, **more), self.settings)

    def body(self, n):
        """What the centre was given, the n-th."""
        wait_for("complaint %d" % n, lambda: self.at_centre() > n)
        return self.centre.complaints()[n]["body"]

    def wait_review(self):
        wait_for("a review", lambda: self.tickets("review"))
        return self.ask("review", "list")[0]

    def known(self, name):
        return {r["what"]: r for r in self.ask("explain", name) if r["type"] == "known"}


def mail_about_a_road(build):
    p = Known(build, home_region="35.78")
    yield p
    p.start()
    p.box.deliver("satu", "Kemarin sore ada jalan berlubang di Kec. Wonocolo, mohon segera ditambal.")
    b = p.body(0)
    expect(str(b["category_id"]) == "777", "the category: %s" % b["category_id"])
    expect(str(b["location_id"]) == "357802", "the place: %s" % b["location_id"])
    expect(str(b["classification_id"]) == "2", "the kind: %s" % b["classification_id"])
    expect("Wonocolo, Kota Surabaya, Jawa Timur" in b["content"], "no place in the content")
    reference = p.ask("tickets")[0]["reference"]
    known = p.known(reference)
    expect("35.78.02" in known["place"]["value"], known)
    expect(known["category"]["value"] == ROAD and float(known["category"]["margin"]) > 0, known)
    expect(known["incident"]["how"] == "read from the text", known)
    # Nobody knows where: the configured numbers stand.
    p.box.deliver("dua", "xqzv wwqk zzgh, tolong.")
    b = p.body(1)
    expect((str(b["category_id"]), str(b["location_id"])) == ("1", "32"), b)
    p.stop()


def abuse_of_office(build):
    p = Known(build, central={"route_to": "400101"})
    yield p
    p.start()
    p.box.deliver("satu", "Yth. Dinas Sosial. Kepala dinas korupsi, uang bansos digelapkan.")
    b = p.body(0)
    expect(str(b["disposition_id"]) == "400900", "not the inspectorate: %s" % b["disposition_id"])
    expect(str(b["classification_id"]) == "1", "the kind: %s" % b["classification_id"])
    wait_for("its number", lambda: p.tickets("pushed"))
    expect(p.centre.state()["complaints"][0]["routed"] == 0, "it was handed on")
    p.stop()


def a_person_corrects(build):
    p = Known(build, push="review")
    yield p
    p.start()
    p.box.deliver("satu", "Halo, mohon bantuannya untuk lampu di depan gang kami yang padam.")
    row = p.wait_review()
    expect(row["agencies"].count(" | ") == 2 and row["agency_margin"], row)
    name = row["reference"]
    shown = p.rig.command("review", "show", name).stdout
    expect("agency" in shown and ", by: " in shown, shown)
    p.fails(daemon.EX_DATAERR, "tickets", "edit", name, "--category", "LAMPU")
    p.fails(daemon.EX_DATAERR, "tickets", "edit", name, "--classification", "entah")
    p.ask("tickets", "edit", name, "--category", ROAD.lower(), "--agency", "Dinas Contoh",
          "--classification", "aspirasi")
    known = p.known(name)
    expect(known["agency"]["value"] == "Dinas Contoh" and known["agency"]["margin"] == "1.00", known)
    expect(known["classification"]["value"] == "Aspirasi", known)
    p.ask("review", "accept", name)
    expect(str(p.body(0)["category_id"]) == "777", "not the corrected category")
    p.stop()


def rules_are_read_again(build):
    p = Known(build)
    yield p
    rules = p.rig.dir / "rules.yaml"
    shutil.copy(TOP / "config" / "rules.yaml", rules)
    p.rig.more = {"JEMBATAN_RULES": str(rules)}
    p.start()
    p.box.deliver("satu", "xqzv wwqk zzgh, tolong.")
    p.body(0)
    good = rules.read_text()
    rules.write_text(good.replace("rules:\n", "rules:\n  - name: uji\n    set: { not_complaint: uji }\n"
                                  "    any: [xqzv]\n", 1))
    p.ask("reload")
    p.box.deliver("dua", "xqzv wwqk lagi, tolong.")
    wait_for("a review", lambda: p.tickets("review"))
    rules.write_text(good.replace("rules:\n", "rules:\n  - 5\n", 1))
    said = p.fails(EX_CONFIG, "reload")
    expect("rules.yaml:" in said and "a rule is a map" in said, said)
    expect(any("rules.yaml" in a for a in p.rig.alarms("reload")), "no alarm")
    said = p.fails(EX_CONFIG, "check")
    expect("a rule is a map" in said, said)
    rules.write_text(good.replace("yes: [\"Saya usul", "yes: [\"tidak ada apa-apa\", \"Saya usul", 1))
    said = p.fails(EX_CONFIG, "check")
    expect("rule aspirasi should fit its example" in said, said)
    p.box.deliver("tiga", "xqzv wwqk ketiga, tolong.")
    wait_for("the rules of before", lambda: len(p.tickets("review")) == 2)
    p.stop()


def turned_on_by_a_reload(build):
    """What was off had left its tables unread."""
    p = Known(build)
    yield p
    p.settings["classify"] = {"enabled": False}
    p.rig.write_config(p.central, mail_instance(p.box.path), p.settings)
    p.start()
    p.box.deliver("satu", "Kemarin sore ada jalan berlubang di depan pasar.")
    expect(str(p.body(0)["category_id"]) == "1", "proposed, though it is off")
    for on in (True, False):
        p.settings["classify"]["enabled"] = on
        p.rig.write_config(p.central, mail_instance(p.box.path), p.settings)
        p.ask("reload")
        p.box.deliver("dua" if on else "tiga", "Ada jalan berlubang di dekat kantor pos.")
        category = str(p.body(1 if on else 2)["category_id"])
        expect(category == ("777" if on else "1"), "classify %s: %s" % (on, category))
    p.stop()


def what_is_missing_is_waited_for(build):
    p = Known(build, replies={"send": "on"})
    yield p
    p.settings["complete"] = {"mode": "ask", "wait": "1m"}
    p.rig.write_config(p.central, {}, p.settings)
    p.start()
    wait_for("the way back", lambda: p.rig.query(
        "SELECT value FROM flag WHERE name = 'replies.on'") == [(1,)], 20)
    p.box.deliver("satu", "Ada jalan berlubang yang dalam sekali.")
    wait_for("the wait", lambda: p.tickets("incomplete"))
    expect(p.at_centre() == 0, "it left")
    p.box.deliver("dua", "Di Kec. Wonocolo Kota Surabaya.", reply_to="satu")
    b = p.body(0)
    expect("berlubang" in b["content"] and "Wonocolo" in b["content"], b["content"])
    expect(str(b["location_id"]) == "357802", b)
    p.stop()


def a_preview_says_why(build):
    """Each answer with its margin and the words that decided; nothing is stored."""
    p = Known(build, home_region="35.78")
    yield p
    sample = p.rig.dir / "contoh.eml"
    sample.write_bytes(b"From: warga@contoh.test\r\nTo: lapor@contoh.test\r\nSubject: Lapor\r\n"
                       b"Date: Sun, 22 Nov 2026 08:00:00 +0700\r\nMessage-ID: <a@contoh.test>\r\n"
                       b"\r\nKemarin sore ada jalan berlubang di Kec. Wonocolo, mohon Dinas PU "
                       b"segera menambal.\r\n")
    row = [r for r in p.ask("preview", "surat", "--sample", str(sample)) if r["type"] == "preview"][0]
    ticket = row["ticket"]
    k = ticket["proposal"]
    expect(k["category"] == ROAD and "berlubang" in k["category_words"], "category: %s" % k)
    for what in ("category", "agency", "place", "classification"):
        expect(0 <= float(k[what + "_margin"]) <= 1, "no margin of %s: %s" % (what, k))
    expect(k["agency"] in k["agencies"] and k["agency_words"], "agency: %s" % k)
    expect("wonocolo" in k["place_words"].lower() and ticket["place"]["code"].startswith("35.78"),
           "place: %s" % ticket)
    expect("kemarin" in k["date_words"].lower() and not ticket["incident"]["derived"],
           "day: %s" % ticket["incident"])
    said = p.rig.command("preview", "surat", "--sample", str(sample)).stdout
    expect(said.count("sure to") >= 4 and "berlubang" in said and "Wonocolo" in said, said)
    expect(not (p.rig.data / "jembatan.db").exists(), "a preview stores something")
    p.start()  # its log is looked at, as after each scenario
    p.stop()


if __name__ == "__main__":
    main_of([mail_about_a_road, abuse_of_office, a_person_corrects, rules_are_read_again,
             turned_on_by_a_reload, what_is_missing_is_waited_for, a_preview_says_why],
            daemon.run, keep=False)
