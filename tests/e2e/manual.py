#!/usr/bin/env python3
"""What the commands take, say in --help and say in their man pages is the same: each
option, and of jembatan(1) each command with its options. From the build folder, as
`make check` does; 77 without mandoc (Debian's mandoc)."""
import pathlib
import re
import shutil
import subprocess
import sys

TOP = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else ".").resolve()
PROGRAMS = {  # where its options stand, and its page
    "jembatan": ("core/cli/jembatan.c", "man/jembatan.1"),
    "jembatand": ("core/jembatand.c", "man/jembatand.8"),
    "jembatan-connector": ("core/connector/main.c", "man/jembatan-connector.8"),
    "jembatan-fakecentre": ("tests/fake/fakecentre.c", "man/jembatan-fakecentre.1"),
}
STATES = {  # of what, where they stand, and the command that takes one
    "ticket_state_name": ("core/store/tickets.c", "tickets STATE"),
    "reply_state_name": ("core/store/replies.c", "replies list STATE"),
}
OPTION = re.compile(r"--[a-z][a-z-]*(?![a-z=-])")  # not the --prefix=... of configure
wrong = []


def expect_same(what, one, of_one, other, of_other):
    for here, there, of_here, of_there in ((one, other, of_one, of_other), (other, one, of_other, of_one)):
        wrong.extend("%s: %s is in %s, not in %s" % (what, name, of_here, of_there)
                     for name in sorted(here - there))


def rendered(page):
    """As it is read, but what is underlined, the reader's own words, in capitals."""
    text = subprocess.run(["mandoc", "-T", "ascii", "-O", "width=500", str(TOP / page)], check=True,
                          stdout=subprocess.PIPE, text=True).stdout
    text = re.sub("(?:_\b[a-z])+", lambda m: m[0].replace("_\b", "").upper(), text)
    return re.sub("(?:.\b)+(.)", r"\1", text)


def options_of(program):
    source, page = PROGRAMS[program]
    table = set(re.findall(r'\{ "([a-z-]+)", (?:no|required)_argument', (TOP / source).read_text()))
    done = subprocess.run([BUILD / program, "--help"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True)
    said = done.stdout[done.stdout.lower().index("usage:"):]
    return {"--" + name for name in table}, said, rendered(page)


def add(forms, form):
    """A command as it is written: its words, and which options may stand behind them."""
    words = re.sub(r"[\[\]]", "", form).split()
    name = tuple(word for word in words[:2] if re.fullmatch(r"[a-z-]+", word) and word[0] != "-")
    forms.setdefault(name, set()).update(OPTION.findall(form))


def forms_of_help(text):
    forms = {}
    for line in re.sub(r"\n {8,}", " ", text).splitlines():
        if not re.match("  [a-z]", line):
            continue
        line = re.split(r" {2,}", line.strip())[0]
        for part in line.split(", "):
            command = part.split()[0]
            for form in part.split(" | "):
                add(forms, form if form.split()[0] == command else command + " " + form)
    return forms


def forms_of_man(text):
    """Its items that begin with a command: what stands in front of two blanks or alone."""
    forms = {}
    commands = text[text.index("To look"):text.index("FILES")]
    for line in commands.splitlines():
        if re.match(r" {5,6}[a-z]", line):
            add(forms, re.split(r" {2,}", line.strip())[0])
    return forms


def forms_as_lines(forms):
    return {" ".join(name + tuple(sorted(options))) for name, options in forms.items()}


def check_states(page):
    completion = (TOP / "config/completions/jembatan.in").read_text()
    offered = {" ".join(words.split()) for words in re.findall(r"found\+=\(([a-z\s]+)\)", completion)}
    for function, (source, command) in STATES.items():
        text = (TOP / source).read_text()
        text = text[text.index("%s(enum" % function):]
        names = re.findall(r'"([a-z]+)"', text[:text.index("};")])
        if len(names) < 5 or ", ".join(names) not in " ".join(page.split()):
            wrong.append("%s: its man page does not say: %s" % (command, ", ".join(names)))
        if " ".join(names) not in offered:
            wrong.append("%s: bash completion does not offer: %s" % (command, ", ".join(names)))


def main():
    if not shutil.which("mandoc"):
        print("manual: skipped: no mandoc here")
        return 77
    for program in PROGRAMS:
        table, said, page = options_of(program)
        expect_same(program, table, "the table of options", set(OPTION.findall(said)), "--help")
        expect_same(program, table, "the table of options", set(OPTION.findall(page)), "its man page")
    _, said, page = options_of("jembatan")
    by_help, by_man = forms_of_help(said), forms_of_man(page)
    expect_same("jembatan", forms_as_lines(by_help), "--help", forms_as_lines(by_man), "its man page")
    table = re.findall(r'\{ "([a-z-]+)", run_', (TOP / PROGRAMS["jembatan"][0]).read_text())
    expect_same("jembatan", set(table), "the table of commands", {name[0] for name in by_help}, "--help")
    check_states(page)
    for line in wrong:
        print(line)
    print("manual: %d commands, %d wrong" % (len(by_help), len(wrong)))
    return 1 if wrong or len(by_help) < 40 else 0


sys.exit(main())
