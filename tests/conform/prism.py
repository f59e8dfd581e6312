"""prism.py: Prism as referee between a connector and our fake: it refuses what is not
in the vendor's document, from either side. For the commands of this folder."""
import argparse
import pathlib
import socket
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))
from rig import Failed, end_with_us, expect, wait_for  # noqa: E402


def options(about, *documents):
    """Of the command line: --build, --prism, --keep, and a file for each document."""
    parser = argparse.ArgumentParser(description=about,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("build", "prism") + documents:
        parser.add_argument("--" + name, required=True)
    parser.add_argument("--keep", action="store_true")
    return parser.parse_args()


class Prism:
    """cut(out) writes the document, as far as it is asked, to this file; judge(log), if
    there is one, lists what Prism itself does not see."""

    def __init__(self, program, cut, judge=None):
        self.program, self.cut, self.judge = program, cut, judge

    def before(self, rig, url):
        """Stands before this URL; its own."""
        document, self.log = rig.dir / "document.json", rig.dir / "prism.out"
        self.cut(document)
        with socket.create_server(("127.0.0.1", 0)) as one:
            port = one.getsockname()[1]
        self.process = subprocess.Popen(
            [self.program, "proxy", "--errors", "-h", "127.0.0.1", "-p", str(port), str(document), url],
            stdout=open(self.log, "w"), stderr=subprocess.STDOUT, preexec_fn=end_with_us)
        rig.stoppers.append(self.stop)
        wait_for("Prism", lambda: "is listening on" in self.log.read_text(), 120)
        return "http://127.0.0.1:%d" % port

    def stop(self):
        self.process.terminate()
        self.process.wait(10)
        text = self.log.read_text()
        self.seen = text.count("equest received")
        self.wrong = [line for line in text.splitlines() if "iolation" in line]
        if self.judge:
            self.wrong += self.judge(text)

    def referee(self, name, play, least):
        """play() ends its rig; true when all went well and `least` requests were seen."""
        began = time.monotonic()
        try:
            play()
            expect(self.seen >= least, "Prism has seen %d requests" % self.seen)
            expect(not self.wrong, "\n".join(self.wrong[:10]))
        except Failed as why:
            print("FAILED  %s: %s" % (name, why))
            return False
        print("passed  %-16s %5.1f s, %d requests" % (name, time.monotonic() - began, self.seen))
        return True
