//! Arguments of plain types, read as the Rust type wants them.
//!
//! Each value's type on the wire has to be the one that is asked for, and each field of a record one of its fields;
//! otherwise nothing is read. A type with principals has none here: to `serde` they are bytes, which the library knows to
//! tell from others.

use std::fmt;

use candid::idl_hash;
use serde::de::value::BorrowedStrDeserializer;
use serde::de::{self, DeserializeOwned, DeserializeSeed, IntoDeserializer as _, Visitor};
use serde::forward_to_deserialize_any;

/// The most types of a message, and fields of a type, that are read here.
const MOST: u64 = 64;

mod kind {
    //! Types by their codes (Candid specification, "Types").
    pub(super) const BOOL: i64 = -2;
    pub(super) const NULL: i64 = -1;
    pub(super) const NAT8: i64 = -5;
    pub(super) const NAT16: i64 = -6;
    pub(super) const NAT32: i64 = -7;
    pub(super) const NAT64: i64 = -8;
    pub(super) const TEXT: i64 = -15;
    pub(super) const EMPTY: i64 = -17;
    pub(super) const OPT: i64 = -18;
    pub(super) const VEC: i64 = -19;
    pub(super) const RECORD: i64 = -20;
    pub(super) const VARIANT: i64 = -21;
    pub(super) const PRINCIPAL: i64 = -24;
}

/// A message's only argument; nothing if it is not as plain as that.
pub(super) fn read<T: DeserializeOwned>(message: &[u8]) -> Option<T> {
    let mut rest = message.strip_prefix(b"DIDL")?;
    let types = types(&mut rest)?;
    if unsigned(&mut rest)? != 1 {
        return None;
    }
    let kind = reference(&mut rest, types.len() as u64)?;
    let value = T::deserialize(Value { types: &types, rest: &mut rest, kind }).ok()?;
    rest.is_empty().then_some(value)
}

/// A type that a message defines.
enum Type {
    Opt(i64),
    Vec(i64),
    Record(Vec<(u32, i64)>),
    Variant(Vec<(u32, i64)>),
}

fn types(rest: &mut &[u8]) -> Option<Vec<Type>> {
    let count = unsigned(rest).filter(|count| *count <= MOST)?;
    (0..count)
        .map(|_| {
            Some(match signed(rest)? {
                kind::OPT => Type::Opt(reference(rest, count)?),
                kind::VEC => Type::Vec(reference(rest, count)?),
                kind::RECORD => Type::Record(fields(rest, count)?),
                kind::VARIANT => Type::Variant(fields(rest, count)?),
                _ => return None,
            })
        })
        .collect()
}

/// A type by its code: one of the language's own, or one of `types` that the message defines.
fn reference(rest: &mut &[u8], types: u64) -> Option<i64> {
    let is_own = |code: i64| (kind::EMPTY..=kind::NULL).contains(&code) || code == kind::PRINCIPAL;
    signed(rest).filter(|code| is_own(*code) || u64::try_from(*code).is_ok_and(|index| index < types))
}

fn fields(rest: &mut &[u8], types: u64) -> Option<Vec<(u32, i64)>> {
    let count = unsigned(rest).filter(|count| *count <= MOST)?;
    let field = |_| Some((u32::try_from(unsigned(rest)?).ok()?, reference(rest, types)?));
    let fields: Vec<_> = (0..count).map(field).collect::<Option<_>>()?;
    fields.is_sorted_by(|one, next| one.0 < next.0).then_some(fields)
}

fn byte(rest: &mut &[u8]) -> Option<u8> {
    rest.split_off_first().copied()
}

/// Unsigned LEB128 of at most 63 bits.
fn unsigned(rest: &mut &[u8]) -> Option<u64> {
    let mut number = 0;
    for shift in (0..63).step_by(7) {
        let byte = byte(rest)?;
        number |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(number);
        }
    }
    None
}

/// Signed LEB128 of at most 35 bits.
fn signed(rest: &mut &[u8]) -> Option<i64> {
    let mut number = 0;
    for shift in (0..35).step_by(7) {
        let byte = byte(rest)?;
        number |= i64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            let unused = 64 - 7 - shift;
            return Some(number << unused >> unused);
        }
    }
    None
}

/// What is not read here.
#[derive(Debug)]
struct Other;

impl fmt::Display for Other {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not a plain argument")
    }
}

impl std::error::Error for Other {}

impl de::Error for Other {
    fn custom<T: fmt::Display>(_: T) -> Other {
        Other
    }
}

/// A value of a message, at the beginning of what is left of it.
struct Value<'m, 'de> {
    types: &'m [Type],
    rest: &'m mut &'de [u8],
    kind: i64,
}

impl<'m, 'de> Value<'m, 'de> {
    fn is(&self, kind: i64) -> Result<(), Other> {
        if self.kind == kind { Ok(()) } else { Err(Other) }
    }

    fn defined(&self) -> Result<&'m Type, Other> {
        usize::try_from(self.kind).ok().and_then(|index| self.types.get(index)).ok_or(Other)
    }

    fn take(&mut self, count: u64) -> Result<&'de [u8], Other> {
        let count = usize::try_from(count).map_err(|_| Other)?;
        self.rest.split_off(..count).ok_or(Other)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Other> {
        self.take(N as u64)?.try_into().map_err(|_| Other)
    }

    /// A length; each of so many values takes a byte at least.
    fn length(&mut self) -> Result<u64, Other> {
        unsigned(self.rest).filter(|length| *length <= self.rest.len() as u64).ok_or(Other)
    }

    fn text(&mut self) -> Result<&'de str, Other> {
        self.is(kind::TEXT)?;
        let length = self.length()?;
        std::str::from_utf8(self.take(length)?).map_err(|_| Other)
    }

    fn blob(&mut self) -> Result<&'de [u8], Other> {
        let Type::Vec(kind::NAT8) = self.defined()? else { return Err(Other) };
        let length = self.length()?;
        self.take(length)
    }
}

/// Reads a number of a fixed size.
macro_rules! number {
    ($method:ident, $kind:ident, $type:ty, $visit:ident) => {
        fn $method<V: Visitor<'de>>(mut self, visitor: V) -> Result<V::Value, Other> {
            self.is(kind::$kind)?;
            visitor.$visit(<$type>::from_le_bytes(self.array()?))
        }
    };
}

impl<'de> de::Deserializer<'de> for Value<'_, 'de> {
    type Error = Other;

    number!(deserialize_u8, NAT8, u8, visit_u8);
    number!(deserialize_u16, NAT16, u16, visit_u16);
    number!(deserialize_u32, NAT32, u32, visit_u32);
    number!(deserialize_u64, NAT64, u64, visit_u64);

    fn is_human_readable(&self) -> bool {
        false
    }

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Other> {
        Err(Other)
    }

    fn deserialize_bool<V: Visitor<'de>>(mut self, visitor: V) -> Result<V::Value, Other> {
        self.is(kind::BOOL)?;
        match self.array()? {
            [0] => visitor.visit_bool(false),
            [1] => visitor.visit_bool(true),
            _ => Err(Other),
        }
    }

    fn deserialize_str<V: Visitor<'de>>(mut self, visitor: V) -> Result<V::Value, Other> {
        visitor.visit_borrowed_str(self.text()?)
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Other> {
        self.deserialize_str(visitor)
    }

    fn deserialize_bytes<V: Visitor<'de>>(mut self, visitor: V) -> Result<V::Value, Other> {
        visitor.visit_borrowed_bytes(self.blob()?)
    }

    fn deserialize_byte_buf<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Other> {
        self.deserialize_bytes(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(mut self, visitor: V) -> Result<V::Value, Other> {
        let Type::Opt(kind) = self.defined()? else { return Err(Other) };
        match self.array()? {
            [0] => visitor.visit_none(),
            [1] => visitor.visit_some(Value { kind: *kind, ..self }),
            _ => Err(Other),
        }
    }

    fn deserialize_seq<V: Visitor<'de>>(mut self, visitor: V) -> Result<V::Value, Other> {
        let Type::Vec(kind) = self.defined()? else { return Err(Other) };
        let left = self.length()?;
        visitor.visit_seq(Elements { types: self.types, rest: self.rest, kind: *kind, left })
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, length: usize, visitor: V) -> Result<V::Value, Other> {
        let Type::Record(fields) = self.defined()? else { return Err(Other) };
        if fields.len() != length || (0..).zip(fields).any(|(place, (id, _))| place != *id) {
            return Err(Other);
        }
        visitor.visit_seq(Fields { types: self.types, rest: self.rest, fields, names: &[] })
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        names: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Other> {
        let Type::Record(fields) = self.defined()? else { return Err(Other) };
        visitor.visit_map(Fields { types: self.types, rest: self.rest, fields, names })
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        names: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Other> {
        let Type::Variant(fields) = self.defined()? else { return Err(Other) };
        let index = byte(self.rest).ok_or(Other)?;
        let (id, kind) = fields.get(usize::from(index)).ok_or(Other)?;
        // Alternatives with something in them are for the library.
        if *kind != kind::NULL {
            return Err(Other);
        }
        visitor.visit_enum(name_of(names, *id)?.into_deserializer())
    }

    forward_to_deserialize_any! {
        i8 i16 i32 i64 i128 u128 f32 f64 char unit unit_struct newtype_struct tuple_struct map identifier ignored_any
    }
}

fn name_of(names: &'static [&'static str], id: u32) -> Result<&'static str, Other> {
    names.iter().find(|name| idl_hash(name) == id).copied().ok_or(Other)
}

struct Elements<'m, 'de> {
    types: &'m [Type],
    rest: &'m mut &'de [u8],
    kind: i64,
    left: u64,
}

impl<'de> de::SeqAccess<'de> for Elements<'_, 'de> {
    type Error = Other;

    fn next_element_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, Other> {
        let Some(left) = self.left.checked_sub(1) else { return Ok(None) };
        self.left = left;
        let value = Value { types: self.types, rest: self.rest, kind: self.kind };
        seed.deserialize(value).map(Some)
    }
}

/// The fields of a record that are left.
struct Fields<'m, 'de> {
    types: &'m [Type],
    rest: &'m mut &'de [u8],
    fields: &'m [(u32, i64)],
    names: &'static [&'static str],
}

impl<'de> Fields<'_, 'de> {
    fn next<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, Other> {
        let (_, kind) = self.fields.split_off_first().ok_or(Other)?;
        seed.deserialize(Value { types: self.types, rest: self.rest, kind: *kind })
    }
}

impl<'de> de::SeqAccess<'de> for Fields<'_, 'de> {
    type Error = Other;

    fn next_element_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, Other> {
        if self.fields.is_empty() { Ok(None) } else { self.next(seed).map(Some) }
    }
}

impl<'de> de::MapAccess<'de> for Fields<'_, 'de> {
    type Error = Other;

    fn next_key_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, Other> {
        let Some((id, _)) = self.fields.first() else { return Ok(None) };
        let name = name_of(self.names, *id)?;
        seed.deserialize(BorrowedStrDeserializer::<Other>::new(name)).map(Some)
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, Other> {
        self.next(seed)
    }
}
