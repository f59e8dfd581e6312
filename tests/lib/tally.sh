# tally.sh: count what passed, failed and was skipped, and say it at the end.
# Sourced by ./check.

passed=0 failed=0 skipped=0
failures="" skips=""
started=$SECONDS

step() {
	echo "== $* ($((SECONDS - started)) s)"
}

# run_test NAME COMMAND...: one test; 77 means skipped.
run_test() {
	name=$1
	shift
	log=$(mktemp)
	"$@" >"$log" 2>&1
	status=$?
	if [ $status -eq 0 ]; then
		passed=$((passed + 1))
		tail -n 3 "$log"
	elif [ $status -eq 77 ]; then
		skipped=$((skipped + 1))
		skips="$skips $name"
	else
		failed=$((failed + 1))
		failures="$failures $name"
		echo "-- $name failed ($status):"
		tail -n 60 "$log"
	fi
	rm -f "$log"
}

# run_build NAME COMMAND...: like a test, but nothing can go on without it.
run_build() {
	before=$failed
	run_test "$@"
	[ "$failed" -eq "$before" ] || tally_end /dev/null
}

# tally_automake DIR: what `make check` left there. A Check program counts its
# tests, any other program counts as one.
tally_automake() {
	while IFS= read -r trs; do
		log=${trs%.trs}.log
		name=${log#"$1"/}
		name=${name%.log}
		result=$(sed -n 's/^:test-result: //p' "$trs")
		counts=$(sed -n 's/^[0-9]*%: Checks: \([0-9]*\), Failures: \([0-9]*\), Errors: \([0-9]*\).*/\1 \2 \3/p' \
			"$log" | awk '{c += $1; b += $2 + $3} END {if (NR) print c, b}')
		case $result in
		PASS*)
			good=${counts%% *}
			passed=$((passed + ${good:-1})) ;;
		SKIP*)
			skipped=$((skipped + 1))
			skips="$skips $name" ;;
		*)
			bad=1
			if [ -n "$counts" ]; then
				bad=${counts##* }
				[ "$bad" -gt 0 ] || bad=1
				good=$((${counts%% *} - ${counts##* }))
				[ "$good" -gt 0 ] && passed=$((passed + good))
			fi
			failed=$((failed + bad))
			failures="$failures $name"
			echo "-- $name failed:"
			tail -n 60 "$log" ;;
		esac
	done < <(find "$1" -name '*.trs' | sort)
	[ -n "$(find "$1" -name '*.trs' -print -quit)" ] || {
		echo "-- make check ran nothing:"
		tail -n 40 "$1/make-check.log"
		failed=$((failed + 1))
		failures="$failures make-check"
	}
}

# tally_end LIST: the last line; a skip that LIST does not name is a failure.
tally_end() {
	for name in $skips; do
		if ! grep -q "^$name[[:space:]]" "$1" 2>/dev/null; then
			echo "-- $name was skipped but is not in tests/skips"
			skipped=$((skipped - 1))
			failed=$((failed + 1))
			failures="$failures $name"
		fi
	done
	[ -z "$failures" ] || echo "failed:$failures"
	[ -z "$skips" ] || echo "skipped:$skips"
	echo "took $((SECONDS - started)) s"
	echo "$passed passed, $failed failed, $skipped skipped"
	[ "$failed" -eq 0 ]
	exit
}
