# Part of config.sh: roots and certificates. The lab's roots are added to the user's, so that a list which Postfix
# would not work with looks like one; its certificates stand in where the user shows some.

pki=/etc/postfix/waxseal
mkdir -p "$etc/waxseal"
for file in "$WAXSEAL_CERTIFICATE_CHAIN" "$WAXSEAL_CERTIFICATE_KEY" "$WAXSEAL_CLIENT_CERTIFICATE_CHAIN" \
    "$WAXSEAL_CLIENT_CERTIFICATE_KEY" "$WAXSEAL_TRUST_ANCHORS" "$WAXSEAL_CLIENT_TRUST_ANCHORS"; do
    cp "$run/$file" "$etc/waxseal/"
done
lab_roots=$pki/$WAXSEAL_TRUST_ANCHORS
now=$(date -u +%Y%m%d%H%M%S)

# here PATH: whether a file that is not there would not be there for the user's Postfix either.
here() {
    [ "$live" ] && return
    case $1 in /etc/postfix/* | "$user"/*) return 0 ;; esac
    return 1
}

# What is wrong with roots, in $wrong; their count and whether one is valid come from standard input.
judge_roots() {
    read -r count valid
    wrong=''
    if [ "$count" = 0 ]; then
        wrong="holds no certificate"
    elif [ "$valid" = 0 ]; then
        wrong="holds expired certificates only"
    fi
}

# A file of roots: anchors PARAMETER PATH EFFECT, which is what becomes of mail if Postfix cannot read it. Leaves in
# $usable whether the lab's are added to it.
anchors() {
    usable=''
    if bring "$2"; then
        awk -v now="$now" -f roots.awk "$root$2" >"$work/roots"
        judge_roots <"$work/roots"
        if [ "$count" = 0 ]; then
            say finding "$1 names $2, which $wrong, $3"
        elif [ "$wrong" ]; then
            say finding "$1 names $2, which $wrong, so no certificate is trusted by it"
        else
            roots=$(grep -c 'BEGIN .*CERTIFICATE' "$root$2")
            cat "$run/$WAXSEAL_TRUST_ANCHORS" >>"$root$2"
            say set "$1: the lab's root is added to the copy of $2"
            usable=yes
            # A list of one's own: the roots of the public authorities are more.
            if [ "$checks" ] && [ "$1" = smtp_tls_CAfile ] && [ "$roots" -lt 20 ]; then
                say warning "$1: the roots in $2 are few ($roots), and the lab's is added; whether the partner's is among them is not seen"
            fi
        fi
    elif here "$2"; then
        say finding "$1 names $2, and there is no such file, $3"
    else
        say finding "$1 names $2, which is not on this machine, and the lab's root stands in for it: where it is missing, Postfix has no TLS for mail that goes out"
        mkdir -p "$root${2%/*}"
        cp "$run/$WAXSEAL_TRUST_ANCHORS" "$root$2"
        usable=yes
    fi
}

# trust CAFILE CAPATH PREFIX: the roots for next hops, where PREFIX is empty in main.cf and SERVICE/TYPE/ in master.cf.
trust() {
    file=$1 folder=$2 usable=''
    [ -z "$file" ] || anchors "$3smtp_tls_CAfile" "$file" "so Postfix has no TLS for mail that goes out: what may go in plaintext does, and the rest is never sent"
    [ "$folder" ] && [ -z "$usable" ] || return 0
    if bring "$folder"; then
        find "$root$folder/" -name '*.[0-9]' -exec cat {} + 2>/dev/null | awk -v now="$now" -f roots.awk >"$work/roots"
        judge_roots <"$work/roots"
        if [ "$wrong" ]; then
            say finding "$3smtp_tls_CApath names $folder, which $wrong under the names that \`openssl rehash\` gives, so Postfix trusts none by it"
            return
        fi
    elif here "$folder"; then
        say finding "$3smtp_tls_CApath names $folder, and there is no such folder, so Postfix trusts no certificate by it"
        return
    else
        say finding "$3smtp_tls_CApath names $folder, which is not on this machine, and the lab's root stands in for it"
    fi
    # A file that cannot be read is TLS that cannot be had, whatever the folder holds.
    [ "$file" ] || usable=folder
}

# Whether a certificate is checked by these roots.
checks=''
if cut -f 2 "$work/policy" | grep -v 'tafile=' | grep -qi '^\(verify\|secure\)' ||
    value_of smtp_tls_security_level | grep -qi '^\(verify\|secure\)$'; then checks=yes; fi

file=$(value_of smtp_tls_CAfile) folder=$(value_of smtp_tls_CApath)
trust "$file" "$folder" ''
[ "$usable" != folder ] || want set smtp_tls_CAfile "$lab_roots"
if [ -z "$file$folder" ]; then
    if [ "$(value_of tls_append_default_CA)" = yes ]; then
        want set smtp_tls_CAfile "$lab_roots"
    elif [ "$checks" ]; then
        say finding "smtp_tls_CAfile and smtp_tls_CApath are empty, so Postfix trusts no certificate, and mail under \`verify\` or \`secure\` without a tafile= of its own is never sent"
    fi
fi
for file in $(value_of smtp_tls_trust_anchor_file | tr ',' ' '); do
    anchors smtp_tls_trust_anchor_file "$file" "so mail whose certificate is checked is never sent"
done
sed -n 's#^\([^ ]*/unix/\)smtp_tls_CAfile = #\1 #p' "$work/own" >"$work/roots-of-services"
while read -r service file; do
    [ "$file" = "$(value_of smtp_tls_CAfile)" ] || trust "$file" '' "master.cf $service"
done <"$work/roots-of-services"

if [ "$(value_of smtpd_tls_CAfile)$(value_of smtpd_tls_CApath)" ]; then
    want set smtpd_tls_CAfile "$pki/$WAXSEAL_CLIENT_TRUST_ANCHORS"
    want_default set smtpd_tls_CApath
fi

# Next hops ask for a certificate of the lab's: it is shown where the user shows one. Without the user's file Postfix
# would have no TLS, and shows that.
shown=$(value_of smtp_tls_chain_files)
[ "$shown" ] || shown=$(value_of smtp_tls_cert_file)
if [ "$shown" ]; then
    first=${shown%%[ ,]*}
    if bring "$first"; then
        absent=''
    elif here "$first"; then
        absent=yes
        say finding "smtp_tls_cert_file or smtp_tls_chain_files names $first, and there is no such file, so Postfix has no TLS for mail that goes out"
    else
        absent=''
        say finding "smtp_tls_cert_file or smtp_tls_chain_files names $first, which is not on this machine, and the lab's stands in for it: where it is missing, Postfix has no TLS for mail that goes out"
    fi
    if [ -z "$absent" ]; then
        want_default set smtp_tls_chain_files smtp_tls_eccert_file smtp_tls_eckey_file smtp_tls_dcert_file smtp_tls_dkey_file
        want set smtp_tls_cert_file "$pki/$WAXSEAL_CLIENT_CERTIFICATE_CHAIN"
        want set smtp_tls_key_file "$pki/$WAXSEAL_CLIENT_CERTIFICATE_KEY"
    fi
fi

# What the listener shows. Keys are seldom in a folder that came from elsewhere.
missing=''
for name in smtpd_tls_chain_files smtpd_tls_cert_file smtpd_tls_key_file smtpd_tls_eccert_file smtpd_tls_eckey_file; do
    for file in $(value_of $name | tr ',' ' '); do
        case $file in
        /*) bring "$file" || missing=$file ;;
        esac
    done
done
if [ "$missing" ]; then
    want_default set smtpd_tls_chain_files smtpd_tls_eccert_file smtpd_tls_eckey_file smtpd_tls_dcert_file smtpd_tls_dkey_file
    want set smtpd_tls_cert_file "$pki/$WAXSEAL_CERTIFICATE_CHAIN"
    want set smtpd_tls_key_file "$pki/$WAXSEAL_CERTIFICATE_KEY"
    [ -z "$live" ] || say finding "$missing, the listener's certificate or key, is not there; the lab's stands in for it"
fi
