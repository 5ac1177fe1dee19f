//! What the project's own program, tests and fuzz targets need of the rooms. It is nobody else's: it
//! changes without notice.

pub use crate::cli::main;

pub mod catalogue {
    pub use crate::catalogue::{Catalogue, Rules, Source, check};
}

pub mod lab {
    pub use crate::lab::{
        Afterwards, Answer, Commands, Data, DnsServer, Errand, Files, Isolation, Kind, LabError,
        Launch, Query, Resolver, RunDir, SandboxError, Supervised, SystemResolver, Tlsa,
        Unfinished, Users, Zones, wait_for_port,
    };

    pub mod commands {
        pub use crate::lab::commands::run_kept;
    }

    pub mod sandbox {
        pub use crate::lab::sandbox::enter;
    }
}

pub mod preflight {
    pub use crate::preflight::{CheckOptions, Store, Subject, check, mail_hosts};
}

pub mod relay {
    pub use crate::relay::{Driver, LabFile, RelaySpec, Remote};

    pub mod contract {
        pub use crate::relay::contract::{Contract, schema};
    }

    pub mod labfile {
        pub use crate::relay::labfile::{DOMAINS, schema};
    }

    pub mod reference {
        pub use crate::relay::reference::{Memory, Mutant, Running, Setup, Variant};
    }
}

pub mod report {
    pub use crate::report::{FORMATS, Run, explain, line, markdown, summary};
}

pub mod run {
    pub use crate::run::{RunOptions, Silent, names, run};
}

pub mod scan {
    pub use crate::scan::{
        CheckOptions, Depth, Host, Limits, certificates, parse_target, starttls_checks, survey,
    };
}

pub mod tls {
    pub use crate::tls::{
        AskClient, ClientSetup, Handshake, Identity, ServerSetup, Session, SessionStore, Tickets,
        accept, accept_tampering, choose, connect, describe_chain, is_alert, resolve,
    };
}

pub mod wire {
    pub use crate::wire::{LineBuffer, read_line};

    pub mod numbers {
        pub use crate::wire::numbers::{openssl_name, registered_suites, suite};
    }

    pub mod tls {
        pub use crate::wire::tls::{
            CLIENT_HELLO, ClientHello, Exchange, Extension, Flight, Message, RecordError, Records,
            ServerHello, ServerKeyExchange, SignedCurve, Sslv2ClientHello, Sslv2ServerHello,
            content, handshake, kind, last_alert, read_certificate_status, read_certificates,
            read_client_hello, write_records,
        };
    }
}
