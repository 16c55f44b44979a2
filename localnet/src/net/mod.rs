//! A running network: executes messages, commits what they did, answers queries, keeps time.

pub(crate) mod commit;
mod driver;
pub(crate) mod execute;
mod ingress;
mod instance;
pub(crate) mod outcome;
mod query;
mod round;

pub(crate) use driver::Driver;
pub(crate) use execute::LOW_MEMORY;
pub(crate) use ingress::Submit;
pub(crate) use instance::{Executor, Instance, Setup};
