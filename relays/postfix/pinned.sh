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

printf '%s\n' "${WAXSEAL_CONFIG_RULES:-}" >"$work/rules"
added=' '
while IFS=$tab read -r key value where table; do
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
            case "${value%% *}, $names" in
            fingerprint,*)
                say warning "$where wants the certificate of $key by its fingerprint; the lab shows another, so this mail is kept, and nothing is said about the partner's own"
                ;;
            *hostname* | *nexthop*) ;;
            *)
                say warning "$where wants a certificate of $key in the name of ${names%% *}; the lab shows one if that is the host, --mx '$key=${names%% *}'"
                ;;
            esac
            ;;
        esac
    done
done <"$work/policy"
