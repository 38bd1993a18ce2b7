#!/bin/sh
# Programs that some integration tests run for real: in CI the absent ones are installed; elsewhere those tests are
# skipped, saying why. Debian's names stand beside the commands they bring.
set -eu
missing="" packages=""
while read -r command package; do
    command -v "$command" >/dev/null 2>&1 && continue
    missing="$missing $command" packages="$packages $package"
done <<'LIST'
chromium chromium
strace strace
x11vnc x11vnc
Xvfb xvfb
Xtigervnc tigervnc-standalone-server
xrdp xrdp
ip iproute2
openvpn openvpn
wireguard-go wireguard-go
sshd openssh-server
ssh openssh-client
setpriv util-linux
ps procps
LIST
# The browser tests are driven by a program that wants this library; compilers bring it, a bare system has none.
/sbin/ldconfig -p 2>/dev/null | grep -q 'libatomic\.so\.1' || missing="$missing libatomic.so.1" packages="$packages libatomic1"
[ -n "$packages" ] || exit 0
if [ -n "${CI:-}" ] && command -v apt-get >/dev/null 2>&1 && [ "$(id -u)" = 0 ]; then
    # shellcheck disable=SC2086
    { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
        $packages fonts-dejavu-core; } >/dev/null
else
    echo "farmwatch: not here:$missing. The tests that run them will be skipped. On Debian: apt-get install$packages" >&2
fi
