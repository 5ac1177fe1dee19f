//! What OpenSSL has and how it names it.

use std::ffi::{CStr, c_void};
use std::sync::LazyLock;

use foreign_types_shared::ForeignTypeRef;
use openssl::error::ErrorStack;
use openssl::provider::Provider;
use openssl::ssl::{Ssl, SslContextBuilder, SslMethod, SslVersion};
use openssl_sys as ffi;
use waxseal_model::offer::{Offer, Version};

/// What the library has, read once.
pub(super) struct Library {
    /// Number and OpenSSL's name of every suite.
    pub(super) suites: Vec<(u16, String)>,
}

pub(super) static LIBRARY: LazyLock<Library> = LazyLock::new(|| {
    // Without the legacy provider there is no RC4; loading one provider unloads the default.
    // Leaked: dropping a provider unloads it.
    for name in ["legacy", "default"] {
        if let Ok(provider) = Provider::load(None, name) {
            std::mem::forget(provider);
        }
    }
    let suites = || -> Result<Vec<(u16, String)>, ErrorStack> {
        let mut context = SslContextBuilder::new(SslMethod::tls())?;
        context.set_security_level(0);
        context.set_cipher_list("ALL:COMPLEMENTOFALL:@SECLEVEL=0")?;
        let ssl = Ssl::new(&context.build())?;
        let mut found = Vec::new();
        // SAFETY: the stack belongs to `ssl`, which outlives the loop; indexes are in range.
        unsafe {
            let stack = SSL_get_ciphers(ssl.as_ptr());
            for index in 0..ffi::OPENSSL_sk_num(stack) {
                let cipher = ffi::OPENSSL_sk_value(stack, index).cast();
                let name = CStr::from_ptr(ffi::SSL_CIPHER_get_name(cipher));
                let cipher = openssl::ssl::SslCipherRef::from_ptr(cipher);
                let id = u16::from_be_bytes(cipher.protocol_id());
                found.push((id, name.to_string_lossy().into_owned()));
            }
        }
        Ok(found)
    };
    Library { suites: suites().unwrap_or_default() }
});

/// Every suite of this engine.
pub(in crate::tls) fn available() -> Vec<u16> {
    LIBRARY.suites.iter().map(|(id, _)| *id).collect()
}

/// The name of a suite in OpenSSL, where that has it.
#[cfg(test)]
pub(in crate::tls) fn library_name(id: u16) -> Option<&'static str> {
    LIBRARY.suites.iter().find(|(known, _)| *known == id).map(|(_, name)| name.as_str())
}

/// Number, IANA name and size of the key of every suite, as the library says.
#[cfg(test)]
pub(in crate::tls) fn listed() -> Vec<(u16, String, i32)> {
    available()
        .into_iter()
        .filter_map(|id| {
            let mut context = SslContextBuilder::new(SslMethod::tls()).ok()?;
            context.set_security_level(0);
            if id >> 8 == 0x13 {
                context.set_ciphersuites(library_name(id)?).ok()?;
            } else {
                context.set_ciphersuites("").ok()?;
                context.set_cipher_list(&format!("{}:@SECLEVEL=0", library_name(id)?)).ok()?;
            }
            let ssl = Ssl::new(&context.build()).ok()?;
            // SAFETY: the stack belongs to `ssl`, which is alive; it is never empty here.
            let cipher = unsafe {
                let stack = SSL_get_ciphers(ssl.as_ptr());
                openssl::ssl::SslCipherRef::from_ptr(ffi::OPENSSL_sk_value(stack, 0).cast())
            };
            Some((id, cipher.standard_name()?.to_owned(), cipher.bits().algorithm))
        })
        .collect()
}

/// The method of a server with one version older than TLS 1.2. Such a server never heard of
/// supported_versions and answers with its own version whatever is listed there, so that it is the
/// client that has to refuse; a server that knows several would break off by itself.
pub(super) fn fixed_method(offer: &Offer) -> Option<SslMethod> {
    // SAFETY: these functions give pointers to what lives as long as the process.
    unsafe {
        let method = match offer.versions.as_slice() {
            [Version::Ssl3] => SSLv3_server_method(),
            [Version::Tls10] => TLSv1_server_method(),
            [Version::Tls11] => TLSv1_1_server_method(),
            _ => return None,
        };
        (!method.is_null()).then(|| SslMethod::from_ptr(method))
    }
}

/// Switches off the check of strength: level 0 alone still refuses primes below 1024 bits.
pub(super) fn allow_anything(context: &mut SslContextBuilder) {
    // SAFETY: the context is alive; the callback keeps nothing.
    unsafe { SSL_CTX_set_security_callback(context.as_ptr(), anything_goes) };
}

unsafe extern "C" {
    fn SSLv3_server_method() -> *const ffi::SSL_METHOD;
    fn TLSv1_server_method() -> *const ffi::SSL_METHOD;
    fn TLSv1_1_server_method() -> *const ffi::SSL_METHOD;
    fn SSL_get_ciphers(ssl: *const ffi::SSL) -> *const ffi::OPENSSL_STACK;
    fn SSL_CTX_set_security_callback(
        ctx: *mut ffi::SSL_CTX,
        callback: extern "C" fn(
            *const ffi::SSL,
            *const ffi::SSL_CTX,
            i32,
            i32,
            i32,
            *mut c_void,
            *mut c_void,
        ) -> i32,
    );
}

extern "C" fn anything_goes(
    _: *const ffi::SSL,
    _: *const ffi::SSL_CTX,
    _: i32,
    _: i32,
    _: i32,
    _: *mut c_void,
    _: *mut c_void,
) -> i32 {
    1
}

pub(super) fn version(version: Version) -> SslVersion {
    match version {
        Version::Ssl3 => SslVersion::SSL3,
        Version::Tls10 => SslVersion::TLS1,
        Version::Tls11 => SslVersion::TLS1_1,
        Version::Tls12 => SslVersion::TLS1_2,
        Version::Tls13 => SslVersion::TLS1_3,
    }
}

pub(super) fn group(name: &str) -> &str {
    match name {
        "p-192" => "P-192",
        "p-224" => "P-224",
        "p-256" => "P-256",
        "p-384" => "P-384",
        "p-521" => "P-521",
        "x25519" => "X25519",
        "x448" => "X448",
        "x25519mlkem768" => "X25519MLKEM768",
        other => other,
    }
}

pub(super) fn scheme(name: &str) -> String {
    match name {
        "rsa_pkcs1_sha1" => "RSA+SHA1".into(),
        "ecdsa_sha1" => "ECDSA+SHA1".into(),
        other => other.into(),
    }
}
