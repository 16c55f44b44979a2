//! The streaming callback: a canister's older way to give a body in parts.

use super::ask::HttpResponse;
use super::reply;
use crate::net::Instance;
use axum::body::Bytes;
use candid::types::Label;
use candid::types::value::{IDLField, IDLValue};
use candid::{CandidType, IDLArgs, Principal, Reserved};
use serde::Deserialize;
use std::io;
use std::sync::Arc;
use tokio::sync::mpsc::Sender;

/// Parts that are gathered to be verified as a whole, as many as the public gateways gather.
const GATHERED: usize = 4;

/// Where the next part comes from. The token is of whatever type the canister chose and goes back as it came.
pub(super) struct Strategy {
    canister: Principal,
    method: String,
    token: IDLValue,
}

/// A part, the token of the next one read apart.
#[derive(CandidType, Deserialize)]
struct Part {
    body: serde_bytes::ByteBuf,
    token: Option<Reserved>,
}

impl Strategy {
    /// The strategy in the response that `bytes` are, if it is one of a kind that is known.
    pub(super) fn read(bytes: &[u8]) -> Result<Option<Strategy>, candid::Error> {
        let mut args = reply::values(bytes)?;
        let found = args
            .args
            .drain(..)
            .next()
            .and_then(|response| field(response, "streaming_strategy"))
            .and_then(|option| if let IDLValue::Opt(inner) = option { Some(*inner) } else { None })
            .and_then(|variant| if let IDLValue::Variant(v) = variant { Some(v.0.val) } else { None })
            .and_then(|callback| {
                let IDLValue::Func(canister, method) = field(callback.clone(), "callback")? else {
                    return None;
                };
                Some(Strategy { canister, method, token: field(callback, "token")? })
            });
        Ok(found)
    }
}

fn field(record: IDLValue, name: &str) -> Option<IDLValue> {
    let IDLValue::Record(fields) = record else { return None };
    let id = candid::idl_hash(name);
    fields.into_iter().find(|IDLField { id: label, .. }| Label::get_id(label) == id).map(|f| f.val)
}

/// Puts what the callback gives behind the body. There is a strategy left if that is not all.
pub(super) async fn gather(
    instance: &Arc<Instance>,
    canister: Principal,
    response: &mut HttpResponse,
) -> Result<(), io::Error> {
    for _ in 0..GATHERED {
        let Some(mut strategy) = response.strategy.take() else { break };
        let (body, token, instructions) = part(instance, canister, &strategy).await?;
        response.instructions = response.instructions.map(|before| before + instructions);
        response.body.extend_from_slice(&body);
        response.strategy = token.map(|token| {
            strategy.token = token;
            strategy
        });
    }
    Ok(())
}

/// Sends the first part and then what the callback gives, until it has no further token.
pub(super) async fn follow(
    instance: Arc<Instance>,
    canister: Principal,
    mut strategy: Strategy,
    first: Bytes,
    send: Sender<Result<Bytes, io::Error>>,
) {
    if send.send(Ok(first)).await.is_err() {
        return;
    }
    loop {
        match part(&instance, canister, &strategy).await {
            Ok((body, token, _)) => {
                if send.send(Ok(body)).await.is_err() {
                    return;
                }
                match token {
                    Some(token) => strategy.token = token,
                    None => return,
                }
            }
            Err(e) => {
                let _ = send.send(Err(e)).await;
                return;
            }
        }
    }
}

/// A part, the token of the next one, and the instructions that it took.
async fn part(
    instance: &Arc<Instance>,
    canister: Principal,
    strategy: &Strategy,
) -> Result<(Bytes, Option<IDLValue>, u64), io::Error> {
    if strategy.canister != canister {
        return Err(io::Error::other("the streaming callback is another canister's"));
    }
    let arg = IDLArgs::new(std::slice::from_ref(&strategy.token)).to_bytes().map_err(io::Error::other)?;
    let (asked, method) = (instance.clone(), strategy.method.clone());
    let (answer, instructions) = tokio::task::spawn_blocking(move || {
        asked.query_metered(Principal::anonymous(), canister, &method, Arc::new(arg))
    })
    .await
    .map_err(io::Error::other)?;
    let bytes = answer.map_err(|refusal| io::Error::other(refusal.message))?;
    let part: Part = reply::decode(&bytes).map_err(io::Error::other)?;
    let token = match part.token {
        Some(_) => next_token(&bytes)?,
        None => None,
    };
    Ok((Bytes::from(part.body.into_vec()), token, instructions))
}

fn next_token(bytes: &[u8]) -> Result<Option<IDLValue>, io::Error> {
    let mut args = reply::values(bytes).map_err(io::Error::other)?;
    let token = args.args.drain(..).next().and_then(|part| field(part, "token"));
    Ok(token.and_then(|t| if let IDLValue::Opt(inner) = t { Some(*inner) } else { None }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_of_any_type_survive_beside_any_body() {
        #[derive(CandidType, Deserialize, PartialEq, Debug)]
        struct Mine {
            key: String,
            index: candid::Nat,
        }
        candid::define_function!(Callback : (Mine) -> () query);
        #[derive(CandidType)]
        struct CallbackStrategy {
            callback: Callback,
            token: Mine,
        }
        #[derive(CandidType)]
        enum Streaming {
            Callback(CallbackStrategy),
        }
        #[derive(CandidType)]
        struct Response {
            status_code: u16,
            headers: Vec<(String, String)>,
            body: Vec<u8>,
            streaming_strategy: Option<Streaming>,
        }
        let token = || Mine { key: "a".into(), index: 7u8.into() };
        let callback = Callback::new(Principal::management_canister(), "more".into());
        let given = Response {
            status_code: 200,
            headers: vec![],
            body: vec![1; 1_900_000],
            streaming_strategy: Some(Streaming::Callback(CallbackStrategy { callback, token: token() })),
        };
        let bytes = candid::encode_one(given).unwrap();
        let strategy = super::Strategy::read(&bytes).unwrap().unwrap();
        assert_eq!(strategy.method, "more");
        let back = candid::IDLArgs::new(&[strategy.token]).to_bytes().unwrap();
        assert_eq!(candid::decode_one::<Mine>(&back).unwrap(), token());
    }
}
