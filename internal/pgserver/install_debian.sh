#!/bin/sh
# Installs Debian packages of servers without letting any of them start: their
# binaries are wanted, not a service on a standard port. Run as root.
#   install_debian.sh PACKAGE...
set -eu
export DEBIAN_FRONTEND=noninteractive

# Debian's hook that every package asks before it starts a service: 101 is no.
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
	printf '#!/bin/sh\nexit 101\n' >"$policy"
	chmod 755 "$policy"
	trap 'rm -f "$policy"' EXIT
	trap 'exit 1' HUP INT TERM
fi

# PostgreSQL's package would also create a cluster of its own.
cluster=/etc/postgresql-common/createcluster.conf
if [ ! -e "$cluster" ]; then
	mkdir -p "${cluster%/*}"
	printf 'create_main_cluster = false\n' >"$cluster"
fi

install() {
	apt-get install -y -q --no-install-recommends -o Dpkg::Options::=--force-confold "$@"
}
install "$@" || { apt-get update -q && install "$@"; }
