# packages.sh: the Debian packages that building, running and testing need.
# Sourced by ./quickstart and ./check.

BUILD_PACKAGES="gcc g++ libc6-dev make autoconf automake libtool pkg-config
 libcurl4-openssl-dev libjansson-dev libyaml-dev libsqlite3-dev libssl-dev
 libutf8proc-dev libseccomp-dev libgmime-3.0-dev libxml2-dev libjq-dev libonig-dev
 libmicrohttpd-dev libarchive-dev libcsv-dev libyajl-dev check libsubunit-dev python3"
TEST_PACKAGES="clang libclang-rt-14-dev dovecot-imapd exim4-daemon-light openssl pmccabe mandoc shellcheck
 pyflakes3 python3-numpy jq curl procps util-linux bash-completion"

# install_packages LIST: what of it is missing, with apt-get, as root.
install_packages() {
	missing=
	for package in $1; do
		dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' ||
			missing="$missing $package"
	done
	[ -n "$missing" ] || return 0
	echo "Installing:$missing"
	if [ "$(id -u)" -ne 0 ]; then
		echo "These packages are missing; as root run: apt-get install$missing" >&2
		return 1
	fi
	apt-get update -qq || return 1
	# No service is to be started because of us.
	# shellcheck disable=SC2086
	DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 apt-get install -y -qq --no-install-recommends \
		$missing >/dev/null
}
