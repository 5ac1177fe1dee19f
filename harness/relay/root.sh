#!/bin/sh
# Prepares the private root of a product for one run, then becomes the driver's command:
# root.sh PLAN FILE COMMAND...
#
# PLAN has a line for each step of the driver's `[root]` table, which begins with the number of that step's
# line in FILE, the driver's `relay.toml`. All else is the same for every root. It runs where the relay runs, so all mounts end with the
# relay, and nothing of the installed product changes but for directories to mount over.
set -eu
umask 022
root=$WAXSEAL_ROOT run=$WAXSEAL_DIR driver=$PWD plan=$1 file=$2
shift 2

at="" doing="it has not begun"
trap '[ $? = 0 ] || echo "the private root could not be prepared: $doing" >&2' EXIT

# own DIRECTORY MODE: makes it the run's own, in memory and empty.
own() {
    doing="${at:+$at: }/$1, a directory of the run's own"
    mkdir -p "$root/$1"
    mount -t tmpfs -o "mode=$2" waxseal "$root/$1"
}

# What is mounted over has to be there before the user's files lie over the product: nothing is written then.
while read -r line step one two three; do
    doing="$file:$line: /$one, a directory to mount over"
    [ "$step" != own ] || mkdir -p "$root/$one"
done <"$plan"
doing="directories to mount over"
mkdir -p "$root/tmp" "$root/run" "$root/var/log" "$root/dev" "$root/proc"

# What the driver's [config] command has put below `root` lies over the product, each file at its own path.
if [ -d "$run/root" ]; then
    doing="the user's files over the product; it takes the overlay file system"
    mount -t overlay -o "lowerdir=$run/root:$root" waxseal "$root"
fi

# /etc is a copy. It is filled elsewhere first, because what is mounted over cannot be read.
own tmp 755
doing="a copy of /etc"
cp -a "$root/etc/." "$root/tmp/"
mount --move "$root/tmp" "$root/etc"
cd "$root/etc"
doing="the lab's resolver, hosts and names in /etc"
rm -f resolv.conf hosts mailname
printf 'nameserver %s\noptions edns0 trust-ad timeout:1 attempts:2\n' "$WAXSEAL_DNS_ADDRESS" >resolv.conf
echo "127.0.0.1 localhost $WAXSEAL_HOSTNAME" >hosts
echo "$WAXSEAL_HOSTNAME" >mailname
doing="the lab's certificates in /etc/waxseal and /etc/ssl/certs"
mkdir -p waxseal ssl/certs
cp "$run/$WAXSEAL_TRUST_ANCHORS" "$run/$WAXSEAL_CLIENT_TRUST_ANCHORS" "$run/$WAXSEAL_CERTIFICATE_CHAIN" \
    "$run/$WAXSEAL_CERTIFICATE_KEY" "$run/$WAXSEAL_CLIENT_CERTIFICATE_CHAIN" "$run/$WAXSEAL_CLIENT_CERTIFICATE_KEY" waxseal/
rm -f ssl/certs/ca-certificates.crt
cp "$run/$WAXSEAL_TRUST_ANCHORS" ssl/certs/ca-certificates.crt
chmod 644 waxseal/* ssl/certs/ca-certificates.crt
chmod 600 "waxseal/$WAXSEAL_CERTIFICATE_KEY" "waxseal/$WAXSEAL_CLIENT_CERTIFICATE_KEY"
# What the templates have written wins.
if [ -d "$run/etc" ]; then
    doing="the files of $run/etc in /etc"
    cp -a --remove-destination "$run/etc/." .
    chmod 755 .
fi

own tmp 1777
own run 755
own var/log 755
own dev 755
for device in null zero random urandom; do
    doing="the device /dev/$device"
    : >"$root/dev/$device"
    mount --bind "/dev/$device" "$root/dev/$device"
done
doing="/proc"
mkdir -p "$root/proc"
mount -t proc proc "$root/proc"

# The relay's log is for whoever writes it; the run's directory is closed to others.
chmod 666 "$run/relay.log"
while read -r line step one two three; do
    at=$file:$line
    doing="$at: $one"
    case $step in
    user)
        grep -q "^$one:" passwd || echo "$one:x:$two:$two::/nonexistent:/usr/sbin/nologin" >>passwd
        grep -q "^$one:" group || echo "$one:x:$two:" >>group
        ;;
    keys) chown "$one" "waxseal/$WAXSEAL_CERTIFICATE_KEY" "waxseal/$WAXSEAL_CLIENT_CERTIFICATE_KEY" ;;
    own | make)
        if [ "$step" = own ]; then own "$one" "$two"; else mkdir -p "$root/$one"; fi
        chown "$three" "$root/$one"
        # After the owner, whose change takes set-id bits away.
        chmod "$two" "$root/$one"
        ;;
    log)
        mkdir -p "$root/${one%/*}"
        : >"$root/$one"
        mount --bind "$run/relay.log" "$root/$one"
        ;;
    esac
done <"$plan"

cd "$driver"
trap - EXIT
exec "$@"
