#!/bin/sh
# Installs a ClickHouse server, file systems in user space, a module of keys and a browser, where apt may; else their
# tests skip.
set -u
packages="clickhouse-server fuse3 softhsm2 chromium"
command -v clickhouse-server >/dev/null && command -v fusermount3 >/dev/null \
    && command -v softhsm2-util >/dev/null && { command -v chromium || command -v google-chrome; } >/dev/null && exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    export DEBIAN_FRONTEND=noninteractive
    # The tests start a server of their own: no service is started, now or when the machine starts.
    policy=/usr/sbin/policy-rc.d
    if [ ! -e $policy ]; then
        printf '#!/bin/sh\nexit 101\n' >$policy && chmod 755 $policy && trap 'rm -f $policy' EXIT
    fi
    { apt-get update -qq && apt-get install -y -qq --no-install-recommends $packages; } \
        >/dev/null 2>&1 || echo "$packages: could not be installed, and their tests will skip"
    update-rc.d clickhouse-server disable >/dev/null 2>&1
    systemctl disable clickhouse-server >/dev/null 2>&1
else
    echo "$packages: not here, and no apt-get as root: their tests will skip"
fi
exit 0
