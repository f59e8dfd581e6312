#!/usr/bin/env python3
"""A disk that refuses each sync for a while, in the middle of work: nobody is told of what
is not there (senders over HTTP hear 503, the centre hears nothing), `status`, /ready and
/metrics still answer, and when the disk is well again it all goes on, nothing lost or doubled.
Needs a build with --enable-faults; 77 without."""
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "crash")]
from over_http import as_form, as_webhook, ask, web_instances  # noqa: E402
from rig import Centre, Daemon, Rig, Source, expect, main, preload_of, wait_for  # noqa: E402


class Post:
    """One sender's POST; what the answer to it was."""

    socket = None

    def __init__(self, form, n):
        self.marker = "uji-rusak-%s-%d" % (form.__name__, n)
        self.request = form({"id": self.marker, "thread": self.marker, "subject": "Laporan " + self.marker,
                             "text": "Laporan %s\nJalan di depan pasar rusak, RT %d." % (self.marker, n),
                             "author": {"id": "warga-%s" % self.marker, "name": "Warga Contoh"}})

    def send(self):
        return ask(self.socket, "POST", *self.request)


def held(centre):
    """Of each marker, how often it is there."""
    found = {}
    for c in centre.complaints():
        marker = next(w for w in c["body"]["content"].replace("\n", " ").split() if w.startswith("uji-"))
        found[marker] = found.get(marker, 0) + 1
    return found


def go(rig, centre, source, posts, broken):
    Post.socket = str(rig.dir / "web.sock")
    daemon = Daemon(rig, {"JEMBATAN_DISK_BROKEN": str(broken)}, preload=preload_of(rig.build)).start()
    wait_for("HTTP", lambda: ask(Post.socket, "GET", "/ready") == 200)
    for form in (as_webhook, as_form):
        first = Post(form, 0)
        expect(first.send() in (200, 202), "the first POST was not taken")
        posts.append(first)
    wait_for("the first at the centre", lambda: len(held(centre)) == 2)
    broken.touch()
    for form in (as_webhook, as_form):
        for n in (1, 2):
            posts.append(Post(form, n))
            status = posts[-1].send()
            expect(status == 503, "a POST that is not on the disk was answered with %s" % status)
    marker = "uji-rusak-aplikasi"
    source.put({"do": "message", "id": "a1", "subject": "Laporan " + marker, "text": "Laporan %s : jembatan "
                "retak." % marker, "author": {"id": "warga-a", "name": "Warga Contoh"}})
    wait_for("the alarm", lambda: [a for a in rig.alarms() if "could not be synced" in a])
    expect(ask(Post.socket, "GET", "/ready") == 503, "/ready says that all is well")
    expect(ask(Post.socket, "GET", "/metrics") == 200, "/metrics does not answer")
    expect(source.waiting() == 1, "the app was told that its complaint is stored")
    expect(len(held(centre)) == 2, "the centre heard of what is not on the disk")
    said = rig.command("reload")
    expect(said.returncode == 78 and "could not be synced" in said.stdout + said.stderr,
           "a reload was carried out before the disk had what is to leave: %s" % said)
    broken.unlink()
    for post in posts[2:]:
        wait_for("the POST to be taken", lambda p=post: p.send() in (200, 202), 30, 0.3)
    wait_for("all at the centre", lambda: len(held(centre)) == len(posts) + 1 and not source.waiting())
    found = held(centre)
    expect(found == {m: 1 for m in [p.marker for p in posts] + [marker]}, "at the centre: %r" % found)
    expect(rig.command("reload").returncode == 0, "a reload did not go well")
    wait_for("the alarm to end", lambda: not rig.alarms())
    expect(daemon.stop() == 0, "SIGTERM did not end well")


def run(build, keep):
    if "define JEMBATAN_FAULTS 1" not in (pathlib.Path(build) / "config.h").read_text():
        print("brokendisk: skipped: not built with --enable-faults")
        sys.exit(77)
    source = Source("queue", 8)
    rig = Rig(build, {}, {})
    centre = Centre(rig)
    senders = {name: type("", (), {"socket": None})() for name in ("kait-uji", "masuk-uji")}
    entries = dict(web_instances(rig, senders), **{"aplikasi-uji": {
        "connector": "script", "push": "auto", "start": "all", "every": "1s",
        "options": {"port": source.port}}})
    rig.write_config(centre.settings, entries, {"web": {"listen": "unix:" + str(rig.dir / "web.sock")}})
    good = False
    try:
        go(rig, centre, source, [], rig.dir / "broken")
        good = True
    finally:
        source.stop()
        centre.stop()
        rig.close(keep or not good)
    print("ok: what the disk refused was told to nobody, and all of it was there in the end")


main(run)
