#!/bin/sh
# Takes one message out of the queue, whatever has become of it: discard.sh ID
exec chroot "$WAXSEAL_ROOT" /usr/sbin/postsuper -d "$1"
