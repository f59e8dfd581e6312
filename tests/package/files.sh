#!/bin/bash
# files.sh: what `make install` installs is what the packages take in, no more and
# no less; and the unit leaves no more open than it should. The quick part of
# tests/package/run, with a build that is there.
#
#   tests/package/files.sh BUILD
set -u
top=$(cd "$(dirname "$0")/../.." && pwd)
build=${1:?a build folder}
work=$(mktemp -d "${TMPDIR:-/tmp}/jembatan-files-XXXXXX")
trap 'rm -rf "$work"' EXIT
bad=0

# As packaging/debian/rules configures it.
make -s -C "$build" install DESTDIR="$work/tmp" prefix=/usr exec_prefix=/usr sysconfdir=/etc \
	libdir=/usr/lib/machine libexecdir=/usr/libexec plugindir=/usr/lib/jembatan/plugins \
	systemdsystemunitdir=/lib/systemd/system >"$work/install.log" 2>&1 || {
	tail "$work/install.log"; exit 1; }
cd "$work/tmp" || exit 1
find . -name '*.la' | grep . && { echo "libtool files beside what is installed"; bad=1; }

# Each pattern takes something, and nothing is left over.
mkdir "$work/taken"
while read -r pattern place; do
	[ -z "$place" ] || continue # from the sources
	# shellcheck disable=SC2086
	tar -cf - $pattern 2>/dev/null | tar -C "$work/taken" -xf - 2>/dev/null
	compgen -G "$pattern" >/dev/null || { echo "a package wants $pattern: it is not installed"; bad=1; }
done < <(cat "$top"/packaging/debian/*.install)
left=$(comm -23 <(find . -type f | sort) <(cd "$work/taken" && find . -type f | sort))
[ -z "$left" ] || { echo "installed, and in no package:"; echo "$left"; bad=1; }

unit=lib/systemd/system/jembatand.service
score=unknown
if command -v systemd-analyze >/dev/null; then
	# A look at the unit as such: the program's own place does not matter.
	systemd-analyze security --offline=true --threshold=12 --no-pager "$unit" >"$work/score" 2>&1 ||
		{ echo "the unit leaves more open than 1.2:"; tail -1 "$work/score"; bad=1; }
	score=$(grep -o 'exposure level.*' "$work/score" | grep -oE '[0-9]+\.[0-9]+')
fi
for call in landlock_create_ruleset landlock_add_rule landlock_restrict_self seccomp; do
	grep -q "^SystemCallFilter=.*\<$call\>" "$unit" || { echo "the unit refuses $call"; bad=1; }
done
count=$(find . -type f | wc -l)
echo "package: $count files, all in a package; exposure of the unit $score"
[ "$bad" -eq 0 ] && [ "$count" -gt 20 ]
