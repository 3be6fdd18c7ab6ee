//! The router proof; see ARCHITECTURE.md, The seams.

use std::time::{SystemTime, UNIX_EPOCH};

use hmac::{Hmac, Mac};
use sha2::{Digest, Sha256};

/// Proves to a subgraph that this body with this token came through the router.
pub struct Proof {
    keyed: Hmac<Sha256>,
}

impl Proof {
    pub fn new(secret: &str) -> Self {
        Self { keyed: Hmac::new_from_slice(secret.as_bytes()).expect("a key of any length is taken") }
    }

    pub fn sign(&self, body: &[u8], authorization: &[u8]) -> String {
        let seconds = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |now| now.as_secs());
        self.sign_at(seconds, body, authorization)
    }

    fn sign_at(&self, seconds: u64, body: &[u8], authorization: &[u8]) -> String {
        let signed = format!("{seconds}\n{:x}\n{:x}", Sha256::digest(body), Sha256::digest(authorization));
        let mac = self.keyed.clone().chain_update(signed).finalize().into_bytes();
        format!("v1;{seconds};{mac:x}")
    }
}
