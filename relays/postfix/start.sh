#!/bin/sh
# Becomes the master process of the installed Postfix.
# What a user's configuration names in folders that are the run's own and empty is put there.
for folder in tmp run var/log var/lib/postfix var/spool/postfix; do
    [ ! -d "$WAXSEAL_DIR/root/$folder" ] || cp -Rp "$WAXSEAL_DIR/root/$folder/." "$WAXSEAL_ROOT/$folder/"
done
exec chroot "$WAXSEAL_ROOT" /usr/lib/postfix/sbin/master -s
