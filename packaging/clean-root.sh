#!/bin/sh
# Runs a command in a fresh clone inside a clean Debian root that has Python 3.11, venv, make and git, and nothing else:
# clean-root.sh FOLDER COMMAND [ARG ...]. Needs root and debootstrap; FOLDER is made when absent and kept for next time.
set -eu
folder=$1; shift
checkout=$(cd "$(dirname "$0")/.." && pwd)

say() { printf '%s\n' "farmwatch: $*" >&2; exit 2; }

[ "$(id -u)" = 0 ] || say "a clean root needs root rights"
command -v debootstrap >/dev/null 2>&1 || say "no debootstrap here: apt-get install debootstrap"
if [ ! -x "$folder/usr/bin/make" ]; then
    mirror=$(grep -hE '^(URIs:|deb )' /etc/apt/sources.list /etc/apt/sources.list.d/* 2>/dev/null |
        grep -oE '(https?|file):[^ ]+' | head -n 1)
    [ -n "$mirror" ] || say "no Debian mirror in this system's own apt sources"
    debootstrap --variant=minbase --include=python3,python3-venv,make,git,ca-certificates bookworm "$folder" "$mirror" \
        >"$folder.log" 2>&1 || say "debootstrap failed: see $folder.log"
fi
# The network as this machine has it: name servers, trusted certificates, pip's settings.
cp -L /etc/resolv.conf "$folder/etc/resolv.conf"
cp -L /etc/ssl/certs/ca-certificates.crt "$folder/etc/ssl/certs/ca-certificates.crt"
[ -f /etc/pip.conf ] && cp /etc/pip.conf "$folder/etc/pip.conf"
rm -rf "$folder/root/farmwatch"
git clone --quiet --no-hardlinks "$checkout" "$folder/root/farmwatch"
exec unshare --mount --pid --fork sh -c '
    mount -t proc proc "$1/proc" && mount -t tmpfs tmpfs "$1/dev/shm" 2>/dev/null
    root=$1; shift
    exec env -i HOME=/root PATH=/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 ${CI:+CI="$CI"} \
        PIP_CERT=/etc/ssl/certs/ca-certificates.crt \
        chroot "$root" sh -c '\''cd /root/farmwatch && exec "$@"'\'' clean-root "$@"
' clean-root "$folder" "$@"
