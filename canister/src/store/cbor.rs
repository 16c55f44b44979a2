//! Records read from CBOR (RFC 8949) that lies in memory as a whole, as `ciborium` writes it: lengths are definite, and
//! text and bytes need no buffer. That takes a fraction of the instructions of a reader of any CBOR from any source, of
//! which a message decodes several records. What is not as plain as that is not read here. What is written is the same.

mod write;

use std::fmt;

use serde::de::{self, DeserializeOwned, DeserializeSeed, IntoDeserializer as _, Visitor};
use serde::forward_to_deserialize_any;

pub(super) use write::write;

/// A record; nothing where the bytes are not plainly one.
pub(super) fn read<R: DeserializeOwned>(bytes: &[u8]) -> Option<R> {
    let mut rest = bytes;
    let record = R::deserialize(Reader { rest: &mut rest }).ok()?;
    rest.is_empty().then_some(record)
}

/// What is not read here.
#[derive(Debug)]
struct Other;

impl fmt::Display for Other {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not a plain record")
    }
}

impl std::error::Error for Other {}

impl de::Error for Other {
    fn custom<T: fmt::Display>(_: T) -> Other {
        Other
    }
}

/// The value at the beginning of what is left.
struct Reader<'r, 'de> {
    rest: &'r mut &'de [u8],
}

const UNSIGNED: u8 = 0;
const NEGATIVE: u8 = 1;
const BYTES: u8 = 2;
const TEXT: u8 = 3;
const ARRAY: u8 = 4;
const MAP: u8 = 5;
const FALSE: u8 = 0xf4;
const TRUE: u8 = 0xf5;
const NULL: u8 = 0xf6;

impl<'de> Reader<'_, 'de> {
    fn again(&mut self) -> Reader<'_, 'de> {
        Reader { rest: self.rest }
    }

    fn peek(&self) -> Result<u8, Other> {
        self.rest.first().copied().ok_or(Other)
    }

    fn take(&mut self, count: usize) -> Result<&'de [u8], Other> {
        self.rest.split_off(..count).ok_or(Other)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Other> {
        self.take(N)?.try_into().map_err(|_| Other)
    }

    /// Major type and argument.
    fn head(&mut self) -> Result<(u8, u64), Other> {
        let [first] = self.array()?;
        let argument = match first & 0x1f {
            small @ 0..24 => u64::from(small),
            24 => u64::from(u8::from_be_bytes(self.array()?)),
            25 => u64::from(u16::from_be_bytes(self.array()?)),
            26 => u64::from(u32::from_be_bytes(self.array()?)),
            27 => u64::from_be_bytes(self.array()?),
            _ => return Err(Other),
        };
        Ok((first >> 5, argument))
    }

    /// A length; each of so many bytes or values takes a byte at least.
    fn length(&self, argument: u64) -> Result<usize, Other> {
        usize::try_from(argument).ok().filter(|length| *length <= self.rest.len()).ok_or(Other)
    }

    /// Reads a value of one of these major types. Most visitors take more than one, where a reader takes the one.
    fn only<V: Visitor<'de>>(self, majors: &[u8], visitor: V) -> Result<V::Value, Other> {
        if majors.contains(&(self.peek()? >> 5)) {
            return de::Deserializer::deserialize_any(self, visitor);
        }
        Err(Other)
    }

    fn text(&mut self, argument: u64) -> Result<&'de str, Other> {
        let length = self.length(argument)?;
        std::str::from_utf8(self.take(length)?).map_err(|_| Other)
    }
}

/// Reads values of certain major types.
macro_rules! only {
    ($($method:ident: $majors:expr;)*) => {
        $(fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Other> {
            self.only(&$majors, visitor)
        })*
    };
}

impl<'de> de::Deserializer<'de> for Reader<'_, 'de> {
    type Error = Other;

    only! {
        deserialize_str: [TEXT];
        deserialize_string: [TEXT];
        deserialize_identifier: [TEXT];
        deserialize_bytes: [BYTES, ARRAY];
        deserialize_byte_buf: [BYTES, ARRAY];
        deserialize_seq: [ARRAY];
        deserialize_map: [MAP];
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, Other> {
        self.only(&[ARRAY], visitor)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Other> {
        self.only(&[MAP], visitor)
    }

    fn is_human_readable(&self) -> bool {
        false
    }

    fn deserialize_any<V: Visitor<'de>>(mut self, visitor: V) -> Result<V::Value, Other> {
        match self.peek()? {
            NULL => self.take(1).and_then(|_| visitor.visit_unit()),
            FALSE => self.take(1).and_then(|_| visitor.visit_bool(false)),
            TRUE => self.take(1).and_then(|_| visitor.visit_bool(true)),
            _ => {
                let (major, argument) = self.head()?;
                match major {
                    UNSIGNED => visitor.visit_u64(argument),
                    NEGATIVE => visitor.visit_i64(!i64::try_from(argument).map_err(|_| Other)?),
                    BYTES => {
                        let length = self.length(argument)?;
                        visitor.visit_borrowed_bytes(self.take(length)?)
                    }
                    TEXT => visitor.visit_borrowed_str(self.text(argument)?),
                    ARRAY => {
                        let left = self.length(argument)?;
                        let mut values = Values { reader: self, left };
                        let value = visitor.visit_seq(&mut values)?;
                        values.end(value)
                    }
                    MAP => {
                        let left = self.length(argument)?;
                        let mut values = Values { reader: self, left };
                        let value = visitor.visit_map(&mut values)?;
                        values.end(value)
                    }
                    _ => Err(Other),
                }
            }
        }
    }

    fn deserialize_option<V: Visitor<'de>>(mut self, visitor: V) -> Result<V::Value, Other> {
        if self.peek()? == NULL {
            self.take(1)?;
            return visitor.visit_none();
        }
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Other> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        mut self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Other> {
        // The name of a variant, or a map from it to what is in it.
        let with_value = match self.head()? {
            (TEXT, argument) => {
                let name = self.text(argument)?;
                return visitor.visit_enum(name.into_deserializer());
            }
            (MAP, 1) => self,
            _ => return Err(Other),
        };
        visitor.visit_enum(with_value)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char unit unit_struct tuple_struct ignored_any
    }
}

impl<'r, 'de> de::EnumAccess<'de> for Reader<'r, 'de> {
    type Error = Other;
    type Variant = Reader<'r, 'de>;

    fn variant_seed<S: DeserializeSeed<'de>>(mut self, seed: S) -> Result<(S::Value, Self::Variant), Other> {
        let variant = seed.deserialize(self.again())?;
        Ok((variant, self))
    }
}

impl<'de> de::VariantAccess<'de> for Reader<'_, 'de> {
    type Error = Other;

    fn unit_variant(self) -> Result<(), Other> {
        Err(Other)
    }

    fn newtype_variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<S::Value, Other> {
        seed.deserialize(self)
    }

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, Other> {
        self.only(&[ARRAY], visitor)
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Other> {
        self.only(&[MAP], visitor)
    }
}

/// The values of an array, or the pairs of a map, that are left.
struct Values<'r, 'de> {
    reader: Reader<'r, 'de>,
    left: usize,
}

impl Values<'_, '_> {
    /// What was made of them, if that took all.
    fn end<T>(&self, value: T) -> Result<T, Other> {
        if self.left == 0 { Ok(value) } else { Err(Other) }
    }
}

impl<'de> de::SeqAccess<'de> for &mut Values<'_, 'de> {
    type Error = Other;

    fn next_element_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, Other> {
        let Some(left) = self.left.checked_sub(1) else { return Ok(None) };
        self.left = left;
        seed.deserialize(self.reader.again()).map(Some)
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.left)
    }
}

impl<'de> de::MapAccess<'de> for &mut Values<'_, 'de> {
    type Error = Other;

    fn next_key_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, Other> {
        let Some(left) = self.left.checked_sub(1) else { return Ok(None) };
        self.left = left;
        seed.deserialize(self.reader.again()).map(Some)
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, Other> {
        seed.deserialize(self.reader.again())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;
    use serde::{Deserialize, Serialize};

    use super::*;

    /// All that records are made of.
    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
    struct Record {
        text: String,
        number: u64,
        small: u8,
        below: i32,
        is_so: bool,
        #[serde(with = "serde_bytes")]
        bytes: Vec<u8>,
        array: [u8; 32],
        some: Option<Vec<u32>>,
        inner: Vec<Inner>,
        map: BTreeMap<String, u16>,
        any: serde_json::Value,
        #[serde(default)]
        later: Option<Named>,
        nothing: (),
    }

    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
    struct Named(u32);

    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
    enum Inner {
        Unit,
        New(#[serde(with = "serde_bytes")] Vec<u8>),
        Tuple(u8, String),
        Struct { code: String, number: Option<u64> },
    }

    fn inner() -> impl Strategy<Value = Inner> {
        prop_oneof![
            Just(Inner::Unit),
            prop::collection::vec(any::<u8>(), 0..300).prop_map(Inner::New),
            (any::<u8>(), ".{0,9}").prop_map(|(number, text)| Inner::Tuple(number, text)),
            (".{0,40}", any::<Option<u64>>()).prop_map(|(code, number)| Inner::Struct { code, number }),
        ]
    }

    fn record() -> impl Strategy<Value = Record> {
        let numbers = (any::<u64>(), any::<u8>(), any::<i32>(), any::<bool>(), any::<[u8; 32]>());
        let some = prop::option::of(prop::collection::vec(any::<u32>(), 0..5));
        let map = prop::collection::btree_map(".{0,5}", any::<u16>(), 0..4);
        let inner = prop::collection::vec(inner(), 0..5);
        (".{0,300}", numbers, some, inner, map, any::<Option<u32>>()).prop_map(
            |(text, (number, small, below, is_so, array), some, inner, map, later)| Record {
                number,
                small,
                below,
                is_so,
                bytes: text.as_bytes().to_vec(),
                array,
                some,
                inner,
                any: serde_json::json!({ "a": [number, below, null, is_so], "b": text }),
                map,
                later: later.map(Named),
                nothing: (),
                text,
            },
        )
    }

    fn written(record: &Record) -> Vec<u8> {
        let mut bytes = Vec::new();
        ciborium::into_writer(record, &mut bytes).unwrap();
        bytes
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(128))]

        #[test]
        fn what_is_written_is_read(record in record()) {
            let bytes = written(&record);
            let mut ours = Vec::new();
            prop_assert_eq!(write(&record, &mut ours), Some(()));
            prop_assert_eq!(&ours, &bytes);
            prop_assert_eq!(read::<Record>(&bytes), Some(record));
            prop_assert_eq!(read::<Record>(&[bytes.as_slice(), &[0]].concat()), None);
            for end in 0..bytes.len() {
                prop_assert_eq!(read::<Record>(&bytes[..end]), None);
            }
        }

        /// Damage is found, or leads where it leads any reader.
        #[test]
        fn nothing_is_read_that_others_read_otherwise(
            record in record(),
            changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
        ) {
            let mut bytes = written(&record);
            for (at, value) in changes {
                let at = at.index(bytes.len());
                bytes[at] = value;
            }
            if let Some(read) = read::<Record>(&bytes) {
                prop_assert_eq!(ciborium::from_reader::<Record, _>(bytes.as_slice()).unwrap(), read);
            }
        }
    }

    #[test]
    fn what_is_not_plain_is_left_to_others() {
        assert_eq!(write(&1.5f64, &mut Vec::new()), None);
        for number in [
            0,
            23,
            24,
            0xff,
            0x100,
            0xffff,
            0x1_0000,
            0xffff_ffff,
            0x1_0000_0000,
            i64::MAX,
            -1,
            -24,
            -25,
            i64::MIN,
        ] {
            let (mut ours, mut theirs) = (Vec::new(), Vec::new());
            assert_eq!(write(&number, &mut ours), Some(()));
            ciborium::into_writer(&number, &mut theirs).unwrap();
            assert_eq!(ours, theirs, "{number}");
        }
    }
}
