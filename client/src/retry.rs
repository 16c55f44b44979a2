//! Which failures are worth another try, and how long to wait before it.

use std::time::Duration;

use ic_agent::AgentError;
use ic_agent::agent::RejectCode;
use ic_agent::agent_error::TransportError;
use tokio::time::Instant;

/// How often and how patiently calls are repeated. Every call of this crate may be repeated: the canister
/// gives the same answer.
#[derive(Clone, Copy, Debug)]
pub struct RetryPolicy {
    /// Attempts in all, at least 1; 6 by default. Where there is `patience` it counts instead.
    pub attempts: u32,
    /// Wait before the second attempt; it doubles from one to the next. 200 ms by default.
    pub first_wait: Duration,
    /// The longest wait: 8 s by default.
    pub longest_wait: Duration,
    /// For how long a call is repeated after it has failed for the first time, however many attempts that takes; the
    /// last one is at its end. `None` counts attempts.
    pub patience: Option<Duration>,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        RetryPolicy {
            attempts: 6,
            first_wait: Duration::from_millis(200),
            longest_wait: Duration::from_secs(8),
            patience: None,
        }
    }
}

impl RetryPolicy {
    /// For networks that are away for a while: each call is repeated for this long after it has failed for the first
    /// time, with waits that grow to 8 s. Nothing is repeated where it is zero.
    ///
    /// ```
    /// use std::time::Duration;
    /// use darkroom_client::RetryPolicy;
    ///
    /// let policy = RetryPolicy::patient(Duration::from_secs(120));
    /// assert_eq!(policy.patience, Some(Duration::from_secs(120)));
    /// ```
    pub fn patient(patience: Duration) -> RetryPolicy {
        RetryPolicy { patience: Some(patience), ..RetryPolicy::default() }
    }

    /// The wait after `attempt` attempts, `None` when it was the last; the first of them failed `since` ago. `jitter`
    /// is from 0 to 1: half of the wait is left to it, so that calls that failed together do not come back together.
    fn wait(&self, attempt: u32, since: Duration, jitter: f64) -> Option<Duration> {
        let left = match self.patience {
            Some(patience) => patience.checked_sub(since).filter(|left| !left.is_zero())?,
            None if attempt >= self.attempts => return None,
            None => Duration::MAX,
        };
        let doubled = self.first_wait.saturating_mul(1u32.checked_shl(attempt - 1).unwrap_or(u32::MAX));
        Some(doubled.min(self.longest_wait).mul_f64(0.5 + 0.5 * jitter.clamp(0.0, 1.0)).min(left))
    }
}

/// The attempts at one call.
#[derive(Debug, Default)]
pub(crate) struct Tries {
    failed: u32,
    since: Option<Instant>,
}

impl Tries {
    /// How many have failed and were followed by another.
    pub(crate) fn failed(&self) -> u32 {
        self.failed
    }

    /// Waits after one that failed. `false`, at once, when it was the last.
    pub(crate) async fn again(&mut self, policy: &RetryPolicy) -> bool {
        let since = self.since.get_or_insert_with(Instant::now).elapsed();
        let Some(wait) = policy.wait(self.failed.saturating_add(1), since, rand::random()) else {
            return false;
        };
        tokio::time::sleep(wait).await;
        self.failed = self.failed.saturating_add(1);
        true
    }
}

/// Whether the same call may get through later.
pub(crate) fn is_transient(error: &AgentError) -> bool {
    match error {
        AgentError::TransportError(_)
        | AgentError::TimeoutWaitingForResponse()
        | AgentError::InvalidCborData(_)
        | AgentError::InvalidHttpResponse(_)
        | AgentError::RequestStatusDoneNoReply(_)
        | AgentError::RouteProviderError(_) => true,
        AgentError::HttpError(payload) => matches!(payload.status, 408 | 425 | 429 | 500..=599),
        AgentError::CertifiedReject { reject, .. } | AgentError::UncertifiedReject { reject, .. } => {
            match reject.reject_code {
                RejectCode::SysTransient => true,
                // The canister is stopped or stopping, as it is during an upgrade.
                _ => matches!(reject.error_code.as_deref(), Some("IC0508" | "IC0509")),
            }
        }
        _ => false,
    }
}

/// Whether a transient failure means that there is more under way than the network or the canister takes. The
/// agent has then repeated what was answered with 429 or 503 by itself for some 1.5 s.
pub(crate) fn is_overload(error: &AgentError) -> bool {
    match error {
        AgentError::TimeoutWaitingForResponse() => true,
        AgentError::TransportError(TransportError::Reqwest(error)) => error.is_timeout(),
        AgentError::HttpError(payload) => matches!(payload.status, 408 | 429 | 503 | 504),
        AgentError::CertifiedReject { reject, .. } | AgentError::UncertifiedReject { reject, .. } => {
            reject.reject_code == RejectCode::SysTransient
        }
        _ => false,
    }
}

/// What the canister said of a message that it did not take in: the same as its answer would have been. `None` for all
/// other failures.
pub fn refusal(error: &AgentError) -> Option<darkroom_api::Error> {
    match error {
        AgentError::CertifiedReject { reject, .. } | AgentError::UncertifiedReject { reject, .. } => {
            darkroom_api::Error::from_refusal(&reject.reject_message)
        }
        _ => None,
    }
}

/// Whether the canister has no such method: it is older than this.
pub(crate) fn lacks_method(error: &AgentError) -> bool {
    match error {
        AgentError::CertifiedReject { reject, .. } | AgentError::UncertifiedReject { reject, .. } => {
            reject.error_code.as_deref() == Some("IC0536")
        }
        _ => false,
    }
}

/// Whether the network itself said no.
pub(crate) fn is_definite(error: &AgentError) -> bool {
    let rejected = matches!(error, AgentError::CertifiedReject { .. } | AgentError::UncertifiedReject { .. });
    rejected && !is_transient(error)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ic_agent::agent::RejectResponse;
    use ic_agent::agent_error::HttpErrorPayload;

    fn reject(reject_code: RejectCode, error_code: &str) -> AgentError {
        let reject = RejectResponse {
            reject_code,
            reject_message: "no".to_owned(),
            error_code: Some(error_code.to_owned()),
        };
        AgentError::CertifiedReject { reject, operation: None }
    }

    fn http(status: u16) -> AgentError {
        AgentError::HttpError(HttpErrorPayload { status, content_type: None, content: Vec::new() })
    }

    #[test]
    fn transport_and_overload_are_tried_again() {
        assert!(is_transient(&AgentError::TransportError(TransportError::Generic("reset".to_owned()))));
        assert!(is_transient(&http(503)));
        assert!(is_transient(&http(429)));
        assert!(is_transient(&reject(RejectCode::SysTransient, "IC0207")));
        assert!(is_transient(&reject(RejectCode::CanisterError, "IC0508")), "an upgrade is going on");
    }

    #[test]
    fn only_overload_narrows_the_window() {
        let timeout = AgentError::TimeoutWaitingForResponse();
        for error in [http(429), http(503), reject(RejectCode::SysTransient, "IC0207"), timeout] {
            assert!(is_overload(&error) && is_transient(&error), "{error}");
        }
        let reset = AgentError::TransportError(TransportError::Generic("reset".to_owned()));
        for error in [http(500), http(400), reset, reject(RejectCode::CanisterError, "IC0508")] {
            assert!(!is_overload(&error), "{error}");
        }
    }

    #[test]
    fn refusals_are_not() {
        for error in [http(400), reject(RejectCode::CanisterError, "IC0503")] {
            assert!(!is_transient(&error), "{error}");
        }
        assert!(is_definite(&reject(RejectCode::DestinationInvalid, "IC0301")));
        assert!(!is_definite(&reject(RejectCode::SysTransient, "IC0207")));
        assert!(!is_transient(&AgentError::CertificateVerificationFailed()));
    }

    #[test]
    fn waits_double_up_to_the_longest_and_end() {
        let policy = RetryPolicy {
            attempts: 5,
            first_wait: Duration::from_millis(100),
            longest_wait: Duration::from_millis(300),
            patience: None,
        };
        let wait = |attempt, jitter| policy.wait(attempt, Duration::ZERO, jitter);
        let waits: Vec<_> = (1..=5).map(|attempt| wait(attempt, 1.0)).collect();
        let ms = |ms| Some(Duration::from_millis(ms));
        assert_eq!(waits, [ms(100), ms(200), ms(300), ms(300), None]);
        assert_eq!(wait(1, 0.0), ms(50), "half is certain");
        let many = RetryPolicy { attempts: 99, ..policy };
        assert_eq!(many.wait(80, Duration::MAX, 1.0), ms(300), "no overflow, and no matter since when");
    }

    #[tokio::test(start_paused = true)]
    async fn patience_ends_after_its_time_and_not_after_attempts() {
        for patience in [Duration::ZERO, Duration::from_millis(50), Duration::from_secs(120)] {
            let policy = RetryPolicy { attempts: 1, ..RetryPolicy::patient(patience) };
            // However long the first attempt took.
            tokio::time::sleep(Duration::from_secs(300)).await;
            let (begun, mut tries) = (Instant::now(), Tries::default());
            while tries.again(&policy).await {}
            // Timers count in milliseconds.
            let late = begun.elapsed().checked_sub(patience).unwrap();
            assert!(late <= Duration::from_millis(2), "{late:?} after {patience:?}");
            let fewest = u32::try_from(patience.as_secs()).unwrap() / 8;
            assert!((fewest..60).contains(&tries.failed()), "{} of {patience:?}", tries.failed());
        }
    }
}
