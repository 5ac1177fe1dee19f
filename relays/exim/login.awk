# Part of config.sh: authenticators. Whether and where a login is offered stays the user's; who knows the passwords
# answers elsewhere, so a stand-in of the lab's offers the mechanism and lets nobody in. What the relay would log in
# with at next hops is left out.

function login_line(line) {
    if (!begins_block(line)) { login_option[option_of(line)] = value_of(line); return }
    end_login()
    login = block_of(line)
}

function end_login(    name, server, mechanism, when) {
    if (login == "") return
    server = login_option["driver"] == "cyrus_sasl"
    for (name in login_option)
        if (name ~ /^server_/ && name !~ /^server_(advertise_condition|debug_print|mail_auth_condition|set_id)$/) server = 1
    mechanism = "public_name" in login_option ? login_option["public_name"] : login
    if (!server) tell("set", "authenticator " login " is left out: no next hop of the lab's asks for a login")
    else {
        print login ":\n    driver = plaintext\n    public_name = " mechanism "\n    server_prompts = :\n    server_condition = false"
        if ("server_advertise_condition" in login_option) {
            when = login_option["server_advertise_condition"]
            if (asks(when) != "") {
                print "warning\tauthenticator " login ": its server_advertise_condition asks " asks(when) ", which does not answer here: it was played as if nothing were found" >told
                when = without(when)
            }
            print "    server_advertise_condition = " when
        }
        tell("set", "authenticator " login ": a stand-in of the lab's offers " mechanism " and lets nobody in (was driver = " login_option["driver"] ")")
    }
    split("", login_option)
    login = ""
}
