//! The network's keys: the root key that signs certificates and the node key that signs query replies.

use crate::Error;
use crate::state::disk::{Disk, decode, encode};
use candid::Principal;
use ic_verify_bls_signature::PrivateKey;
use rand::RngCore;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// What precedes the 96 bytes of a BLS public key in DER.
const BLS_DER: [u8; 37] = [
    0x30, 0x81, 0x82, 0x30, 0x1d, 0x06, 0x0d, 0x2b, 0x06, 0x01, 0x04, 0x01, 0x82, 0xdc, 0x7c, 0x05, 0x03,
    0x01, 0x02, 0x01, 0x06, 0x0c, 0x2b, 0x06, 0x01, 0x04, 0x01, 0x82, 0xdc, 0x7c, 0x05, 0x03, 0x02, 0x01,
    0x03, 0x61, 0x00,
];

/// Root key, node key and the ids that follow from them.
pub(crate) struct Keys {
    root: PrivateKey,
    node: ic_ed25519::PrivateKey,
    /// DER of the public root key.
    pub(crate) root_der: Arc<Vec<u8>>,
    /// DER of the node's public key.
    pub(crate) node_der: Vec<u8>,
    pub(crate) subnet: Principal,
    pub(crate) node_id: Principal,
}

impl std::fmt::Debug for Keys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Keys({})", self.subnet)
    }
}

#[derive(Serialize, Deserialize)]
struct Stored {
    #[serde(with = "serde_bytes")]
    root: Vec<u8>,
    #[serde(with = "serde_bytes")]
    node: Vec<u8>,
}

impl Keys {
    /// Fresh random keys.
    pub(crate) fn generate() -> Keys {
        let mut seed = [0; 32];
        rand::rng().fill_bytes(&mut seed);
        let node = ic_ed25519::PrivateKey::deserialize_raw_32(&seed);
        let root = loop {
            // Any 32 bytes below the group's order are a key, about every second try.
            rand::rng().fill_bytes(&mut seed);
            seed[0] &= 0x3f;
            if let Ok(key) = PrivateKey::deserialize(&seed) {
                break key;
            }
        };
        Keys::from(root, node)
    }

    /// The keys of a state directory, made at its first use.
    pub(crate) fn load(disk: &Disk) -> Result<Keys, Error> {
        let Some(bytes) = disk.read("keys")? else {
            let keys = Keys::generate();
            let stored =
                Stored { root: keys.root.serialize().to_vec(), node: keys.node.serialize_raw().to_vec() };
            disk.write("keys", &encode(&stored)).map_err(Error::io("cannot store the network's keys"))?;
            return Ok(keys);
        };
        let bad = |what: &str| Error::Io {
            what: "cannot read the network's keys".into(),
            source: std::io::Error::new(std::io::ErrorKind::InvalidData, what.to_owned()),
        };
        let stored: Stored = decode(&bytes).map_err(|e| bad(&e))?;
        let root = PrivateKey::deserialize(&stored.root).map_err(|_| bad("not a BLS key"))?;
        let node =
            ic_ed25519::PrivateKey::deserialize_raw(&stored.node).map_err(|_| bad("not an Ed25519 key"))?;
        Ok(Keys::from(root, node))
    }

    fn from(root: PrivateKey, node: ic_ed25519::PrivateKey) -> Keys {
        let root_der = [&BLS_DER[..], &root.public_key().serialize()].concat();
        let node_der = node.public_key().serialize_rfc8410_der();
        Keys {
            subnet: Principal::self_authenticating(&root_der),
            node_id: Principal::self_authenticating(&node_der),
            root_der: Arc::new(root_der),
            node_der,
            root,
            node,
        }
    }

    /// The root key's signature of a state tree.
    pub(crate) fn sign_root(&self, root_hash: &[u8; 32]) -> Vec<u8> {
        self.root.sign(&[b"\x0Dic-state-root", &root_hash[..]].concat()).serialize().to_vec()
    }

    /// The node's signature of a query reply.
    pub(crate) fn sign_reply(&self, bytes: &[u8]) -> Vec<u8> {
        self.node.sign_message(bytes).to_vec()
    }
}
