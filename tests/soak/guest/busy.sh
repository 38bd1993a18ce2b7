# Runs in the guest: a laptop with something of each kind on it, so that a lost fact is missed.
modprobe -a dummy_hcd libcomposite usb_f_hid uinput snd-aloop wireguard
modprobe vivid n_devs=1
modprobe mac80211_hwsim radios=2
mountpoint -q /sys/kernel/config || mount -t configfs none /sys/kernel/config
ip link set lo up
/opt/agent/bin/python /share/gadgets.py pikvm
setsid /opt/agent/bin/python /share/injector.py 900 keyboard:0 absolute:0 >/run/injector.log 2>&1 &
setsid Xvfb :77 -screen 0 640x480x24 >/dev/null 2>&1 &
sleep 5
setsid x11vnc -display :77 -nopw -forever -shared -rfbport 5900 >/dev/null 2>&1 &
# A user's own program, from a folder that only the user may look into.
chmod 700 /home/anna
install -o anna -g anna -d /home/anna/.local /home/anna/.local/bin /home/anna/.config /home/anna/.config/autostart
install -o anna -g anna -m 700 /usr/bin/sleep /home/anna/.local/bin/helper
printf '[Desktop Entry]\nType=Application\nName=Helper\nExec=/home/anna/.local/bin/helper 900\n' \
    >/home/anna/.config/autostart/helper.desktop
install -m 755 /usr/bin/sleep /tmp/from-tmp
# A session of a person, as a login makes one, so that logind and utmp know of it.
systemd-run --quiet --unit=session-of-anna -p User=anna -p PAMName=login -p TTYPath=/dev/tty3 -p StandardInput=tty \
    -p UtmpIdentifier=tty3 -p UtmpMode=user /home/anna/.local/bin/helper 900
systemd-run --quiet --unit=from-tmp -p User=anna /tmp/from-tmp 900
printf 'interface=wlan0\ndriver=nl80211\nssid=Office guest\nhw_mode=g\nchannel=6\n' >/run/hostapd.conf
hostapd -B /run/hostapd.conf >/dev/null
ip link set wlan1 up
sleep 2
iw dev wlan1 connect 'Office guest'
ip address replace 192.0.2.10/24 dev wlan1
ip route replace default via 192.0.2.1 dev wlan1
ip link add wg0 type wireguard
wg genkey >/run/wg.key
wg set wg0 private-key /run/wg.key fwmark 51820 peer "$(wg genkey | wg pubkey)" allowed-ips 0.0.0.0/0 \
    endpoint 192.0.2.99:51820
ip -4 address add 10.77.0.2/32 dev wg0
ip link set mtu 1420 up dev wg0
ip -4 route add 0.0.0.0/0 dev wg0 table 51820
ip -4 rule add not fwmark 51820 table 51820
ip -4 rule add table main suppress_prefixlength 0
sleep 2
