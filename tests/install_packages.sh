#!/bin/sh
# Installs a ClickHouse server, and file systems in user space, where apt may; else their tests skip.
set -u
command -v clickhouse-server >/dev/null && command -v fusermount3 >/dev/null && exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    export DEBIAN_FRONTEND=noninteractive
    # The tests start a server of their own: no service is started, now or when the machine starts.
    policy=/usr/sbin/policy-rc.d
    if [ ! -e $policy ]; then
        printf '#!/bin/sh\nexit 101\n' >$policy && chmod 755 $policy && trap 'rm -f $policy' EXIT
    fi
    { apt-get update -qq && apt-get install -y -qq --no-install-recommends clickhouse-server fuse3; } \
        >/dev/null 2>&1 || echo "clickhouse-server and fuse3 could not be installed: their tests will skip"
    update-rc.d clickhouse-server disable >/dev/null 2>&1
    systemctl disable clickhouse-server >/dev/null 2>&1
else
    echo "no clickhouse-server or fuse3, and no apt-get as root: their tests will skip"
fi
exit 0
