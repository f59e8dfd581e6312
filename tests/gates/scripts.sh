#!/bin/bash
# scripts.sh: shell scripts pass shellcheck, Python pyflakes, man pages mandoc's lint, and
# a test that leaves something to chance says its seed before anything can go wrong.
cd "$(dirname "$0")/../.." || exit 1
bad=0
mapfile -t scripts < <(grep -rlE '^#!/bin/(ba)?sh' quickstart check .ci tests plugins packaging 2>/dev/null | sort)
shellcheck -x -S warning "${scripts[@]}" || bad=1
mapfile -t python < <({ grep -rlE '^#!/.*python3?$' tests config packaging
	find tests config -name '*.py'; } | sort -u)
pyflakes3 "${python[@]}" || bad=1
for page in man/*.[158]; do
	mandoc -T lint -W warning "$page" || bad=1
done
for test in $(grep -lE 'add_argument\("--seed"|seed=' tests/crash/*.py tests/e2e/*.py); do
	grep -q 'print("seed %d" % .*seed, flush=True)' "$test" || { echo "$test does not say its seed"; bad=1; }
done
echo "scripts: ${#scripts[@]} of the shell, ${#python[@]} of Python looked at"
[ "$bad" -eq 0 ] && [ "${#scripts[@]}" -ge 5 ] && [ "${#python[@]}" -ge 50 ]
