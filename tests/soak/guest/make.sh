#!/bin/sh
# Makes a Debian guest for qemu: make.sh [FOLDER]. Needs root, debootstrap and mke2fs; FOLDER/root and FOLDER/disk.img
# are kept for next time (remove the folder to make them anew). The agent itself is handed in at each boot.
set -eu
folder=${1:-/var/tmp/farmwatch-guest}
checkout=$(cd "$(dirname "$0")/../../.." && pwd)
root=$folder/root

say() { printf '%s\n' "farmwatch: $*" >&2; exit 2; }

[ "$(id -u)" = 0 ] || say "a guest's root needs root rights"
for tool in debootstrap mke2fs; do
    command -v "$tool" >/dev/null 2>&1 || say "no $tool here: apt-get install debootstrap e2fsprogs"
done
mkdir -p "$folder"
if [ ! -e "$root/.farmwatch-guest" ]; then
    mirror=$(grep -hE '^(URIs:|deb )' /etc/apt/sources.list /etc/apt/sources.list.d/* 2>/dev/null |
        grep -oE '(https?|file):[^ ]+' | head -n 1)
    [ -n "$mirror" ] || say "no Debian mirror in this system's own apt sources"
    rm -rf "$root"
    debootstrap --variant=minbase --include="systemd-sysv,udev,dbus,libpam-systemd,kmod,procps,iproute2,python3,python3-venv,\
ca-certificates,linux-image-amd64,usbutils,usbip,wireguard-tools,iw,hostapd,wpasupplicant,rfkill,bluez,openssh-server,\
xvfb,x11vnc" bookworm "$root" "$mirror" >"$folder/debootstrap.log" 2>&1 || say "debootstrap failed: see $folder/debootstrap.log"
    # The network as this machine has it: name servers, trusted certificates, pip's settings.
    cp -L /etc/resolv.conf "$root/etc/resolv.conf"
    cp -L /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/ca-certificates.crt"
    [ -f /etc/pip.conf ] && cp /etc/pip.conf "$root/etc/pip.conf"
    mkdir -p "$root/opt/farmwatch" "$root/share"
    git -C "$checkout" archive HEAD | tar -x -C "$root/opt/farmwatch"
    for what in agent:agent collector:demo; do
        PIP_CERT=/etc/ssl/certs/ca-certificates.crt chroot "$root" sh -c \
            'cd /opt/farmwatch && exec sh packaging/environment.sh python3 "/opt/$1" "requirements/$2.txt"' \
            guest "${what%:*}" "${what#*:}" || say "farmwatch could not be installed in the guest"
    done
    ln -sf /opt/agent/bin/farmwatch-agent "$root/usr/bin/farmwatch-agent"
    chroot "$root" useradd --create-home --shell /bin/bash anna
    chroot "$root" systemctl --quiet disable hostapd wpa_supplicant bluetooth ssh
    # What the tests ask for comes over a shared folder, one script at a time.
    cat >"$root/etc/systemd/system/guest.service" <<'UNIT'
[Unit]
Description=What the tests ask for
After=multi-user.target
[Service]
ExecStart=/bin/sh -c 'mount -t 9p -o trans=virtio,version=9p2000.L,msize=262144 share /share && exec sh /share/serve.sh'
FailureAction=poweroff-force
[Install]
WantedBy=multi-user.target
UNIT
    chroot "$root" systemctl --quiet enable guest.service
    touch "$root/.farmwatch-guest"
    rm -f "$folder/disk.img"
fi
if [ ! -e "$folder/disk.img" ]; then
    truncate -s 4G "$folder/disk.part"
    mke2fs -q -t ext4 -d "$root" "$folder/disk.part" || say "no disk could be made of $root"
    mv "$folder/disk.part" "$folder/disk.img"
fi
