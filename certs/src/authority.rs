//! Certificate authorities made for one run, and the leafs they sign.

use std::sync::OnceLock;
use std::time::SystemTime;

use rcgen::{
    BasicConstraints, CertificateParams, CustomExtension, DnType, ExtendedKeyUsagePurpose,
    GeneralSubtree, IsCa, Issuer as Signer, KeyPair, KeyUsagePurpose, NameConstraints,
    PKCS_RSA_SHA256, RsaKeySize,
};
use time::{Duration, OffsetDateTime};

use crate::recipe::{Issuer, Key, NO_CA, Recipe, Usage, Validity};
use crate::{Error, weak};

/// A chain and its key.
#[derive(Clone, Debug)]
pub struct Issued {
    /// DER, leaf first, as it is served.
    pub chain: Vec<Vec<u8>>,
    /// PKCS#8 DER.
    pub key: Vec<u8>,
    /// RSA below 2048 bits, a SHA-1 signature, or an extension that the modern engine does not show:
    /// only the legacy one takes it.
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

/// A CA: its certificate in DER and what signs with it.
struct Ca {
    der: Vec<u8>,
    signer: Signer<'static, KeyPair>,
}

/// All authorities of one run.
pub struct Authorities {
    now: OffsetDateTime,
    root: Ca,
    intermediate: Ca,
    constrained: Ca,
    expired: Ca,
    ends_here: Ca,
    too_deep: Ca,
    signs_nothing: Ca,
    root_b: Ca,
    unknown: Ca,
    client: Ca,
    rsa: OnceLock<KeyPair>,
    rsa_3072: OnceLock<KeyPair>,
    weak: OnceLock<weak::WeakKeys>,
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
        let intermediate = Ca::below("waxseal intermediate A", &root, now, |_| {})?;
        let constrained = Ca::below("waxseal constrained", &root, now, |params| {
            params.name_constraints = Some(NameConstraints {
                permitted_subtrees: vec![GeneralSubtree::DnsName("permitted.test".into())],
                excluded_subtrees: Vec::new(),
            });
        })?;
        let expired = Ca::below("waxseal expired intermediate", &root, now, |params| {
            params.not_after = now - Duration::days(1);
        })?;
        let ends_here = Ca::below("waxseal last intermediate", &root, now, |params| {
            params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        })?;
        let too_deep = Ca::below("waxseal intermediate too deep", &ends_here, now, |_| {})?;
        let signs_nothing = Ca::below("waxseal CA that signs nothing", &root, now, |params| {
            params.key_usages = vec![KeyUsagePurpose::CrlSign, KeyUsagePurpose::DigitalSignature];
        })?;
        Ok(Self {
            now,
            intermediate,
            constrained,
            expired,
            ends_here,
            too_deep,
            signs_nothing,
            root,
            root_b: Ca::root("waxseal root B", now)?,
            unknown: Ca::root("waxseal unknown root", now)?,
            client: Ca::root("waxseal client CA", now)?,
            rsa: OnceLock::new(),
            rsa_3072: OnceLock::new(),
            weak: OnceLock::new(),
        })
    }

    /// Roots that a relay shall trust for servers, in DER.
    pub fn trust_anchors(&self) -> Vec<Vec<u8>> {
        vec![self.root.der.clone()]
    }

    /// Roots that a relay shall trust for servers, in PEM.
    pub fn trust_anchors_pem(&self) -> String {
        pem("CERTIFICATE", &self.root.der)
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
            // What is weak about one is made elsewhere.
            signature: _,
            issuer,
            omits_intermediate,
            broken_signature,
            foreign_key,
            sends_root,
            // What stands in the certificate.
            names: _,
            common_name: _,
            organisation: _,
            organisational_unit: _,
            valid: _,
            usage: _,
            critical_extension,
            must_staple: _,
        } = recipe;
        let (ca, above) = self.signer(*issuer);
        let params = self.params(recipe, name)?;
        if let Some(why) = recipe.impossible() {
            return Err(Error::Recipe(why));
        }
        if recipe.is_weak() {
            return self.issue_weak(recipe, name, ca.ok_or(Error::Recipe(NO_CA))?, &above);
        }
        let own;
        let key = match wanted {
            Key::Rsa2048 => kept(&self.rsa, RsaKeySize::_2048)?,
            Key::Rsa3072 => kept(&self.rsa_3072, RsaKeySize::_3072)?,
            Key::Ed25519 => {
                own = KeyPair::generate_for(&rcgen::PKCS_ED25519)?;
                &own
            }
            Key::P384 => {
                own = KeyPair::generate_for(&rcgen::PKCS_ECDSA_P384_SHA384)?;
                &own
            }
            // A weak key was made above.
            Key::P256 | Key::Rsa1024 => {
                own = KeyPair::generate()?;
                &own
            }
        };
        let mut chain = Vec::new();
        let leaf = match (issuer, ca) {
            (Issuer::Leaf | Issuer::ClientLeaf, _) => {
                let (ca, above): (&Ca, &[&Ca]) = match issuer {
                    Issuer::ClientLeaf => (&self.client, &[]),
                    _ => (&self.intermediate, &[&self.intermediate]),
                };
                let signer_key = KeyPair::generate()?;
                let signer_params = self.params(recipe, name)?;
                let signer_cert = signer_params.signed_by(&signer_key, &ca.signer)?;
                chain.push(signer_cert.der().to_vec());
                chain.extend(above.iter().map(|ca| ca.der.clone()));
                params.signed_by(key, &Signer::new(signer_params, signer_key))?
            }
            (_, Some(ca)) => params.signed_by(key, &ca.signer)?,
            (_, None) => params.self_signed(key)?,
        };
        let mut leaf = leaf.der().to_vec();
        if *broken_signature {
            break_signature(&mut leaf);
        }
        if !omits_intermediate {
            chain.extend(above.iter().map(|ca| ca.der.clone()));
        }
        chain.insert(0, leaf);
        if *sends_root {
            chain.push(self.root.der.clone());
        }
        let key = if *foreign_key { &KeyPair::generate_for(key.algorithm())? } else { key };
        Ok(Issued { chain, key: key.serialize_der(), weak: *critical_extension })
    }

    /// A key or a signature that the ordinary library refuses to make.
    fn issue_weak(
        &self,
        recipe: &Recipe,
        name: &str,
        ca: &Ca,
        above: &[&Ca],
    ) -> Result<Issued, Error> {
        let made = self.weak.get_or_init(|| weak::WeakKeys::new(self.now.unix_timestamp()));
        let signer = (&ca.der[..], &ca.signer.key().serialize_der()[..]);
        let above = above.iter().map(|ca| ca.der.clone()).collect();
        let mut made = made.issue(recipe, name, signer, above)?;
        if recipe.sends_root {
            made.chain.push(self.root.der.clone());
        }
        Ok(made)
    }

    /// The CA that signs, if one does, and the certificates that are sent above the leaf.
    fn signer(&self, issuer: Issuer) -> (Option<&Ca>, Vec<&Ca>) {
        match issuer {
            Issuer::Intermediate => (Some(&self.intermediate), vec![&self.intermediate]),
            Issuer::ClientCa => (Some(&self.client), Vec::new()),
            Issuer::ConstrainedCa => (Some(&self.constrained), vec![&self.constrained]),
            Issuer::RootB => (Some(&self.root_b), Vec::new()),
            Issuer::Unknown => (Some(&self.unknown), Vec::new()),
            Issuer::ExpiredCa => (Some(&self.expired), vec![&self.expired]),
            Issuer::PathTooLong => (Some(&self.too_deep), vec![&self.too_deep, &self.ends_here]),
            Issuer::SignsNothing => (Some(&self.signs_nothing), vec![&self.signs_nothing]),
            // What signs with the weak CA is made with it; it stands below the root.
            Issuer::WeakCa => (Some(&self.root), Vec::new()),
            Issuer::Itself | Issuer::Leaf | Issuer::ClientLeaf => (None, Vec::new()),
        }
    }

    fn params(&self, recipe: &Recipe, name: &str) -> Result<CertificateParams, Error> {
        let mut params = CertificateParams::new(fill(&recipe.names, name))?;
        params.distinguished_name = rcgen::DistinguishedName::new();
        if let Some(common_name) = &recipe.common_name {
            let common_name = fill(std::slice::from_ref(common_name), name).remove(0);
            params.distinguished_name.push(DnType::CommonName, common_name);
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
        let day = Duration::days(1);
        (params.not_before, params.not_after) = match recipe.valid {
            Validity::Now => (self.now - day, self.now + day * 90),
            Validity::Expired => (self.now - day * 90, self.now - day),
            Validity::Future => (self.now + day, self.now + day * 90),
        };
        params.extended_key_usages = match recipe.usage {
            Usage::Server => vec![ExtendedKeyUsagePurpose::ServerAuth],
            Usage::Client => vec![ExtendedKeyUsagePurpose::ClientAuth],
            Usage::Any => Vec::new(),
        };
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        if recipe.key.is_rsa() {
            params.key_usages.push(KeyUsagePurpose::KeyEncipherment);
        }
        params.is_ca = IsCa::ExplicitNoCa;
        params.use_authority_key_identifier_extension = true;
        if recipe.critical_extension {
            let content = UNKNOWN_CONTENT.to_vec();
            let mut unknown = CustomExtension::from_oid_content(&UNKNOWN_EXTENSION, content);
            unknown.set_criticality(true);
            params.custom_extensions.push(unknown);
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
pub(crate) const STATUS_REQUEST: [u8; 5] = [0x30, 0x03, 0x02, 0x01, 0x05];

/// An arc below the enterprise number for documentation (RFC 5612): nobody knows this extension.
pub(crate) const UNKNOWN_EXTENSION: [u64; 8] = [1, 3, 6, 1, 4, 1, 32473, 1];

/// Its content: NULL.
pub(crate) const UNKNOWN_CONTENT: [u8; 2] = [0x05, 0x00];

/// An RSA key, made when it is first wanted: that takes its time.
fn kept(cell: &OnceLock<KeyPair>, size: RsaKeySize) -> Result<&KeyPair, Error> {
    if let Some(key) = cell.get() {
        return Ok(key);
    }
    let key = KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, size)?;
    Ok(cell.get_or_init(|| key))
}

impl Ca {
    fn root(name: &str, now: OffsetDateTime) -> Result<Self, Error> {
        let (params, key) = Self::prepare(name, now)?;
        let der = params.self_signed(&key)?.der().to_vec();
        Ok(Self { der, signer: Signer::new(params, key) })
    }

    fn below(
        name: &str,
        above: &Self,
        now: OffsetDateTime,
        change: impl FnOnce(&mut CertificateParams),
    ) -> Result<Self, Error> {
        let (mut params, key) = Self::prepare(name, now)?;
        change(&mut params);
        let der = params.signed_by(&key, &above.signer)?.der().to_vec();
        Ok(Self { der, signer: Signer::new(params, key) })
    }

    fn prepare(name: &str, now: OffsetDateTime) -> Result<(CertificateParams, KeyPair), Error> {
        let mut params = CertificateParams::default();
        params.distinguished_name = rcgen::DistinguishedName::new();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        params.not_before = now - Duration::days(365);
        params.not_after = now + Duration::days(365);
        Ok((params, KeyPair::generate()?))
    }
}

/// Changes one bit of a certificate's signature, which stands at its end.
pub(crate) fn break_signature(der: &mut [u8]) {
    if let Some(last) = der.last_mut() {
        *last ^= 1;
    }
}

/// Fills a host's name into templates.
pub(crate) fn fill(names: &[String], name: &str) -> Vec<String> {
    let parent = name.split_once('.').map_or(name, |(_, parent)| parent);
    let grandparent = parent.split_once('.').map_or(parent, |(_, grandparent)| grandparent);
    names
        .iter()
        .map(|text| {
            text.replace("{name}", name)
                .replace("{parent}", parent)
                .replace("{grandparent}", grandparent)
        })
        .collect()
}

fn pem(label: &str, der: &[u8]) -> String {
    let text = openssl::base64::encode_block(der);
    let lines: Vec<_> =
        text.as_bytes().chunks(64).map(|line| String::from_utf8_lossy(line).into_owned()).collect();
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.join("\n"))
}
