//! Creating a token: checked, then the network is asked for randomness, then checked again and made.

use candid::{Encode, Principal};
use darkroom_api as api;

use crate::calls::{self, Answer};
use crate::env::{self, Caller};
use crate::operations::Operation;
use crate::{metered, with_service};

/// Answers the message, now or when the network has answered.
pub(crate) fn create(caller: Caller, args: api::CreateToken) {
    if let Err(error) = with_service(|service| service.check_token(caller, env::now(), &args)) {
        return reply(&Err(error));
    }
    let nothing = candid::encode_args(()).unwrap_or_default();
    let then = Box::new(move |answer| made(caller, &args, answer));
    if let Err((code, then)) = calls::call(Principal::management_canister(), "raw_rand", &nothing, then) {
        then(Answer::Rejected(0, format!("the call cannot be made: error {code}")));
    }
}

fn made(caller: Caller, args: &api::CreateToken, answer: Answer) {
    let random = match answer {
        Answer::Reply(bytes) => random(&bytes),
        Answer::Rejected(_, reason) => Err(reason),
        // What trapped was undone, and nothing is to be done: the network answers for it.
        Answer::Trapped => return,
    };
    let created = random.map_err(|message| {
        let error = api::Error::new(api::code::NO_RANDOMNESS, message);
        api::Error { retryable: true, ..error }
    });
    reply(&created.and_then(|random| {
        metered(Operation::CreateToken, |service| service.create_token(caller, env::now(), args, random))
    }));
}

/// 32 bytes that nobody could foresee, agreed on by the network.
fn random(reply: &[u8]) -> Result<[u8; 32], String> {
    let bytes: Vec<u8> = candid::decode_one(reply).map_err(|error| error.to_string())?;
    let found = bytes.len();
    bytes.try_into().map_err(|_| format!("{found} random bytes, where 32 were asked for"))
}

fn reply(created: &api::Result<api::CreatedToken>) {
    match Encode!(created) {
        Ok(bytes) => ic_cdk::api::msg_reply(bytes),
        Err(error) => ic_cdk::trap(format!("the answer cannot be written: {error}")),
    }
}
