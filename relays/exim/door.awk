# Part of door.sh: puts the rule `lets_in` before those of the stage. `rules` is what the user has there: the name of an
# access rule, text that is expanded to one, or nothing.

BEGIN { named = rules ~ /^[A-Za-z0-9_.-]+$/ }

/^begin / && section == "" {
    section = "main"
    if (rules == "") print stage " = waxseal_enters"
    has_acl = $2 == "acl"
    if (!has_acl) write_own("begin acl\n")
}
!/^begin / && section == "" && !named && rules != "" && option_of($0) == stage {
    print stage " = waxseal_enters"
    next
}
{ print }
/^begin acl/ { write_own("") }
named && /^begin / { in_acl = $2 == "acl" }
named && in_acl && begins_block($0) && block_of($0) == rules { print "    " lets_in }

function write_own(head) {
    if (named) return
    print head "waxseal_enters:\n    " lets_in
    # The default of a stage without rules: only RCPT is refused.
    if (rules != "") print "    require acl = " rules "\n    accept"
    else if (stage != "acl_smtp_rcpt") print "    accept"
}
