//! Diffie-Hellman primes, long and short.

use openssl::bn::BigNum;
use openssl::dh::Dh;

/// A Diffie-Hellman prime of that many bits.
pub(super) fn prime(bits: u16) -> Option<Dh<openssl::pkey::Params>> {
    // Safe primes with generator 2, made for this suite; the one of 2048 bits is RFC 3526 group 14.
    let hex = match bits {
        512 => PRIME_512,
        768 => PRIME_768,
        1024 => PRIME_1024,
        2048 => {
            return BigNum::get_rfc3526_prime_2048()
                .and_then(|p| Dh::from_pqg(p, None, BigNum::from_u32(2)?))
                .ok();
        }
        _ => return None,
    };
    BigNum::from_hex_str(hex).and_then(|p| Dh::from_pqg(p, None, BigNum::from_u32(2)?)).ok()
}

// RFC 2409 section 6.1 (768 bits) and 6.2 (1024 bits); the one of 512 bits was searched for.
const PRIME_512: &str = "F71E592C6038FEECA321A2D2286543C22310D8CE48B433D0BFC19E4FB3D74FB7953FD6E25CFC7DD36AB3FD1D5CFC911E6A1E0BB331B230436B846A200213B117";
const PRIME_768: &str = "FFFFFFFFFFFFFFFFC90FDAA22168C234C4C6628B80DC1CD129024E088A67CC74020BBEA63B139B22514A08798E3404DDEF9519B3CD3A431B302B0A6DF25F14374FE1356D6D51C245E485B576625E7EC6F44C42E9A63A3620FFFFFFFFFFFFFFFF";
const PRIME_1024: &str = "FFFFFFFFFFFFFFFFC90FDAA22168C234C4C6628B80DC1CD129024E088A67CC74020BBEA63B139B22514A08798E3404DDEF9519B3CD3A431B302B0A6DF25F14374FE1356D6D51C245E485B576625E7EC6F44C42E9A637ED6B0BFF5CB6F406B7EDEE386BFB5A899FA5AE9F24117C4B1FE649286651ECE65381FFFFFFFFFFFFFFFF";
