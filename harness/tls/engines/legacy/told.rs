//! What OpenSSL tells of a session beyond its safe interface: alerts, whether a certificate was
//! asked for, the group, and the signature of the other side.

use std::ffi::{CStr, c_int, c_void};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicBool, Ordering};

use foreign_types_shared::ForeignTypeRef;
use openssl::error::ErrorStack;
use openssl::ex_data::Index;
use openssl::ssl::{Ssl, SslContextBuilder, SslRef};
use openssl_sys as ffi;
use waxseal_model::facts::Speaker;

use crate::tls::engines::alerts::Alerts;

/// Where a session keeps what its callbacks note.
struct Indexes {
    alerts: Index<Ssl, Alerts>,
    asked: Index<Ssl, AtomicBool>,
}

static INDEXES: LazyLock<Indexes> = LazyLock::new(|| Indexes {
    // Fails only when memory is out.
    alerts: Ssl::new_ex_index().expect("OpenSSL gives out indexes"),
    asked: Ssl::new_ex_index().expect("OpenSSL gives out indexes"),
});

unsafe extern "C" {
    fn SSL_CTX_set_info_callback(
        ctx: *mut ffi::SSL_CTX,
        callback: unsafe extern "C" fn(*const ffi::SSL, c_int, c_int),
    );
    fn SSL_CTX_set_cert_cb(
        ctx: *mut ffi::SSL_CTX,
        callback: unsafe extern "C" fn(*mut ffi::SSL, *mut c_void) -> c_int,
        argument: *mut c_void,
    );
}

/// A session that notes its alerts and, as a client, whether it was asked for a certificate.
pub(in crate::tls) fn listening(
    context: SslContextBuilder,
    alerts: &Alerts,
) -> Result<Ssl, ErrorStack> {
    // SAFETY: the context is alive; the callbacks keep nothing.
    unsafe {
        SSL_CTX_set_info_callback(context.as_ptr(), note_alert);
        SSL_CTX_set_cert_cb(context.as_ptr(), note_asked, std::ptr::null_mut());
    }
    let mut ssl = Ssl::new(&context.build())?;
    ssl.set_ex_data(INDEXES.alerts, alerts.clone());
    ssl.set_ex_data(INDEXES.asked, AtomicBool::new(false));
    Ok(ssl)
}

/// OpenSSL tells each alert it reads or writes, encrypted or not.
unsafe extern "C" fn note_alert(ssl: *const ffi::SSL, place: c_int, value: c_int) {
    const READ: c_int = 0x4004;
    const WRITE: c_int = 0x4008;
    let by = match place {
        READ => Speaker::Relay,
        WRITE => Speaker::Peer,
        _ => return,
    };
    // SAFETY: OpenSSL calls with a living session; it is only read.
    let ssl = unsafe { SslRef::from_ptr(ssl.cast_mut()) };
    if let Some(alerts) = ssl.ex_data(INDEXES.alerts) {
        // The level stands in the higher octet.
        alerts.note(by, value.to_le_bytes()[0]);
    }
}

/// OpenSSL calls a client back only when the server asks for a certificate.
unsafe extern "C" fn note_asked(ssl: *mut ffi::SSL, _: *mut c_void) -> c_int {
    // SAFETY: OpenSSL calls with a living session; the flag in it is atomic.
    let ssl = unsafe { SslRef::from_ptr(ssl) };
    if let Some(asked) = ssl.ex_data(INDEXES.asked) {
        asked.store(true, Ordering::Relaxed);
    }
    1
}

/// Whether the server asked this client for a certificate.
pub(in crate::tls) fn was_asked(ssl: &SslRef) -> bool {
    ssl.ex_data(INDEXES.asked).is_some_and(|asked| asked.load(Ordering::Relaxed))
}

/// The name of the scheme that the other side signed with, where it signed.
///
/// # Safety
/// The handshake has to be finished.
pub(in crate::tls) unsafe fn peer_signature(ssl: &SslRef) -> Option<String> {
    // SSL_get0_peer_signature_name is a macro for this.
    const GET_PEER_SIGNATURE_NAME: c_int = 141;
    let mut name: *const std::ffi::c_char = std::ptr::null();
    // SAFETY: by this function's contract; the name is a constant of the library.
    let told = unsafe {
        let out = std::ptr::from_mut(&mut name).cast();
        ffi::SSL_ctrl(ssl.as_ptr(), GET_PEER_SIGNATURE_NAME, 0, out)
    };
    // SAFETY: not null, and ends in NUL.
    (told == 1 && !name.is_null())
        .then(|| unsafe { CStr::from_ptr(name) }.to_string_lossy().into_owned())
}

/// The name of the group that was negotiated, where there was one.
///
/// # Safety
/// The handshake has to be finished.
pub(in crate::tls) unsafe fn negotiated_group(ssl: &SslRef) -> Option<String> {
    // SAFETY: by this function's contract; the name is a constant of the library.
    let name = unsafe { ffi::SSL_get0_group_name(ssl.as_ptr()) };
    if name.is_null() {
        return None;
    }
    // SAFETY: not null, and ends in NUL.
    let name = unsafe { CStr::from_ptr(name) }.to_string_lossy().to_lowercase();
    Some(match name.as_str() {
        "secp192r1" | "prime192v1" => "p-192".into(),
        "secp224r1" => "p-224".into(),
        "secp256r1" | "prime256v1" => "p-256".into(),
        "secp384r1" => "p-384".into(),
        "secp521r1" => "p-521".into(),
        _ => name,
    })
}
