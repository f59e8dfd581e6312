#!/bin/bash
# completion.sh: bash completion, driven as bash drives it: a line, the functions
# of bash-completion, and what comes of it. 77 without bash-completion.
set -u
build=${1:-.}
top=$(cd "$(dirname "$0")/../.." && pwd)
library=/usr/share/bash-completion/bash_completion
[ -r "$library" ] || { echo "completion: skipped: no bash-completion here"; exit 77; }
work=$(mktemp -d "${TMPDIR:-/tmp}/jembatan-completion-XXXXXX")
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/etc/connectors.d" && cd "$work" || exit 1
touch etc/jembatan.yaml etc/connectors.d/surat.yaml etc/connectors.d/aplikasi.yaml \
	etc/connectors.d/old.yaml.example contoh.eml
sed "s,@sysconfdir@,$work/etc-none," "$top/config/completions/jembatan.in" >completion
shopt -s extglob progcomp
# shellcheck source=/dev/null
. "$library"
# shellcheck source=/dev/null
. ./completion
jembatan=$(cd "$OLDPWD" && realpath "$build/jembatan")

# complete_line LINE: prints the sorted answers for a cursor at its end.
complete_line() {
	local line=$1
	COMP_LINE=$line COMP_POINT=${#line} COMP_TYPE=9 COMP_KEY=9
	read -ra COMP_WORDS <<<"$line"
	[[ $line == *" " ]] && COMP_WORDS+=("")
	COMP_CWORD=$((${#COMP_WORDS[@]} - 1)) COMPREPLY=()
	_jembatan "$jembatan" "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
	printf '%s\n' "${COMPREPLY[@]}" | sort -u | tr '\n' ' '
}

bad=0 count=0
# expect LINE WORD...: all of these, and with "only" in front nothing else.
expect() {
	local line=$1 only='' got word
	shift
	[ "${1:-}" = only ] && { only=yes; shift; }
	got=$(complete_line "$line")
	count=$((count + 1))
	for word in "$@"; do
		[[ " $got" == *" $word "* ]] && continue
		echo "\"$line\": no $word in: $got"
		bad=$((bad + 1))
	done
	local wanted
	wanted=$(printf '%s\n' "$@" | sort -u | tr '\n' ' ')
	[ -z "$only" ] || [ "$got" = "$wanted" ] || {
		echo "\"$line\": $got, not $wanted"
		bad=$((bad + 1))
	}
}

expect "jembatan " status tickets explain check preview review unknown quarantine pause resume backfill
expect "jembatan sta" only status
expect "jembatan -" --config --socket --json --version --help
expect "jembatan --json st" only status
expect "jembatan explain " only ""
expect "jembatan review " list show accept reject
expect "jembatan review acc" only accept
expect "jembatan review accept " only all
expect "jembatan review reject JB-7K3M9Q --r" only --reason
expect "jembatan unknown " list confirm resend
expect "jembatan duplicates sp" only split
expect "jembatan unknown list --" --refused --json
expect "jembatan quarantine list --a" only --all
expect "jembatan tickets rev" only review
expect "jembatan check --o" only --options
expect "jembatan --config etc/jembatan.yaml pause " only aplikasi central surat
expect "jembatan --config $work/etc/jembatan.yaml resume s" only surat
expect "jembatan --config etc/jembatan.yaml preview " only aplikasi surat
expect "jembatan --config etc/jembatan.yaml preview surat --s" --sample
expect "jembatan preview surat --sample con" only contoh.eml
expect "jembatan --config etc/jembatan.yaml backfill surat --" --since --dry-run
expect "jembatan --config e" only etc
expect "jembatan --config etc/jembatan.yaml oauth " only aplikasi surat
expect "jembatan pause c" only central
expect "jembatan --json --socket con" only contoh.eml
expect "jembatan duplicates --offline con" only contoh.eml
expect "jembatan backfill surat --since " only ""
expect "jembatan support-bundle con" only contoh.eml
# Each command that --help names can be completed, and none is broken off.
while read -r command; do
	expect "jembatan $command" "$command"
	[[ $("$jembatan" --help) == *"$command"* ]] || bad=$((bad + 1))
done < <(_jembatan_program=$jembatan _jembatan_commands)
# And each option behind its command.
command=
while read -r line; do
	[[ $line == *--json* || $line == usage:* || $line == *--help* ]] && continue
	[[ $line == [a-z]* ]] && command=${line%% *}
	for option in $(grep -oe '--[a-z-]*' <<<"$line"); do
		expect "jembatan $command --" "$option"
	done
done < <("$jembatan" --help)
expect "jembatan replies list " delivered held
expect "jembatan tickets " incomplete archived edit
echo "completion: $count lines completed, $bad wrong"
[ "$bad" -eq 0 ] && [ "$count" -gt 25 ]
