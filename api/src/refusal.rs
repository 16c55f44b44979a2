//! Errors of messages that were refused before they were executed: the platform has no value for them, only a text.

use crate::Error;

/// What stands before an error in the text of a reject.
const MARK: &str = "refused before execution [";

impl Error {
    /// The text that a canister refuses a message with which it does not take in.
    ///
    /// ```
    /// # use darkroom_api::Error;
    /// let error = Error::new("forbidden", "sign the call");
    /// assert_eq!(error.to_refusal(), "refused before execution [forbidden]: sign the call");
    /// ```
    pub fn to_refusal(&self) -> String {
        format!("{MARK}{}]: {}", self.code, self.message.replace(['\n', '\r'], " "))
    }

    /// The error that is in the text of a reject, whatever the network has written around it; `None` where there is none:
    /// the message failed in another way. One node says so, and nothing proves it.
    ///
    /// ```
    /// # use darkroom_api::Error;
    /// let reject = "Error from Canister aaaaa-aa: Canister called `ic0.trap` with message: \
    ///               'refused before execution [forbidden]: sign the call'.\nConsider …";
    /// assert_eq!(Error::from_refusal(reject), Some(Error::new("forbidden", "sign the call")));
    /// assert_eq!(Error::from_refusal("Canister called `ic0.trap` with message: 'no'"), None);
    /// ```
    pub fn from_refusal(reject: &str) -> Option<Error> {
        let (before, rest) = reject.split_once(MARK)?;
        let (code, rest) = rest.split_once("]: ")?;
        let is_code = !code.is_empty() && code.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'_'));
        let line = rest.lines().next().unwrap_or_default();
        // Where one opens before it, the quote at the end is the network's.
        let quoted = || line.strip_suffix("'.").or_else(|| line.strip_suffix('\''));
        let message = if before.ends_with('\'') { quoted().unwrap_or(line) } else { line };
        is_code.then(|| Error::new(code, message))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_comes_back_from_its_text_however_it_is_wrapped() {
        for message in ["no", "it's `a` ['b']: c.", "a 'quoted'", ""] {
            let error = Error::new("item_not_found", message);
            let text = error.to_refusal();
            for reject in [
                text.clone(),
                format!("Canister called `ic0.trap` with message: '{text}'.\nhint: \"x\""),
                format!("Canister trapped explicitly: '{text}'"),
            ] {
                assert_eq!(Error::from_refusal(&reject), Some(error.clone()), "{reject}");
            }
        }
        let lines = Error::new("limit", "a\nb");
        assert_eq!(Error::from_refusal(&lines.to_refusal()), Some(Error::new("limit", "a b")));
    }

    #[test]
    fn other_texts_have_none() {
        for text in ["", "forbidden", "refused before execution", "refused before execution [No!]: a"] {
            assert_eq!(Error::from_refusal(text), None, "{text}");
        }
    }
}
