//! Certificate authorities made for one run, and the leafs they sign.

use std::net::IpAddr;
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::SystemTime;

use rcgen::{
    BasicConstraints, CertificateParams, CustomExtension, DnType, ExtendedKeyUsagePurpose, IsCa,
    KeyPair, KeyUsagePurpose, PKCS_ECDSA_P384_SHA384, PKCS_ECDSA_P521_SHA512, PKCS_ED25519,
    PKCS_RSA_SHA256, RsaKeySize, SanType,
};
use time::{Duration, OffsetDateTime};

use crate::Error;
use crate::fields::{Issuer, Key, KeyUsage, NameKind, Sends, Signature, Usage, Validity};
use crate::issuers::{AnyKey, Ca, add_unknown, constrain, other_usage, path_length};
use crate::recipe::Recipe;
use crate::weak::{ShortKey, sign_again};

/// A chain and its key.
#[derive(Clone, Debug)]
pub struct Issued {
    /// DER, leaf first, as it is served.
    pub chain: Vec<Vec<u8>>,
    /// PKCS#8 DER.
    pub key: Vec<u8>,
    /// RSA below 2048 bits, a signature with SHA-1 or MD5, version 1, or an extension that the modern
    /// engine does not show: only the legacy one takes it.
    pub weak: bool,
}

impl Issued {
    /// The chain in PEM, leaf first.
    pub fn chain_pem(&self) -> String {
        self.chain.iter().map(|der| pem("CERTIFICATE", der)).collect()
    }

    /// The key in PEM.
    pub fn key_pem(&self) -> String {
        pem("PRIVATE KEY", &self.key)
    }
}

/// All authorities of one run.
pub struct Authorities {
    now: OffsetDateTime,
    root: Ca,
    intermediate: Ca,
    expired_root: Ca,
    root_b: Ca,
    unknown: Ca,
    client: Ca,
    client_intermediate: Ca,
    keys: Keys,
}

/// Keys that take their time, made when they are first wanted.
#[derive(Default)]
struct Keys {
    making: Mutex<()>,
    rsa_2048: OnceLock<AnyKey>,
    rsa_3072: OnceLock<AnyKey>,
    rsa_4096: OnceLock<AnyKey>,
    short: OnceLock<ShortKey>,
    rsa_ca: OnceLock<Vec<u8>>,
}

impl Authorities {
    /// Makes all keys and CA certificates. `now` is the time that recipes count from.
    ///
    /// # Errors
    /// [`Error`] where a library refuses.
    pub fn new(now: SystemTime) -> Result<Self, Error> {
        Self::with_root(now, "waxseal root A")
    }

    /// The same with another common name of the trusted root, for those who pin it.
    ///
    /// # Errors
    /// [`Error`] where a library refuses.
    pub fn with_root(now: SystemTime, root: &str) -> Result<Self, Error> {
        let now = OffsetDateTime::from(now);
        let root = Ca::root(root, now)?;
        let client = Ca::root("waxseal client CA", now)?;
        Ok(Self {
            now,
            intermediate: root.below("waxseal intermediate A", now, |_| {})?,
            expired_root: Ca::root_with("waxseal expired root", now, |params| {
                params.not_after = now - Duration::days(1);
            })?,
            root_b: Ca::root("waxseal root B", now)?,
            unknown: Ca::root("waxseal unknown root", now)?,
            client_intermediate: client.below("waxseal client intermediate", now, |_| {})?,
            root,
            client,
            keys: Keys::default(),
        })
    }

    /// Roots that a relay shall trust for servers, in DER: the good one, and one that has expired.
    pub fn trust_anchors(&self) -> Vec<Vec<u8>> {
        vec![self.root.der.clone(), self.expired_root.der.clone()]
    }

    /// Roots that a relay shall trust for servers, in PEM.
    pub fn trust_anchors_pem(&self) -> String {
        self.trust_anchors().iter().map(|der| pem("CERTIFICATE", der)).collect()
    }

    /// Roots that a relay shall trust for clients, in DER.
    pub fn client_trust_anchors(&self) -> Vec<Vec<u8>> {
        vec![self.client.der.clone()]
    }

    /// Roots that a relay shall trust for clients, in PEM.
    pub fn client_trust_anchors_pem(&self) -> String {
        pem("CERTIFICATE", &self.client.der)
    }

    /// Makes a key and a certificate for `name` by a recipe.
    ///
    /// # Errors
    /// [`Error`] where a library refuses or the recipe cannot be made.
    pub fn issue(&self, recipe: &Recipe, name: &str) -> Result<Issued, Error> {
        let Recipe {
            about: _,
            key: wanted,
            signature,
            issuer,
            version_1,
            omits_intermediate,
            sends,
            broken_signature,
            foreign_key,
            sends_root,
            critical_extension,
            // Which CA it is.
            for_clients: _,
            // What stands in the certificate.
            names: _,
            names_are: _,
            more_names: _,
            common_name: _,
            organisation: _,
            organisational_unit: _,
            valid: _,
            usage: _,
            key_usage: _,
            is_ca: _,
            must_staple: _,
        } = recipe;
        if let Some(why) = recipe.impossible() {
            return Err(Error::Recipe(why));
        }
        let above = self.above(recipe, name)?;
        let own;
        let key = match self.keys.kept(*wanted)? {
            Some(kept) => kept,
            None if *wanted == Key::Rsa1024 => {
                own = AnyKey::Short(self.keys.short()?.clone());
                &own
            }
            None => {
                own = fresh(*wanted)?;
                &own
            }
        };
        let params = self.params(recipe, name)?;
        let mut leaf = match above.signer() {
            Some(ca) => ca.sign(&params, key)?,
            None => params.self_signed(key)?.der().to_vec(),
        };
        // What signs with a larger curve chooses a longer digest by itself.
        let longer = above.signer().is_none() && matches!(wanted, Key::P384 | Key::P521);
        if *version_1 || *signature != Signature::Sha256 || longer {
            let signer = above.signer().map_or_else(|| key.private(), Ca::private)?;
            leaf = sign_again(&leaf, &signer, *signature, *version_1)?;
        }
        if *broken_signature {
            break_signature(&mut leaf);
        }
        let sent = if *omits_intermediate { Vec::new() } else { above.sent() };
        let mut chain = self.sent(*sends, leaf, sent)?;
        if *sends_root {
            chain.extend(above.root.map(|root| root.to_vec()));
        }
        let key = if *foreign_key { fresh(*wanted)?.private()? } else { key.private()? };
        let weak = *critical_extension
            || *version_1
            || *wanted == Key::Rsa1024
            || *issuer == Issuer::WeakCa
            || matches!(signature, Signature::Sha1 | Signature::Md5);
        Ok(Issued { chain, key, weak })
    }

    /// What a server sends of its chain.
    fn sent(
        &self,
        sends: Sends,
        leaf: Vec<u8>,
        mut above: Vec<Vec<u8>>,
    ) -> Result<Vec<Vec<u8>>, Error> {
        let mut chain = vec![leaf];
        match sends {
            Sends::InOrder => {}
            Sends::IntermediateTwice => chain.extend(above.first().cloned()),
            Sends::LeafTwice => chain.extend(chain.first().cloned()),
            Sends::Reversed => above.reverse(),
            Sends::StrangerBetween => chain.push(self.unknown.der.clone()),
            Sends::StrangerBehind => above.push(self.unknown.der.clone()),
            Sends::Many => {
                for number in 1..=60 {
                    let name = format!("waxseal stranger {number}");
                    above.push(self.unknown.below(&name, self.now, |_| {})?.der);
                }
            }
        }
        chain.append(&mut above);
        Ok(chain)
    }

    /// The CAs above a leaf.
    fn above(&self, recipe: &Recipe, name: &str) -> Result<Above<'_>, Error> {
        let now = self.now;
        let (root, intermediate, whose) = match recipe.for_clients {
            true => (&self.client, &self.client_intermediate, "client "),
            false => (&self.root, &self.intermediate, ""),
        };
        let below = |what: &str, change: &dyn Fn(&mut CertificateParams)| {
            root.below(&format!("waxseal {whose}{what}"), now, change)
        };
        let made = |made: Vec<Ca>| Ok(Above { made, kept: None, root: Some(&root.der) });
        let kept = |ca, sent, root| Ok(Above::of_kept(ca, sent, root));
        let first = recipe.names.first().map(|text| fill(text, name));
        let first = first.as_deref().unwrap_or(name);
        let domain = first.split_once('.').map_or(first, |(_, parent)| parent);
        match recipe.issuer {
            Issuer::Intermediate => kept(intermediate, true, root),
            Issuer::ClientCa => kept(&self.client, false, &self.client),
            Issuer::ExpiredRoot => kept(&self.expired_root, false, &self.expired_root),
            Issuer::RootB => kept(&self.root_b, false, &self.root_b),
            Issuer::Unknown => kept(&self.unknown, false, &self.unknown),
            Issuer::Itself => Ok(Above { made: Vec::new(), kept: None, root: None }),
            Issuer::Leaf => {
                let signer = intermediate.leaf(self.params(recipe, name)?)?;
                let sent = Some((intermediate, true));
                Ok(Above { made: vec![signer], kept: sent, root: Some(&root.der) })
            }
            Issuer::ClientLeaf => {
                let signer = self.client.leaf(self.params(recipe, name)?)?;
                Ok(Above { made: vec![signer], kept: None, root: Some(&self.client.der) })
            }
            Issuer::BrokenCa => {
                let mut ca = below("intermediate with a wrong signature", &|_| {})?;
                break_signature(&mut ca.der);
                made(vec![ca])
            }
            Issuer::ConstrainedCa => made(vec![below("constrained", &|params| {
                constrain(params, &["permitted.test"], &[]);
            })?]),
            Issuer::PermittingCa => made(vec![below("permitting CA", &|params| {
                constrain(params, &[domain], &[]);
            })?]),
            Issuer::ExcludingCa => made(vec![below("excluding CA", &|params| {
                constrain(params, &[], &[domain]);
            })?]),
            Issuer::CriticalExtensionCa => {
                made(vec![below("CA with an unknown extension", &add_unknown)?])
            }
            Issuer::CrossSigned => {
                let ca = self.root_b.below("waxseal intermediate B", now, |_| {})?;
                made(vec![ca, root.certify(&self.root_b)?])
            }
            Issuer::TwoPaths => {
                let ca = below("intermediate with two paths", &|_| {})?;
                made(vec![self.unknown.certify(&ca)?, ca])
            }
            Issuer::Deep => made(self.ladder(root, whose, 4)?),
            Issuer::VeryDeep => made(self.ladder(root, whose, 12)?),
            Issuer::ExpiredCa => made(vec![below("expired intermediate", &|params| {
                params.not_after = now - Duration::days(1);
            })?]),
            Issuer::FutureCa => made(vec![below("future intermediate", &|params| {
                params.not_before = now + Duration::days(1);
            })?]),
            Issuer::FalseCa => made(vec![below("false CA", &|params| {
                params.is_ca = IsCa::ExplicitNoCa;
            })?]),
            Issuer::UnmarkedCa => made(vec![below("unmarked CA", &|params| {
                params.is_ca = IsCa::NoCa;
            })?]),
            Issuer::Impostor => {
                // Nothing but the signature tells that it is not the trusted root's.
                let named = |params: &mut CertificateParams, like: &Ca| {
                    params.distinguished_name = like.name();
                    params.use_authority_key_identifier_extension = false;
                };
                let false_root = Ca::root_with("", now, |params| named(params, root))?;
                made(vec![false_root.below("", now, |params| named(params, intermediate))?])
            }
            Issuer::OtherUsageCa => made(vec![below("CA for the other usage", &|params| {
                other_usage(params, recipe.for_clients);
            })?]),
            Issuer::PathTooLong => {
                let last = below("last intermediate", &|params| path_length(params, 0))?;
                let deep = last.below("waxseal intermediate too deep", now, |_| {})?;
                made(vec![deep, last])
            }
            Issuer::PathTooLongByOne => {
                let first = below("last but one", &|params| path_length(params, 1))?;
                let second = first.below("waxseal last intermediate", now, |_| {})?;
                let third = second.below("waxseal intermediate too deep", now, |_| {})?;
                made(vec![third, second, first])
            }
            Issuer::RsaCa => {
                let key = AnyKey::Ordinary(self.keys.of_rsa_ca()?);
                let name = format!("waxseal {whose}intermediate with an RSA key");
                made(vec![root.below_with_key(&name, now, key, |_| {})?])
            }
            Issuer::Sha1Ca => {
                let ca = below("intermediate signed with SHA-1", &|_| {})?;
                made(vec![ca.signed_again(root, Signature::Sha1, false)?])
            }
            Issuer::SignsNothing => made(vec![below("CA that signs nothing", &|params| {
                params.key_usages =
                    vec![KeyUsagePurpose::CrlSign, KeyUsagePurpose::DigitalSignature];
            })?]),
            Issuer::Version1Ca => {
                let ca = below("intermediate of version 1", &|_| {})?;
                made(vec![ca.signed_again(root, Signature::Sha256, true)?])
            }
            Issuer::WeakCa => {
                let key = AnyKey::Short(self.keys.short()?.clone());
                let name = format!("waxseal {whose}CA with a short key");
                made(vec![root.below_with_key(&name, now, key, |_| {})?])
            }
        }
    }

    /// So many CAs, each below the one behind it, the last one below `root`.
    fn ladder(&self, root: &Ca, whose: &str, count: usize) -> Result<Vec<Ca>, Error> {
        let mut ladder: Vec<Ca> = Vec::new();
        for number in 1..=count {
            let name = format!("waxseal {whose}intermediate number {number}");
            let above = ladder.first().unwrap_or(root);
            let ca = above.below(&name, self.now, |_| {})?;
            ladder.insert(0, ca);
        }
        Ok(ladder)
    }

    fn params(&self, recipe: &Recipe, name: &str) -> Result<CertificateParams, Error> {
        let mut params = CertificateParams::default();
        for number in 1..=recipe.more_names {
            params
                .subject_alt_names
                .push(SanType::DnsName(format!("host-{number}.of-many.waxseal.test").try_into()?));
        }
        for text in &recipe.names {
            let text = fill(text, name);
            params.subject_alt_names.push(match (recipe.names_are, text.parse::<IpAddr>()) {
                (NameKind::Dns, Ok(address)) => SanType::IpAddress(address),
                (NameKind::Dns, Err(_)) => SanType::DnsName(text.try_into()?),
                (NameKind::Email, _) => SanType::Rfc822Name(text.try_into()?),
                (NameKind::Uri, _) => SanType::URI(text.try_into()?),
            });
        }
        params.distinguished_name = rcgen::DistinguishedName::new();
        if let Some(common_name) = &recipe.common_name {
            params.distinguished_name.push(DnType::CommonName, fill(common_name, name));
        }
        for (kind, value) in [
            (DnType::OrganizationName, &recipe.organisation),
            (DnType::OrganizationalUnitName, &recipe.organisational_unit),
        ] {
            if let Some(value) = value {
                params.distinguished_name.push(kind, value.as_str());
            }
        }
        if params.distinguished_name.iter().next().is_none() {
            params.distinguished_name.push(DnType::OrganizationName, "waxseal");
        }
        (params.not_before, params.not_after) = validity(recipe.valid, self.now);
        params.extended_key_usages = match recipe.usage {
            Usage::Server => vec![ExtendedKeyUsagePurpose::ServerAuth],
            Usage::Client => vec![ExtendedKeyUsagePurpose::ClientAuth],
            Usage::Both => {
                vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth]
            }
            Usage::Any => Vec::new(),
            Usage::AnyPurpose => vec![ExtendedKeyUsagePurpose::Any],
            Usage::CodeSigning => vec![ExtendedKeyUsagePurpose::CodeSigning],
            Usage::Email => vec![ExtendedKeyUsagePurpose::EmailProtection],
        };
        params.key_usages = match recipe.key_usage {
            KeyUsage::Signing if recipe.key.is_rsa() => {
                vec![KeyUsagePurpose::DigitalSignature, KeyUsagePurpose::KeyEncipherment]
            }
            KeyUsage::Signing => vec![KeyUsagePurpose::DigitalSignature],
            KeyUsage::Agreement => vec![KeyUsagePurpose::KeyAgreement],
            KeyUsage::Certificates => vec![KeyUsagePurpose::KeyCertSign],
            KeyUsage::Encipherment => vec![KeyUsagePurpose::KeyEncipherment],
            KeyUsage::None => Vec::new(),
        };
        params.is_ca = match recipe.is_ca {
            true => IsCa::Ca(BasicConstraints::Unconstrained),
            false => IsCa::ExplicitNoCa,
        };
        params.use_authority_key_identifier_extension = true;
        if recipe.critical_extension {
            add_unknown(&mut params);
        }
        if recipe.must_staple {
            // TLS feature: status_request (RFC 7633 section 4.1).
            let oid = [1, 3, 6, 1, 5, 5, 7, 1, 24];
            params
                .custom_extensions
                .push(CustomExtension::from_oid_content(&oid, STATUS_REQUEST.to_vec()));
        }
        Ok(params)
    }
}

/// The content of the TLS feature extension: a list with status_request (RFC 7633 section 6).
const STATUS_REQUEST: [u8; 5] = [0x30, 0x03, 0x02, 0x01, 0x05];

/// The CAs above a leaf, the one that signs it first.
struct Above<'a> {
    /// Those made for this leaf.
    made: Vec<Ca>,
    /// One that serves for all, above these, and whether it is sent.
    kept: Option<(&'a Ca, bool)>,
    /// The root in which they end; none where the leaf signs itself.
    root: Option<&'a [u8]>,
}

impl<'a> Above<'a> {
    fn of_kept(ca: &'a Ca, sent: bool, root: &'a Ca) -> Self {
        Self { made: Vec::new(), kept: Some((ca, sent)), root: Some(&root.der) }
    }

    fn signer(&self) -> Option<&Ca> {
        self.made.first().or(self.kept.map(|(ca, _)| ca))
    }

    fn sent(&self) -> Vec<Vec<u8>> {
        let kept = self.kept.filter(|(_, sent)| *sent).map(|(ca, _)| ca);
        self.made.iter().chain(kept).map(|ca| ca.der.clone()).collect()
    }
}

fn validity(valid: Validity, now: OffsetDateTime) -> (OffsetDateTime, OffsetDateTime) {
    let day = Duration::days(1);
    let at = |seconds| OffsetDateTime::from_unix_timestamp(seconds).unwrap_or(now);
    match valid {
        Validity::Now => (now - day, now + day * 90),
        Validity::Expired => (now - day * 90, now - day),
        Validity::ExpiredJustNow => (now - day * 90, now - Duration::minutes(1)),
        Validity::ForEver => (now - day, at(253_402_300_799)),
        Validity::Future => (now + day, now + day * 90),
        Validity::OneMoreHour => (now - day, now + Duration::hours(1)),
        Validity::Until2051 => (now - day, at(2_556_144_000)),
    }
}

impl Keys {
    /// The key of this kind that serves for all; `None`: each certificate gets its own.
    fn kept(&self, kind: Key) -> Result<Option<&AnyKey>, Error> {
        let (cell, size) = match kind {
            Key::Rsa2048 => (&self.rsa_2048, RsaKeySize::_2048),
            Key::Rsa3072 => (&self.rsa_3072, RsaKeySize::_3072),
            Key::Rsa4096 => (&self.rsa_4096, RsaKeySize::_4096),
            Key::P256 | Key::P384 | Key::P521 | Key::Ed25519 | Key::Rsa1024 => return Ok(None),
        };
        let make = || Ok(AnyKey::Ordinary(KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, size)?));
        self.once(cell, make).map(Some)
    }

    fn short(&self) -> Result<&ShortKey, Error> {
        self.once(&self.short, ShortKey::new)
    }

    fn of_rsa_ca(&self) -> Result<KeyPair, Error> {
        let der = self.once(&self.rsa_ca, || {
            Ok(KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_2048)?.serialize_der())
        })?;
        Ok(KeyPair::try_from(&der[..])?)
    }

    /// What two ask for at once is made once.
    fn once<'a, T>(
        &self,
        cell: &'a OnceLock<T>,
        make: impl FnOnce() -> Result<T, Error>,
    ) -> Result<&'a T, Error> {
        if let Some(made) = cell.get() {
            return Ok(made);
        }
        let _making = self.making.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(made) = cell.get() {
            return Ok(made);
        }
        let made = make()?;
        Ok(cell.get_or_init(|| made))
    }
}

/// A key that nobody else has.
fn fresh(kind: Key) -> Result<AnyKey, Error> {
    let rsa = |size| KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, size);
    Ok(AnyKey::Ordinary(match kind {
        Key::P256 => KeyPair::generate()?,
        Key::P384 => KeyPair::generate_for(&PKCS_ECDSA_P384_SHA384)?,
        Key::P521 => KeyPair::generate_for(&PKCS_ECDSA_P521_SHA512)?,
        Key::Ed25519 => KeyPair::generate_for(&PKCS_ED25519)?,
        Key::Rsa1024 => return Ok(AnyKey::Short(ShortKey::new()?)),
        Key::Rsa2048 => rsa(RsaKeySize::_2048)?,
        Key::Rsa3072 => rsa(RsaKeySize::_3072)?,
        Key::Rsa4096 => rsa(RsaKeySize::_4096)?,
    }))
}

/// Changes one bit of a certificate's signature, which stands at its end.
fn break_signature(der: &mut [u8]) {
    if let Some(last) = der.last_mut() {
        *last ^= 1;
    }
}

/// Fills a host's name into a template.
fn fill(text: &str, name: &str) -> String {
    let parent = name.split_once('.').map_or(name, |(_, parent)| parent);
    let grandparent = parent.split_once('.').map_or(parent, |(_, grandparent)| grandparent);
    text.replace("{name}", name).replace("{parent}", parent).replace("{grandparent}", grandparent)
}

fn pem(label: &str, der: &[u8]) -> String {
    let text = openssl::base64::encode_block(der);
    let lines: Vec<_> =
        text.as_bytes().chunks(64).map(|line| String::from_utf8_lossy(line).into_owned()).collect();
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.join("\n"))
}
