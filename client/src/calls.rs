//! The canister's endpoints with their types; transient failures are repeated here and nowhere else.

use std::sync::Arc;

use candid::{CandidType, Encode, Principal};
use ic_agent::{Agent, AgentError};
use serde::de::DeserializeOwned;

use crate::error::{Error, Result};
use crate::retry::{RetryPolicy, Tries, is_overload, is_transient, refusal};
use crate::thread::on_thread;
use crate::window::{Gate, Pass};

/// The most attempts at what the canister itself calls worth repeating, such as bytes damaged on the way.
const ANSWER_ATTEMPTS: u32 = 3;

/// A canister, and how it is spoken to.
#[derive(Clone)]
pub(crate) struct Calls {
    pub(crate) agent: Agent,
    pub(crate) canister: Principal,
    pub(crate) retry: RetryPolicy,
    /// Where messages with many bytes wait.
    pub(crate) gate: Arc<Gate>,
}

/// When a message with many bytes is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Entry {
    /// Once the window has a place.
    InTurn,
    /// At once, counted in the window.
    Now,
}

/// An encoded argument.
enum Argument {
    /// It is there.
    Ready(Vec<u8>),
    /// It is made for each attempt.
    Made(Arc<dyn Fn() -> Result<Vec<u8>> + Send + Sync>),
}

impl Argument {
    async fn bytes(&self) -> Result<Vec<u8>> {
        match self {
            Argument::Ready(bytes) => Ok(bytes.clone()),
            Argument::Made(make) => {
                let make = make.clone();
                on_thread(move || make()).await?
            }
        }
    }
}

/// An update call, whose answer is certified, or a query.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Mode {
    Update,
    Query,
}

impl Calls {
    /// An update call of an endpoint that may refuse.
    pub(crate) async fn update<A, R>(&self, call: &'static str, argument: &A) -> Result<R>
    where
        A: CandidType,
        R: CandidType + DeserializeOwned,
    {
        self.fallible(Mode::Update, call, argument).await
    }

    /// A query of an endpoint that may refuse.
    pub(crate) async fn query<A, R>(&self, call: &'static str, argument: &A) -> Result<R>
    where
        A: CandidType,
        R: CandidType + DeserializeOwned,
    {
        self.fallible(Mode::Query, call, argument).await
    }

    /// A query, without argument, of an endpoint that never refuses.
    pub(crate) async fn list<R>(&self, call: &'static str) -> Result<R>
    where
        R: CandidType + DeserializeOwned,
    {
        let argument = Encode!().map_err(|error| unreadable(call, error))?;
        let mut tries = Tries::default();
        loop {
            match self.send(Mode::Query, call, argument.clone()).await {
                Ok(bytes) => {
                    return darkroom_api::read_answer(&bytes).map_err(|error| unreadable(call, error));
                }
                Err(source) => self.pause(call, source, &mut tries).await?,
            }
        }
    }

    /// An update call that carries many bytes. It takes its place in the window, then makes the argument on a
    /// thread, so that not more of them are in memory than are on their way; what becomes of it moves the window.
    /// While it waits for another attempt its place is free, and the argument, which is made anew for it, is gone.
    pub(crate) async fn carry<A, R>(
        &self,
        call: &'static str,
        entry: Entry,
        argument: impl Fn() -> Result<A> + Send + Sync + 'static,
    ) -> Result<R>
    where
        A: CandidType,
        R: CandidType + DeserializeOwned,
    {
        let pass = match entry {
            Entry::InTurn => self.gate.enter().await,
            Entry::Now => self.gate.enter_now(),
        };
        let encode = move || Encode!(&argument()?).map_err(|error| unreadable(call, error));
        self.attempts(Mode::Update, call, Argument::Made(Arc::new(encode)), Some(pass)).await
    }

    async fn fallible<A, R>(&self, mode: Mode, call: &'static str, argument: &A) -> Result<R>
    where
        A: CandidType,
        R: CandidType + DeserializeOwned,
    {
        let argument = Encode!(argument).map_err(|error| unreadable(call, error))?;
        self.attempts(mode, call, Argument::Ready(argument), None).await
    }

    /// Repeats what failed on the way, and what the canister itself calls worth repeating; nothing else.
    async fn attempts<R>(
        &self,
        mode: Mode,
        call: &'static str,
        argument: Argument,
        mut pass: Option<Pass>,
    ) -> Result<R>
    where
        R: CandidType + DeserializeOwned,
    {
        let through_gate = pass.is_some();
        let mut tries = Tries::default();
        loop {
            match self.send(mode, call, argument.bytes().await?).await {
                Ok(bytes) => {
                    if let Some(pass) = pass.take() {
                        pass.delivered();
                    }
                    let source = match decode::<R>(call, &bytes)? {
                        Ok(answer) => return Ok(answer),
                        Err(source) => source,
                    };
                    let may = source.retryable && tries.failed() + 1 < ANSWER_ATTEMPTS;
                    if !(may && tries.again(&self.retry).await) {
                        return Err(Error::Refused { call, source });
                    }
                }
                Err(source) => {
                    if let Some(pass) = pass.take().filter(|_| is_overload(&source)) {
                        pass.overloaded();
                    }
                    self.pause(call, source, &mut tries).await?;
                }
            }
            if through_gate {
                pass = Some(self.gate.enter().await);
            }
        }
    }

    async fn send(&self, mode: Mode, call: &str, argument: Vec<u8>) -> Result<Vec<u8>, AgentError> {
        match mode {
            Mode::Update => self.agent.update(&self.canister, call).with_arg(argument).call_and_wait().await,
            Mode::Query => self.agent.query(&self.canister, call).with_arg(argument).call().await,
        }
    }

    async fn pause(&self, call: &'static str, source: AgentError, tries: &mut Tries) -> Result<()> {
        unless_transient(&self.retry, call, source, tries).await
    }
}

/// Waits before the next attempt, or gives the failure back when there is none.
pub(crate) async fn unless_transient(
    retry: &RetryPolicy,
    call: &'static str,
    source: AgentError,
    tries: &mut Tries,
) -> Result<()> {
    if is_transient(&source) && tries.again(retry).await {
        return Ok(());
    }
    Err(match refusal(&source) {
        Some(source) => Error::Refused { call, source },
        None => Error::Call { call, source: Box::new(source) },
    })
}

pub(crate) fn decode<R>(call: &'static str, bytes: &[u8]) -> Result<darkroom_api::Result<R>>
where
    R: CandidType + DeserializeOwned,
{
    darkroom_api::read_answer(bytes).map_err(|error| unreadable(call, error))
}

fn unreadable(call: &'static str, error: candid::Error) -> Error {
    let text = error.to_string();
    // A whole dump of types and bytes helps nobody.
    let reason = if text.lines().count() > 2 { "it is of another type".to_owned() } else { text };
    Error::Answer { call, reason }
}
