//! The CAs above a leaf, by the word of its recipe.

use rcgen::{CertificateParams, IsCa, KeyUsagePurpose};
use time::Duration;

use crate::Error;
use crate::authority::{Authorities, break_signature};
use crate::contents::{contents, fill};
use crate::fields::{Issuer, Signature};
use crate::issuers::{AnyKey, Ca, add_unknown, constrain, other_usage, path_length};
use crate::recipe::Recipe;

/// The CAs above a leaf, the one that signs it first.
pub(crate) struct Above<'a> {
    /// Those made for this leaf.
    made: Vec<Ca>,
    /// One that serves for all, above these, and whether it is sent.
    kept: Option<(&'a Ca, bool)>,
    /// The root in which they end; none where the leaf signs itself.
    pub(crate) root: Option<&'a [u8]>,
}

impl<'a> Above<'a> {
    fn of_kept(ca: &'a Ca, sent: bool, root: &'a Ca) -> Self {
        Self { made: Vec::new(), kept: Some((ca, sent)), root: Some(&root.der) }
    }

    pub(crate) fn signer(&self) -> Option<&Ca> {
        self.made.first().or(self.kept.map(|(ca, _)| ca))
    }

    pub(crate) fn sent(&self) -> Vec<Vec<u8>> {
        let kept = self.kept.filter(|(_, sent)| *sent).map(|(ca, _)| ca);
        self.made.iter().chain(kept).map(|ca| ca.der.clone()).collect()
    }
}

impl Authorities {
    /// The CAs above a leaf.
    pub(crate) fn above(&self, recipe: &Recipe, name: &str) -> Result<Above<'_>, Error> {
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
                let signer = intermediate.leaf(contents(recipe, name, now)?)?;
                let sent = Some((intermediate, true));
                Ok(Above { made: vec![signer], kept: sent, root: Some(&root.der) })
            }
            Issuer::ClientLeaf => {
                let signer = self.client.leaf(contents(recipe, name, now)?)?;
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
}
