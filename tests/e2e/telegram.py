#!/usr/bin/env python3
"""A bot against real processes: a text and a photo of one person are one complaint,
answered in the chat; a kill forgets and doubles nothing; an edit follows its ticket;
who blocked the bot is listed as not reached; the token is nowhere to be read."""
import pathlib
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from rig import Centre, Daemon, Fake, Rig, elsewhere, expect, main, wait_for  # noqa: E402

TOKEN = "5:rahasia-uji"


class Bot(Fake):
    def __init__(self):
        super().__init__("telegram.py")

    def say(self, person, number, edited=False, **more):
        now = int(time.time()) + 1  # not before replies were switched on
        message = {"message_id": number, "date": now, "chat": {"id": person, "type": "private"},
                   "from": {"id": person, "is_bot": False, "first_name": "Warga"}, **more}
        if edited:
            message["edit_date"] = now
        self.ask("/_update", {"edited_message" if edited else "message": message})

    def sent(self, person):
        return [m for m in self.ask("/_state")["sent"] if str(m["chat_id"]) == str(person)]


def run(build, keep):
    bot = Bot()
    rig = Rig(build, {}, {})
    centre = Centre(rig)
    instance = {"connector": "social", "push": "auto", "start": "all", "every": "1s", "gather": "2s",
                "replies": {"send": "on", "quiet": ""},
                "options": {"network": "telegram", "url": bot.url,
                            "access_token": rig.secret("token", TOKEN)}}
    rig.write_config(centre.settings, {"bot": instance}, {
        "log": {"level": "debug"},
        "replies": {"received_after": "0ms", "per_day": 0, "office": "Dinas Contoh"}})
    checked = rig.command("check")
    expect(checked.returncode == 0, "check: %s" % (checked.stdout + checked.stderr))
    daemon = Daemon(rig).start()
    bot.ask("/_file", {"path": "foto1", "text": "isi foto"})
    bot.say(9001, 1, text=elsewhere(1))
    bot.say(9001, 2, photo=[{"file_id": "foto1", "file_unique_id": "a"}])
    wait_for("an answer in the chat", lambda: bot.sent(9001) or None)
    expect(rig.count("ticket") == 1, "a text and its photo are %d tickets" % rig.count("ticket"))
    expect(bot.ask("/_state")["asked"].get("file"), "the photo was not fetched")

    daemon.kill()
    bot.ask("/_update", {"again": True})
    bot.say(9002, 5, text=elsewhere(2))
    daemon = Daemon(rig).start()
    wait_for("the second ticket", lambda: rig.count("ticket") == 2)
    expect(rig.count("message") == 3, "after a kill there are %d messages" % rig.count("message"))

    bot.say(9001, 1, edited=True, text=elsewhere(1) + " Sudah tiga hari.")
    wait_for("the edit at its ticket", lambda: rig.count("message", "stage = 2") == 1)
    bot.ask("/_fault", {"where": "sendMessage", "status": 403, "times": 50, "body":
                        {"ok": False, "description": "Forbidden: bot was blocked by the user"}})
    bot.say(9003, 9, text=elsewhere(3))
    wait_for("the list of those who were not reached",
             lambda: rig.command("--json", "replies", "list", "--not-reached").stdout.strip())
    expect(rig.count("ticket") == 3, "there are not three tickets")
    shown = rig.log_text() + rig.command("status").stdout + rig.command("replies", "list").stdout
    expect("rahasia" not in shown, "the token can be read")
    daemon.kill()
    centre.stop()
    bot.stop()
    rig.close(keep)
    print("telegram: gathered, answered, killed, edited, not reached")


if __name__ == "__main__":
    main(run)
