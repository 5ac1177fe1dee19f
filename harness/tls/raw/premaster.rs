//! Premaster secrets as an attacker forges them, encrypted for a server that takes static RSA.

use openssl::error::ErrorStack;
use openssl::rand::rand_bytes;
use openssl::rsa::Padding;
use openssl::x509::X509;
use waxseal_model::offer::Version;

/// How a premaster secret stands in what is encrypted (RFC 8017 section 7.2.1, RFC 5246 section
/// 7.4.7.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Premaster {
    /// As it ought to: 0, 2, padding, 0, version, 46 octets.
    Right,
    /// It begins with other octets than 0 and 2.
    WrongStart,
    /// No 0 ends the padding.
    Endless,
    /// The 0 stands elsewhere: the secret is too short.
    Short,
    /// The version is another one.
    WrongVersion,
}

impl Premaster {
    /// All of them, the right one first.
    pub const ALL: [Self; 5] =
        [Self::Right, Self::WrongStart, Self::Endless, Self::Short, Self::WrongVersion];

    fn block(self, size: usize, version: Version) -> Result<Vec<u8>, ErrorStack> {
        let mut block = vec![0; size];
        rand_bytes(&mut block)?;
        // None of the random octets may end the padding.
        block.iter_mut().for_each(|octet| *octet |= 1);
        let secret = size - 48;
        block[..2].copy_from_slice(&[0, 2]);
        block[secret - 1] = 0;
        block[secret..secret + 2].copy_from_slice(&version.code().to_be_bytes());
        match self {
            Self::Right => {}
            Self::WrongStart => block[..2].copy_from_slice(&[0x41, 0x17]),
            Self::Endless => {
                block[secret - 1] = 0x11;
                block[secret..].iter_mut().for_each(|octet| *octet |= 1);
            }
            Self::Short => {
                block[secret - 1] = 0x11;
                block[size - 3] = 0;
            }
            Self::WrongVersion => block[secret..secret + 2].copy_from_slice(&[2, 2]),
        }
        Ok(block)
    }

    /// A fresh one, encrypted under the key of a certificate (DER) for a hello of this version.
    /// `None`: the certificate is none with an RSA key that has room for it.
    pub fn encrypt(self, leaf: &[u8], version: Version) -> Option<Vec<u8>> {
        let key = X509::from_der(leaf).ok()?.public_key().ok()?.rsa().ok()?;
        let size = usize::try_from(key.size()).ok().filter(|size| *size >= 64)?;
        let mut encrypted = vec![0; size];
        let mut block = self.block(size, version).ok()?;
        if self == Self::WrongStart {
            // What is beyond the modulus cannot be encrypted.
            let modulus = key.n().to_vec();
            block[0] = block[0].min(modulus.first()?.saturating_sub(1)).max(1);
        }
        key.public_encrypt(&block, &mut encrypted, Padding::NONE).ok()?;
        Some(encrypted)
    }
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use openssl::pkey::PKey;
    use waxseal_certs::{Authorities, Recipe};

    use super::*;

    #[test]
    fn each_is_wrong_in_the_way_that_its_name_says() {
        let recipe: Recipe = toml::from_str("about = ''\nkey = 'rsa-2048'").unwrap();
        let authorities = Authorities::new(SystemTime::now()).unwrap();
        let issued = authorities.issue(&recipe, "mx.host.test").unwrap();
        let key = PKey::private_key_from_pkcs8(&issued.key).unwrap().rsa().unwrap();
        for premaster in Premaster::ALL {
            let block = premaster.encrypt(&issued.chain[0], Version::Tls12).unwrap();
            let mut plain = vec![0; 256];
            key.private_decrypt(&block, &mut plain, Padding::NONE).unwrap();
            let start = plain[..2] == [0, 2];
            let end = plain[2..].iter().position(|octet| *octet == 0).map(|at| at + 3);
            let version = end.and_then(|end| plain.get(end..end + 2)) == Some(&[3, 3]);
            let length = end.map(|end| plain.len() - end);
            let expected = match premaster {
                Premaster::Right => (true, true, Some(48)),
                Premaster::WrongStart => (false, true, Some(48)),
                Premaster::Endless => (true, false, None),
                Premaster::Short => (true, false, Some(2)),
                Premaster::WrongVersion => (true, false, Some(48)),
            };
            assert_eq!((start, version, length), expected, "{premaster:?}");
        }
    }
}
