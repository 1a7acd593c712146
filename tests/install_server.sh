#!/bin/sh
# Installs Debian's ClickHouse server for the integration tests, where apt may; else they skip.
set -u
command -v clickhouse-server >/dev/null && exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    export DEBIAN_FRONTEND=noninteractive
    # The tests start a server of their own: no service is started, now or when the machine starts.
    policy=/usr/sbin/policy-rc.d
    if [ ! -e $policy ]; then
        printf '#!/bin/sh\nexit 101\n' >$policy && chmod 755 $policy && trap 'rm -f $policy' EXIT
    fi
    { apt-get update -qq && apt-get install -y -qq --no-install-recommends clickhouse-server; } \
        >/dev/null 2>&1 || echo "clickhouse-server could not be installed: its tests will skip"
    update-rc.d clickhouse-server disable >/dev/null 2>&1
    systemctl disable clickhouse-server >/dev/null 2>&1
else
    echo "no clickhouse-server, and no apt-get as root: its tests will skip"
fi
exit 0
