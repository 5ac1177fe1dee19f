#!/bin/sh
# Puts Postfix and what it needs into a private directory: install.sh ROOT
#
# The packages come from this machine's own Debian sources, with the suite named in WAXSEAL_SUITE
# (trixie if unset; bookworm works too), so the version tested need not be the version of the host. All
# of apt's state is under ROOT, nothing is configured and no package's script is run: the system does
# not change. ROOT/VERSION is written last; while it is missing the directory is not a complete install.
set -eu
umask 022

fail() { echo "postfix: $*" >&2; exit 1; }

[ $# -eq 1 ] && [ -n "$1" ] || fail "say where to install: install.sh ROOT"
suite=${WAXSEAL_SUITE:-trixie}
[ "$(id -u)" = 0 ] || fail "installing needs root, because Postfix runs from a root directory of its own."
here=$(. /etc/os-release 2>/dev/null && echo "${ID:-} ${VERSION_CODENAME:-}") || here=
case $here in
"debian "?*) codename=${here#debian } ;;
*) fail "this recipe uses the sources of a Debian host, and this is not one." ;;
esac
for tool in apt-get dpkg-deb tar flock; do
    command -v $tool >/dev/null || fail "$tool is missing on this machine."
done

mkdir -p "$1"
root=$(cd "$1" && pwd -P)
[ "$root" != / ] || fail "the root directory must be a private one, not /."
mark=$root/.waxseal-suite
if [ ! -e "$mark" ] && [ -n "$(ls -A "$root")" ]; then
    fail "$root holds something else; name an empty or a new directory."
fi
[ ! -e "$mark" ] || [ "$(cat "$mark")" = "$suite" ] || fail "$root is for $(cat "$mark"); name another directory for $suite."
echo "$suite" >"$mark"
exec 9>"$root/.lock"
flock 9
if [ -s "$root/VERSION" ]; then
    echo "Postfix $(cat "$root/VERSION") is already in $root."
    exit 0
fi

# Private state of apt.
apt=$root/.apt
mkdir -p "$apt/state/lists/partial" "$apt/cache/archives/partial" "$apt/log" "$apt/sources"
: >"$apt/state/status"
rm -f "$apt/sources/"*
# Read after the host's own settings, so that its proxies stay and its hooks are dropped.
cat >"$apt/apt.conf" <<X
#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
#clear DPkg::Pre-Invoke;
#clear DPkg::Pre-Install-Pkgs;
#clear DPkg::Post-Invoke;
#clear APT::Default-Release;
#clear APT::Architectures;
Dir::State "$apt/state";
Dir::State::status "$apt/state/status";
Dir::State::lists "$apt/state/lists";
Dir::Cache "$apt/cache";
Dir::Cache::archives "$apt/cache/archives";
Dir::Log "$apt/log";
Dir::Etc::sourcelist "/dev/null";
Dir::Etc::sourceparts "$apt/sources";
Dir::Etc::preferences "/dev/null";
Dir::Etc::preferencesparts "/dev/null";
APT::Sandbox::User "root";
APT::Install-Recommends "false";
APT::Install-Suggests "false";
APT::Periodic::Enable "0";
Acquire::Languages "none";
Acquire::IndexTargets::deb::Contents-deb::DefaultEnabled "false";
X

# The host's sources of Debian itself: entries for its codename with the component "main".
for file in /etc/apt/sources.list.d/*.sources; do
    [ -e "$file" ] || continue
    awk -v RS= -v from="$codename" -v to="$suite" '
        tolower($0) ~ /(^|\n)enabled:[ \t]*(no|false)/ { next }
        $0 ~ "(^|\n)Suites:[^\n]*[ \t]" from && $0 ~ /(^|\n)Components:[^\n]*[ \t]main([ \t\n]|$)/ {
            count = split($0, line, "\n")
            for (i = 1; i <= count; i++) {
                if (line[i] ~ /^#/) continue
                if (line[i] ~ /^Types:/) line[i] = "Types: deb"
                if (line[i] ~ /^Suites:/) gsub("[ \t]" from, " " to, line[i])
                print line[i]
            }
            print ""
        }' "$file" >>"$apt/sources/host.sources"
done
for file in /etc/apt/sources.list /etc/apt/sources.list.d/*.list; do
    [ -e "$file" ] || continue
    sed -nE "/^deb[[:space:]].*[[:space:]]$codename(-[a-z]+)*[[:space:]](.*[[:space:]])?main([[:space:]]|\$)/ { s/([[:space:]])$codename/\1$suite/; p; }" \
        "$file" >>"$apt/sources/host.list"
done
[ -s "$apt/sources/host.sources" ] || rm -f "$apt/sources/host.sources"
[ -s "$apt/sources/host.list" ] || rm -f "$apt/sources/host.list"
[ -n "$(ls "$apt/sources")" ] || fail "no source of Debian $codename with the component main is configured in /etc/apt."

export DEBIAN_FRONTEND=noninteractive
run_apt() { apt-get -c "$apt/apt.conf" -qq "$@" >"$apt/log/out" 2>&1; }
run_apt update || fail "could not read the package lists of $suite: $(grep -m1 '^E:' "$apt/log/out" || tail -n1 "$apt/log/out")"
rm -f "$apt/cache/archives/"*.deb
run_apt -y --download-only install postfix postfix-pcre postfix-lmdb netbase ||
    fail "could not download postfix from $suite: $(grep -m1 '^E:' "$apt/log/out" || tail -n1 "$apt/log/out")"

# Unpack only. The merged directories come first, or old packages would make real ones.
cd "$root"
mkdir -p usr/bin usr/sbin usr/lib usr/lib64 etc var/spool/postfix var/lib/postfix var/log run dev tmp
chmod 1777 tmp
for name in bin sbin lib lib64; do ln -sfn usr/$name $name; done
ln -sfn /run var/run
for package in "$apt"/cache/archives/*.deb; do
    dpkg-deb --fsys-tarfile "$package" | tar -x --keep-directory-symlink --no-same-owner
done

# What the maintainer scripts would have done. The numbers are free to choose: only this root knows them.
printf '%s\n' root:x:0:0:root:/root:/bin/sh nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin \
    postfix:x:9301:9301::/var/spool/postfix:/usr/sbin/nologin >etc/passwd
printf '%s\n' root:x:0: nogroup:x:65534: postfix:x:9301: postdrop:x:9302: >etc/group
printf '%s\n' 'hosts: files dns' 'passwd: files' 'group: files' 'services: files' 'protocols: files' >etc/nsswitch.conf
sed 's#\tpostfix-#\t/usr/lib/postfix/postfix-#' usr/share/postfix/dynamicmaps.cf >etc/postfix/dynamicmaps.cf
chown 0:9302 usr/sbin/postdrop usr/sbin/postqueue
chmod 2555 usr/sbin/postdrop usr/sbin/postqueue
# Places for the host's devices; start.sh mounts them.
for device in null zero random urandom; do [ -e dev/$device ] || : >dev/$device; done

version=$(for package in "$apt"/cache/archives/postfix_*.deb; do dpkg-deb -f "$package" Version; done)
version=${version#*:}
version=${version%%[-+~]*}
chroot . usr/sbin/postconf -dh mail_version 2>/dev/null | grep -qx "$version" ||
    fail "the unpacked Postfix does not run, or says another version than its package ($version)."
rm -rf "$apt"
echo "$version" >VERSION
echo "Postfix $version from $suite is in $root."
