# Part of config.sh: policy entries that want one certificate: by its fingerprint, its root or its name. The lab's root
# is added to the copies of files; what the lab cannot show is told.

# Whether a key of the policy is about a domain under test or the host that it goes to.
concerns() {
    key=$(echo "$1" | sed 's/^\[//; s/\].*//; s/:[0-9a-z]*$//')
    while IFS=$tab read -r domain connector hop; do
        hop=${hop%:*}
        hop=${hop#\[} domain=${domain#.}
        for name in "$domain" "${hop%\]}"; do
            case ".$name" in *".${key#.}") return 0 ;; esac
        done
    done <"$work/rules"
    return 1
}

# named KEY NAME...: an entry that wants one of these names, of which one with a dot in front stands for all below it.
named() {
    of=$1
    shift
    while IFS=$tab read -r domain connector hop; do
        hop=${hop%:*}
        hop=${hop#\[}
        for name in "$@"; do
            case ${hop%\]} in "$name") return ;; esac
            # The lab's hosts are below the domain, where the user names none.
            case $name in .*) case "${hop%\]}/.${domain#.}" in *"$name" | *"$name"/*) return ;; esac ;; esac
        done
    done <"$work/rules"
    say warning "$where wants a certificate of $of in the name of $1${2:+ or another}; the lab shows one in the name of the host, --mx DOMAIN=HOST"
}

printf '%s\n' "${WAXSEAL_CONFIG_RULES:-}" >"$work/rules"
added=' '
while IFS=$tab read -r key value where table; do
    case $value in
    [fF]ingerprint*)
        ! concerns "$key" ||
            say warning "$where wants the certificate of $key by its fingerprint; the lab shows another, so this mail is kept, and nothing is said about the partner's own. All but the fingerprint is tested with --config-set 'smtp_tls_policy_maps=inline:{$key=encrypt}, $(value_in "$work/user" smtp_tls_policy_maps)'"
        continue
        ;;
    esac
    for attribute in $value; do
        case $attribute in
        tafile=*)
            file=${attribute#tafile=}
            case $added in *" $file "*) continue ;; esac
            added="$added$file "
            anchors "$where: $key: tafile" "$file" "so mail under it is never sent"
            ;;
        match=*)
            concerns "$key" || continue
            names=$(echo "${attribute#match=}" | tr ':' ' ')
            case $names in
            *hostname* | *nexthop*) ;;
            *) named "$key" $names ;;
            esac
            ;;
        esac
    done
done <"$work/policy"
