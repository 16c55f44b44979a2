//! Keys, hash trees, certificates and the authentication of requests.

pub(crate) mod authentication;
pub(crate) mod certificate;
pub(crate) mod keys;
pub(crate) mod tree;
