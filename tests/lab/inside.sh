#!/bin/sh
# Runs a program in a site: inside.sh FOLDER DEVICE CARD COMMAND..., in mounts of its own. Names are those of the lab's
# hosts file, without a name server. What /sys tells of the site's device is a prop: to the laptop its line is a network
# card, although the lab's router feeds a tun device; other devices (tunnels!) are told as they are.
set -eu
folder=$1 device=$2 card=$3
shift 3
mount --make-rprivate /
mount --bind "$folder/hosts" /etc/hosts
mount --bind "$folder/nsswitch.conf" /etc/nsswitch.conf
mount -t sysfs sysfs /sys
if [ "$card" != - ]; then
    others=$(ls /sys/class/net)
    mtu=$(cat "/sys/class/net/$device/mtu")
    mount -t tmpfs tmpfs /sys/class/net
    cd /sys/class/net
    for other in $others; do
        [ "$other" = "$device" ] || ln -s "../../devices/virtual/net/$other" "$other"
    done
    mkdir "$device"
    ln -s "$folder/card" "$device/device"
    [ "$card" != wifi ] || mkdir "$device/wireless"
    echo 1 > "$device/type"
    echo up > "$device/operstate"
    echo 0x1003 > "$device/flags"
    echo "$mtu" > "$device/mtu"
    echo 02:00:00:00:00:01 > "$device/address"
    echo "INTERFACE=$device" > "$device/uevent"
    cd /
fi
exec "$@"
