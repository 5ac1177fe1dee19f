//! ClientHellos that no engine would send, written by hand for the relay's deliberate faults.

use std::net::IpAddr;

use super::Mutant;
use crate::wire::tls::{ClientHello, Extension, kind, write_sslv2_hello};

/// The hello of a fault that shows in the hello alone; `None`: the engine writes it. No session can
/// come of it: there is no key behind its share. `address` is that of the host, and `literal` says that
/// the message went to it by address.
pub(super) fn handmade(
    mutant: Option<Mutant>,
    host: &str,
    address: IpAddr,
    literal: bool,
) -> Option<Vec<u8>> {
    let mut hello = ClientHello {
        legacy_version: 0x0303,
        random: [7; 32],
        session_id: Vec::new(),
        suites: vec![0x1301, 0xc02b, 0xc02f, 0x00ff],
        compression: vec![0],
        extensions: None,
    };
    let mut versions = vec![0x0304, 0x0303];
    let mut psk_mode = 1;
    let mut name = host.to_owned();
    let mut more = Vec::new();
    match mutant? {
        // An export suite before an ordinary one, and DEFLATE (RFC 3749) before no compression.
        Mutant::ClientOffersRelics => {
            hello.suites.insert(0, 0x0003);
            hello.compression.insert(0, 1);
        }
        Mutant::ClientSpeaksSsl2 => {
            let ciphers = [[0, 0xc0, 0x2f], [0x07, 0x00, 0xc0]];
            return Some(write_sslv2_hello(0x0303, &ciphers, &[7; 16]));
        }
        Mutant::ClientRepeatsItself => {
            hello.suites.push(0xc02f);
            more.push(Extension::empty(kind::EXTENDED_MASTER_SECRET));
        }
        Mutant::ClientListsOldestFirst => versions.reverse(),
        Mutant::ClientResumesWithoutDhe => psk_mode = 0,
        Mutant::ClientNamesWithDot => name.push('.'),
        Mutant::ClientNamesAddress => name = address.to_string(),
        Mutant::ClientNamesLiteral if literal => name = address.to_string(),
        Mutant::ClientNamesNothing => name.clear(),
        Mutant::ClientOffersBareCbc => hello.suites.push(0xc013),
        _ => return None,
    }
    let mut extensions = vec![
        Extension::server_name(&name),
        Extension::groups(&[29]),
        Extension::schemes(&[0x0403, 0x0804]),
        Extension::versions(&versions),
        Extension::psk_modes(&[psk_mode]),
        Extension::key_share(&[(29, &[7; 32])]),
        Extension::empty(kind::EXTENDED_MASTER_SECRET),
    ];
    extensions.extend(more);
    hello.extensions = Some(extensions);
    Some(hello.records(0x0301, usize::MAX))
}
