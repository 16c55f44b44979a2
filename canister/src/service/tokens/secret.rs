//! The secret half of a token.

use subtle::ConstantTimeEq;

use crate::certify::hash::{self, Hash};
use crate::hex;
use crate::store::TokenId;

/// 128 bits that only the token's holder has: no `Debug`, and no field of any record.
pub(super) struct Secret([u8; 16]);

impl Secret {
    /// The id and the secret of a new token from 32 random bytes.
    pub(super) fn split(random: [u8; 32]) -> (TokenId, Secret) {
        let (mut id, mut secret) = ([0; 16], [0; 16]);
        id.copy_from_slice(&random[..16]);
        secret.copy_from_slice(&random[16..]);
        (TokenId(id), Secret(secret))
    }

    /// As it stands in a path.
    pub(super) fn text(&self) -> String {
        hex::text(&self.0)
    }

    /// What is kept to know it by. It takes as long to find a secret from it as without it: the secret is random.
    pub(super) fn check(&self, id: TokenId) -> Hash {
        hash::sha256(&[b"darkroom-token:", &id.0, &self.0])
    }
}

/// Whether a text is the secret that is known by `check`. Takes as long for any text of the right form: hashes are
/// compared, so that nothing of the secret follows from the time, and those in constant time.
pub(super) fn is_right(check: &Hash, id: TokenId, text: &str) -> bool {
    hex::parse(text).map(Secret).is_some_and(|secret| secret.check(id).ct_eq(check).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_text_is_right() {
        let (id, secret) = Secret::split(std::array::from_fn(|at| u8::try_from(at * 7).unwrap()));
        let (check, text) = (secret.check(id), secret.text());
        assert!(is_right(&check, id, &text));
        assert!(!is_right(&check, TokenId([0; 16]), &text));
        for other in ["", &text[1..], &text.to_uppercase(), &"0".repeat(32), &format!("{text}0")] {
            assert!(!is_right(&check, id, other), "{other}");
        }
    }
}
