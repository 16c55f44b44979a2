//! Hashes of the short texts that headers are made of, each made once: answers share most of their headers.

use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::BTreeMap;

use super::answer::Head;
use super::hash::{self, Fields, Hash};

/// A header: its name in lower case, and its value.
pub(crate) type Header = (&'static str, Cow<'static, str>);

thread_local! {
    /// Of what is in the module itself, and so is little: names, most values, statuses, a few whole answers.
    static CONSTANT: RefCell<Constant> = RefCell::default();
}

/// Hashes that are known for the time of a message, beside those that always are.
#[derive(Default)]
pub(crate) struct Known {
    texts: Texts,
    answers: Answers,
    /// Answers that will be asked for: they are hashed with the next ones.
    expected: Vec<(Head, Option<Hash>)>,
}

impl Known {
    /// The hashes of answers: of each its head, and the SHA-256 of its body unless that is the head's own text. All that
    /// is not known is hashed together, which is cheaper than one by one.
    pub(super) fn responses(&mut self, answers: &[(Head, Option<Hash>)]) -> Vec<Hash> {
        let expected = std::mem::take(&mut self.expected);
        let answers: Vec<_> = answers.iter().chain(&expected).collect();
        let wanted = answers.len() - expected.len();
        self.learn(answers.iter().flat_map(|(head, _)| &head.headers));
        let fields: Vec<_> = answers.iter().map(|(head, _)| self.fields(head)).collect();
        let mut hashes: Vec<_> =
            answers.iter().zip(&fields).map(|(answer, fields)| self.known(answer, fields)).collect();
        let body = |(head, body): &(Head, Option<Hash>)| {
            body.unwrap_or_else(|| constant(head.text.unwrap_or_default()))
        };
        let unknown: Vec<_> = (0..answers.len()).filter(|index| hashes[*index].is_none()).collect();
        let made = hash::responses(unknown.iter().map(|index| (&fields[*index], body(answers[*index]))));
        for (index, hash) in unknown.into_iter().zip(made) {
            hashes[index] = Some(hash);
            self.keep(answers[index], &fields[index], hash);
        }
        hashes.into_iter().take(wanted).flatten().collect()
    }

    /// Has an answer with a text of the canister's own hashed with those that are asked for next.
    pub(super) fn expect(&mut self, head: Head) {
        self.expected.push((head, None));
    }

    /// The fields of a head.
    pub(super) fn fields(&mut self, head: &Head) -> Fields {
        Fields::new(head.status, &head.headers, self)
    }

    /// Answers with a text of the canister's own are the same at many addresses.
    fn known(&self, answer: &(Head, Option<Hash>), fields: &Fields) -> Option<Hash> {
        if !is_text(answer) {
            return None;
        }
        let own = || self.answers.get(fields);
        CONSTANT.with_borrow(|constant| constant.answers.get(fields)).or_else(own)
    }

    fn keep(&mut self, answer: &(Head, Option<Hash>), fields: &Fields, hash: Hash) {
        if !is_text(answer) {
            return;
        }
        if answer.0.headers.iter().all(|(_, value)| matches!(value, Cow::Borrowed(_))) {
            CONSTANT.with_borrow_mut(|constant| constant.answers.0.insert(fields.clone(), hash));
        } else {
            self.answers.0.insert(fields.clone(), hash);
        }
    }

    /// The hash of a header's name.
    pub(super) fn name(&self, name: &'static str) -> Hash {
        constant(name)
    }

    /// The hash of a header's value.
    pub(super) fn value(&mut self, (_, value): &Header) -> Hash {
        match value {
            Cow::Borrowed(value) => constant(value),
            Cow::Owned(value) => self.texts.of(value.as_bytes()),
        }
    }

    /// The hash of a status.
    pub(super) fn status(&self, status: u16) -> Hash {
        CONSTANT.with_borrow_mut(|constant| {
            let known = constant.statuses.iter().find(|(known, _)| *known == status);
            known.map(|(_, hash)| *hash).unwrap_or_else(|| {
                let hash = hash::sha256(&[&leb128(status)]);
                constant.statuses.push((status, hash));
                hash
            })
        })
    }

    fn learn<'a>(&mut self, headers: impl IntoIterator<Item = &'a Header>) {
        let mut unknown: Vec<&[u8]> = Vec::new();
        for (_, value) in headers {
            if let Cow::Owned(value) = value
                && self.texts.place(value.as_bytes()).is_err()
                && !unknown.contains(&value.as_bytes())
            {
                unknown.push(value.as_bytes());
            }
        }
        for (text, hash) in unknown.iter().zip(hash::sha256_each(&unknown)) {
            if let Err(place) = self.texts.place(text) {
                self.texts.0.insert(place, ((*text).into(), hash));
            }
        }
    }
}

/// Hashes of answers whose bodies are texts: the status says which.
#[derive(Default)]
struct Answers(BTreeMap<Fields, Hash>);

impl Answers {
    fn get(&self, fields: &Fields) -> Option<Hash> {
        self.0.get(fields).copied()
    }
}

/// Whether an answer's body is its head's own text.
fn is_text((head, body): &(Head, Option<Hash>)) -> bool {
    body.is_none() && head.text.is_some()
}

/// The hash of a text of the module's own. They are told apart by where they are: to compare them would cost more than
/// all else that is done with a header.
fn constant(text: &'static str) -> Hash {
    let key = (text.as_ptr().addr(), text.len());
    CONSTANT.with_borrow_mut(|constant| match constant.texts.binary_search_by_key(&key, |(key, _)| *key) {
        Ok(place) => constant.texts[place].1,
        Err(place) => {
            let hash = hash::sha256(&[text.as_bytes()]);
            constant.texts.insert(place, (key, hash));
            hash
        }
    })
}

/// Hashes of what is in the module.
#[derive(Default)]
struct Constant {
    /// Of texts, by address and length.
    texts: Vec<((usize, usize), Hash)>,
    statuses: Vec<(u16, Hash)>,
    /// Of answers of which every part is in the module.
    answers: Answers,
}

/// Texts in the order of their length, then of their bytes: most are told apart by length alone.
#[derive(Default)]
struct Texts(Vec<(Box<[u8]>, Hash)>);

impl Texts {
    fn place(&self, text: &[u8]) -> Result<usize, usize> {
        self.0.binary_search_by(|(known, _)| {
            known.len().cmp(&text.len()).then_with(|| known.as_ref().cmp(text))
        })
    }

    fn of(&mut self, text: &[u8]) -> Hash {
        match self.place(text) {
            Ok(place) => self.0[place].1,
            Err(place) => {
                let hash = hash::sha256(&[text]);
                self.0.insert(place, (text.into(), hash));
                hash
            }
        }
    }
}

/// Unsigned LEB128.
fn leb128(number: u16) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut rest = number;
    loop {
        let [low, _] = (rest & 0x7f).to_le_bytes();
        rest >>= 7;
        if rest == 0 {
            bytes.push(low);
            return bytes;
        }
        bytes.push(low | 0x80);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_learned_together_is_what_each_gives() {
        let texts = ["a", "", "b", "ab", "a"].map(|text| ("etag", Cow::Owned(text.to_owned())));
        let (mut together, mut alone) = (Known::default(), Known::default());
        together.learn(&texts);
        assert_eq!(together.texts.0.len(), 4);
        for header in &texts {
            assert_eq!(together.value(header), alone.value(header));
            assert_eq!(together.value(header), hash::sha256(&[header.1.as_bytes()]));
        }
    }
}
