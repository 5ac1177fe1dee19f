# Part of config.sh: the layer over the private root, in which the user's files are at their own paths.

layer=$run/layer
mkdir "$layer" "$run/root"
mount -t tmpfs -o mode=755 waxseal "$layer"
mkdir "$layer/over" "$layer/work"
mount -t overlay -o "lowerdir=$root,upperdir=$layer/over,workdir=$layer/work" waxseal "$root" 2>/dev/null ||
    refuse "this system has no overlay file system, in which the user's files would be put beside Exim's"

# The folder and the main file in place of those of the package.
put_inside() {
    rm -rf "$etc"
    mkdir "$etc"
    [ -z "$folder" ] || cp -RL "$folder/." "$etc/" || refuse "it could not be copied"
    cp -L "$main" "$etc/exim4.conf" 2>/dev/null || refuse "$main could not be copied"
    mount -t tmpfs -o mode=1777 waxseal "$root/tmp"
    # It may log as whatever user the configuration names.
    mount -t tmpfs -o mode=1777 waxseal "$root/var/log/exim4"
    mount -t tmpfs -o mode=1777 waxseal "$root/var/spool/exim4"
    printf 'nameserver %s\noptions timeout:1 attempts:1\n' "$WAXSEAL_DNS_ADDRESS" >"$run/resolv"
    rm -f "$root/etc/resolv.conf"
    cp "$run/resolv" "$root/etc/resolv.conf"
}

# source_of PATH: the file of this host that stands for it. A copy of the folder stands for the folder itself, and
# so does what lies beside the main file.
source_of() {
    case $1 in
    /etc/exim4/* | /etc/exim/*)
        for from in "${folder:-/nowhere}/${1#/etc/exim*/}" "$1" "${main%/*}/${1#/etc/exim*/}"; do
            [ ! -e "$from" ] || break
        done
        ;;
    *)
        for from in "$1" "${folder:-/nowhere}$1"; do
            [ ! -e "$from" ] || break
        done
        ;;
    esac
    [ ! -e "$from" ] || echo "$from"
}

# bring PATH: makes that a file of the user's is at its own path inside. Whether it is.
bring() {
    from=$(source_of "$1")
    if [ -z "$from" ]; then
        [ -e "$root$1" ]
        return
    fi
    mkdir -p "$root${1%/*}"
    cp -RLp "$from" "$root${1%/*}/" || refuse "$1 could not be copied"
}

# What was changed in the layer, for the relay: it is laid over the private root when that starts.
finish() {
    # The readings may have logged as the user's Exim.
    rm -f "$root"/var/log/exim4/* "$root/etc/resolv.conf" "$layer/over/etc/resolv.conf"
    chmod -R go+rX "$layer/over"
    chmod go-w "$etc/exim4.conf"
    cp -R "$layer/over/." "$run/root/"
    rm -rf "$run/etc"
    rm -f "$run/resolv" "$run/read" "$run/own" "$run/wrong" "$run/settings" "$run/asked" "$run/told" "$run/refused" \
        "$run/outside" "$run/missing" "$run/tables" "$run/tried" "$run/session" "$run/unknown" "$run/make"
}
