#!/usr/bin/env python3
"""A room includes only rooms above it; the connector host only base; plugins
only the public headers, the kit and their own folder."""
import pathlib
import re
import sys

ROOMS = ["base", "config", "ticket", "store", "central", "reply", "intake"]
MAY = {room: set(ROOMS[: i + 1]) for i, room in enumerate(ROOMS)}
MAY["connector"] = {"base", "connector"}
MAY["web"] = {"base", "web"}
MAY["cli"] = {"base", "config", "ticket", "reply", "intake", "cli"}
INCLUDE = re.compile(r'^\s*#\s*include\s+([<"])([^>"]+)[>"]', re.M)


def check_core(path, room, name):
    first = name.split("/")[0]
    if "/" not in name:
        return None if name == "config.h" else "say the room: \"%s/%s\"" % (room, name)
    if first not in MAY[room]:
        return "room %s must not include %s" % (room, name)
    return None


def check_plugin(path, folder, name):
    first = name.split("/")[0]
    if folder == "kit":
        return None if first in ("kit", "base") else "the kit must not include %s" % name
    if folder == "template" and "/" not in name:
        return None
    if first in (folder, folder.replace("-", "_")):
        return None
    return "plugin %s must not include %s" % (folder, name)


def main():
    top = pathlib.Path(__file__).resolve().parents[2]
    bad, count = [], 0
    for path in sorted(top.glob("core/**/*.[ch]")) + sorted(top.glob("plugins/**/*.[ch]")):
        parts = path.relative_to(top).parts
        if parts[1] == "include" or len(parts) < 3:
            continue
        for quote, name in INCLUDE.findall(path.read_text()):
            if quote == "<":
                continue
            count += 1
            check = check_core if parts[0] == "core" else check_plugin
            wrong = check(path, parts[1], name)
            if wrong:
                bad.append("%s: %s" % (path.relative_to(top), wrong))
    for line in bad:
        print(line)
    print("layers: %d includes looked at, %d wrong" % (count, len(bad)))
    return 1 if bad or count < 100 else 0


sys.exit(main())
