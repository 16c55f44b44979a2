//! Whether a request is what it claims: expiry, signature, delegations, sender.

use candid::Principal;
use ic_transport_types::{DelegationPermissions, Envelope, EnvelopeContent, SignedDelegation};
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;

/// Longest time into the future that a request may be valid for, and what clocks may differ on top.
const MAX_EXPIRY: u64 = (300 + 30) * 1_000_000_000;
const MAX_DELEGATIONS: usize = 20;
const MAX_TARGETS: usize = 1_000;
const MAX_NONCE: usize = 32;

/// Why a request is refused; the text is what the client gets.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Refused {
    #[error(
        "Invalid request expiry: Specified ingress_expiry {expiry} not within expected range: now {now}, at most {max} ns ahead"
    )]
    Expiry { expiry: u64, now: u64, max: u64 },
    #[error("Invalid signature: {0}")]
    Signature(String),
    #[error("Invalid delegation: {0}")]
    Delegation(String),
    #[error("The user id {sender} does not match the public key {key}")]
    Sender { sender: Principal, key: Principal },
    #[error("Missing signature: the sender is not anonymous, so the request must be signed")]
    Unsigned,
    #[error("A request of the anonymous user must not be signed")]
    SignedAnonymous,
    #[error("The nonce has {0} bytes, more than 32")]
    Nonce(usize),
    #[error("Canister {0} is not one of the delegation targets.")]
    Target(Principal),
    #[error("sender_info is not supported by this network")]
    SenderInfo,
}

/// The canisters that a sender's delegations are for; none if they are for all.
pub(crate) type Targets = Option<BTreeSet<Principal>>;

/// Checks `envelope` at `now`; `root` is the DER of the key by which canister signatures verify. Returns what the
/// sender's delegations are for: the canister of a call or query is among it, for what a read_state is about the
/// caller has to look.
pub(crate) fn check(envelope: &Envelope<'_>, now: u64, root: &[u8]) -> Result<Targets, Refused> {
    let content = envelope.content.as_ref();
    let sender = *content.sender();
    let anonymous = sender == Principal::anonymous();
    let update = matches!(content, EnvelopeContent::Call { .. });
    let expiry = content.ingress_expiry();
    // Reads of the anonymous user change nothing and reveal nothing: the replica is lenient with those too.
    if (update || !anonymous) && (expiry < now || expiry > now.saturating_add(MAX_EXPIRY)) {
        return Err(Refused::Expiry { expiry, now, max: MAX_EXPIRY });
    }
    if let EnvelopeContent::Call { nonce: Some(nonce), .. }
    | EnvelopeContent::Query { nonce: Some(nonce), .. } = content
        && nonce.len() > MAX_NONCE
    {
        return Err(Refused::Nonce(nonce.len()));
    }
    if let EnvelopeContent::Call { sender_info: Some(_), .. }
    | EnvelopeContent::Query { sender_info: Some(_), .. } = content
    {
        return Err(Refused::SenderInfo);
    }
    let (key, signature) = match (&envelope.sender_pubkey, &envelope.sender_sig) {
        (None, None) if anonymous && envelope.sender_delegation.is_none() => return Ok(None),
        (Some(_), _) | (_, Some(_)) if anonymous => return Err(Refused::SignedAnonymous),
        (Some(key), Some(signature)) => (key, signature),
        _ => return Err(Refused::Unsigned),
    };
    let own = Principal::self_authenticating(key);
    if own != sender {
        return Err(Refused::Sender { sender, key: own });
    }
    let none = Vec::new();
    let delegations = envelope.sender_delegation.as_ref().unwrap_or(&none);
    let (key, targets) = follow(key, delegations, update, now, root)?;
    let message = content.to_request_id().signable();
    verify(&key, &message, signature, root).map_err(Refused::Signature)?;
    if let EnvelopeContent::Call { canister_id, .. } | EnvelopeContent::Query { canister_id, .. } = content
        && !permitted(&targets, *canister_id)
    {
        return Err(Refused::Target(*canister_id));
    }
    Ok(targets)
}

/// Whether delegations for these canisters are for `canister`.
pub(crate) fn permitted(targets: &Targets, canister: Principal) -> bool {
    targets.as_ref().is_none_or(|targets| targets.contains(&canister))
}

/// The key that a chain of delegations ends at, and what all of them are for.
fn follow(
    first: &[u8],
    delegations: &[SignedDelegation],
    update: bool,
    now: u64,
    root: &[u8],
) -> Result<(Vec<u8>, Targets), Refused> {
    let refuse = |text: String| Err(Refused::Delegation(text));
    if delegations.len() > MAX_DELEGATIONS {
        return refuse(format!("the chain has {} links, more than {MAX_DELEGATIONS}", delegations.len()));
    }
    let mut key = first.to_vec();
    let mut seen = vec![key.clone()];
    let mut all: Targets = None;
    for signed in delegations {
        let delegation = &signed.delegation;
        verify(&key, &delegation.signable(), &signed.signature, root).map_err(Refused::Delegation)?;
        if delegation.expiration < now {
            return refuse(format!("it expired at {}, now is {now}", delegation.expiration));
        }
        if let Some(targets) = &delegation.targets {
            if targets.len() > MAX_TARGETS {
                return refuse(format!("it names {} targets, more than {MAX_TARGETS}", targets.len()));
            }
            let targets = targets.iter().copied();
            all = Some(match all {
                Some(so_far) => targets.filter(|target| so_far.contains(target)).collect(),
                None => targets.collect(),
            });
        }
        if update && delegation.permissions == Some(DelegationPermissions::Queries) {
            return refuse("it permits queries only".into());
        }
        key.clone_from(&delegation.pubkey);
        if seen.contains(&key) {
            return refuse("the chain has a cycle".into());
        }
        seen.push(key.clone());
    }
    Ok((key, all))
}

/// Object identifier of a canister signature's key, as it appears in DER.
const CANISTER_SIGNATURE: [u8; 12] = [0x06, 0x0a, 0x2b, 0x06, 0x01, 0x04, 0x01, 0x83, 0xb8, 0x43, 0x01, 0x02];

/// Bytes of a BLS public key, at the end of its DER.
const BLS_KEY: usize = 96;

/// Verifies a signature by a key in DER: Ed25519, ECDSA on secp256k1 or P-256, or a canister's.
fn verify(key: &[u8], message: &[u8], signature: &[u8], root: &[u8]) -> Result<(), String> {
    if let Ok(key) = ic_ed25519::PublicKey::deserialize_rfc8410_der(key) {
        return key.verify_signature(message, signature).map_err(|e| format!("Ed25519: {e:?}"));
    }
    if let Ok(key) = ic_secp256k1::PublicKey::deserialize_der(key) {
        // Signatures are accepted in either form of their second half, as the replica does.
        let digest: [u8; 32] = Sha256::digest(message).into();
        return key
            .verify_signature_prehashed_with_malleability(&digest, signature)
            .then_some(())
            .ok_or_else(|| "ECDSA (secp256k1): the signature does not verify".into());
    }
    if let Ok(key) = ic_secp256r1::PublicKey::deserialize_der(key) {
        return key
            .verify_signature(message, signature)
            .then_some(())
            .ok_or_else(|| "ECDSA (P-256): the signature does not verify".into());
    }
    if key.windows(CANISTER_SIGNATURE.len()).any(|w| w == CANISTER_SIGNATURE) {
        let root = &root[root.len().saturating_sub(BLS_KEY)..];
        return ic_signature_verification::verify_canister_sig(message, signature, key, root)
            .map_err(|e| format!("canister signature: {e}"));
    }
    Err("the public key is not one of Ed25519, secp256k1, P-256 or a canister's in DER".into())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;

    /// The example of the interface specification, section "Request ids".
    #[test]
    fn request_ids_are_the_specifications() {
        let content = EnvelopeContent::Call {
            nonce: None,
            ingress_expiry: 1_685_570_400_000_000_000,
            sender: Principal::anonymous(),
            canister_id: Principal::from_slice(&[0, 0, 0, 0, 0, 0, 0x04, 0xd2]),
            method_name: "hello".into(),
            arg: b"DIDL\x00\xfd*".to_vec(),
            sender_info: None,
        };
        let id = content.to_request_id();
        assert_eq!(hex::encode(*id), "1d1091364d6bb8a6c16b203ee75467d59ead468f523eb058880ae8ec80e2b101");
        assert_eq!(id.signable(), [b"\x0aic-request", &id[..]].concat());
    }
}
