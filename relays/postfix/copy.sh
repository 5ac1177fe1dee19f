# Part of config.sh: the copy of the user's files. They lie over the installed Postfix, each at its own path.

[ -d "$user" ] || refuse "it is a file; name the folder that holds main.cf and master.cf"
[ -f "$user/main.cf" ] || refuse "there is no main.cf in it; name the folder that holds main.cf and master.cf"
[ -f "$user/master.cf" ] || refuse "there is no master.cf in it; name the folder that holds main.cf and master.cf"

# Whether it is what this machine runs, or a folder that came from elsewhere.
live=''
case $user in /etc/*) live=yes ;; esac

layer=$run/layer work=$run/work
mkdir "$layer" "$work"
mount -t tmpfs -o mode=755 waxseal "$layer"
mkdir "$layer/over" "$layer/work"
mount -t overlay -o "lowerdir=$root,upperdir=$layer/over,workdir=$layer/work" waxseal "$root" 2>/dev/null ||
    refuse "this system has no overlay file system, in which the user's files would be put beside Postfix's"
# A link that leads nowhere is left out; where the types of tables lie is the installed Postfix's.
for entry in "$user"/* "$user"/.[!.]*; do
    case ${entry##*/} in dynamicmaps.cf*) continue ;; esac
    [ ! -e "$entry" ] || cp -RLp "$entry" "$etc/" 2>"$work/uncopied" || true
done
[ -s "$etc/main.cf" ] && [ -s "$etc/master.cf" ] || refuse "it could not be copied: $(tail -n 1 "$work/uncopied")"
chown -R 0:0 "$etc"

# Names that Postfix looks up when it reads its configuration.
echo "127.0.0.1 localhost $WAXSEAL_HOSTNAME" >"$root/etc/hosts"

# aged PATH...: Postfix waits two seconds before it reads a file that was changed just now.
aged() { find "$@" -type f -mmin -2 -exec touch -t 202001010000 {} +; }
aged "$etc"

# bring PATH: makes that a file or folder of the user's is at its own path in the copy. Whether it is there.
brought=' '
bring() {
    case $brought in
    *" $1 "*)
        [ -e "$root$1" ]
        return
        ;;
    esac
    brought="$brought$1 "
    case $1 in
    /etc/postfix/*)
        # The copy of the folder stands for /etc/postfix; another instance may use files of the first.
        if [ -e "$root$1" ] || [ -z "$live" ]; then
            [ -e "$root$1" ]
            return
        fi
        ;;
    esac
    from=$1
    if [ ! -e "$from" ] && [ -z "$live" ]; then in_folder "$1"; fi
    if [ -e "$from" ]; then
        if [ -d "$from" ]; then from=$from/. at=$1; else at=${1%/*}; fi
        mkdir -p "$root$at"
        cp -RLp "$from" "$root$1" || refuse "$1 could not be copied"
        aged "$root$1"
    fi
    [ -e "$root$1" ]
}
# in_folder PATH: leaves in $from where a folder that came from elsewhere, such as /opt/mail/conf, has it.
in_folder() {
    rest=${1#/}
    while [ "$rest" != "${rest#*/}" ]; do
        rest=${rest#*/}
        if [ -f "$user/$rest" ]; then
            from=$user/$rest
            say time "$1 is the file $rest of the folder"
            return
        fi
    done
}

# Lays the copy where the relay is started: over the private root, and what is in /etc over that of the lab.
put_in_place() {
    chmod -R go+rX "$etc"
    rm -rf "$run/etc"
    mkdir -p "$run/root"
    [ ! -d "$layer/over/etc" ] || mv "$layer/over/etc" "$run/etc"
    rm -f "$run/etc/resolv.conf" "$run/etc/hosts" "$run/etc/passwd" "$run/etc/group"
    cp -Rp "$layer/over/." "$run/root/"
    rm -rf "$work"
}
