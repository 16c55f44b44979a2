//! Records written as `ciborium` writes them, byte for byte, without what it does of each number and each header.

use serde::ser::{
    Serialize, SerializeMap, SerializeSeq, SerializeStruct, SerializeStructVariant, SerializeTuple,
    SerializeTupleStruct, SerializeTupleVariant, Serializer,
};

use super::{ARRAY, BYTES, FALSE, MAP, NEGATIVE, NULL, Other, TEXT, TRUE, UNSIGNED};

/// Adds a record; nothing of use where it has what is not written here, such as fractions.
pub(in crate::store) fn write(record: &impl Serialize, bytes: &mut Vec<u8>) -> Option<()> {
    record.serialize(&mut Writer(bytes)).ok()
}

impl serde::ser::Error for Other {
    fn custom<T: std::fmt::Display>(_: T) -> Other {
        Other
    }
}

struct Writer<'w>(&'w mut Vec<u8>);

impl Writer<'_> {
    fn head(&mut self, major: u8, number: u64) {
        let [.., two, one] = number.to_be_bytes();
        let major = major << 5;
        match number {
            0..24 => self.0.push(major | one),
            24..0x100 => self.0.extend([major | 24, one]),
            0x100..0x1_0000 => self.0.extend([major | 25, two, one]),
            _ => match u32::try_from(number) {
                Ok(number) => {
                    self.0.push(major | 26);
                    self.0.extend(number.to_be_bytes());
                }
                Err(_) => {
                    self.0.push(major | 27);
                    self.0.extend(number.to_be_bytes());
                }
            },
        }
    }

    fn text(&mut self, text: &str) {
        self.head(TEXT, text.len() as u64);
        self.0.extend_from_slice(text.as_bytes());
    }

    fn count(&mut self, major: u8, count: Option<usize>) -> Result<&mut Self, Other> {
        self.head(major, count.ok_or(Other)? as u64);
        Ok(self)
    }

    fn variant(&mut self, name: &str, major: u8, count: usize) -> Result<&mut Self, Other> {
        self.head(MAP, 1);
        self.text(name);
        self.count(major, Some(count))
    }
}

macro_rules! numbers {
    ($($method:ident $type:ty;)*) => { $(
        fn $method(self, value: $type) -> Result<(), Other> {
            self.head(UNSIGNED, value.into());
            Ok(())
        }
    )* };
}

macro_rules! signed_numbers {
    ($($method:ident $type:ty;)*) => { $(
        fn $method(self, value: $type) -> Result<(), Other> {
            self.serialize_i64(value.into())
        }
    )* };
}

impl<'a, 'w> Serializer for &'a mut Writer<'w> {
    type Ok = ();
    type Error = Other;
    type SerializeSeq = Self;
    type SerializeTuple = Self;
    type SerializeTupleStruct = Self;
    type SerializeTupleVariant = Self;
    type SerializeMap = Self;
    type SerializeStruct = Self;
    type SerializeStructVariant = Self;

    numbers! { serialize_u8 u8; serialize_u16 u16; serialize_u32 u32; serialize_u64 u64; }
    signed_numbers! { serialize_i8 i8; serialize_i16 i16; serialize_i32 i32; }

    fn serialize_i64(self, value: i64) -> Result<(), Other> {
        // -1 is 0.
        let number = if value < 0 { !value } else { value };
        self.head(if value < 0 { NEGATIVE } else { UNSIGNED }, number.cast_unsigned());
        Ok(())
    }

    fn serialize_bool(self, value: bool) -> Result<(), Other> {
        self.0.push(if value { TRUE } else { FALSE });
        Ok(())
    }

    fn serialize_f32(self, _: f32) -> Result<(), Other> {
        Err(Other)
    }

    fn serialize_f64(self, _: f64) -> Result<(), Other> {
        Err(Other)
    }

    fn serialize_char(self, value: char) -> Result<(), Other> {
        self.serialize_str(value.encode_utf8(&mut [0; 4]))
    }

    fn serialize_str(self, value: &str) -> Result<(), Other> {
        self.text(value);
        Ok(())
    }

    fn serialize_bytes(self, value: &[u8]) -> Result<(), Other> {
        self.head(BYTES, value.len() as u64);
        self.0.extend_from_slice(value);
        Ok(())
    }

    fn serialize_none(self) -> Result<(), Other> {
        self.serialize_unit()
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), Other> {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result<(), Other> {
        self.0.push(NULL);
        Ok(())
    }

    fn serialize_unit_struct(self, _: &'static str) -> Result<(), Other> {
        self.serialize_unit()
    }

    fn serialize_unit_variant(self, _: &'static str, _: u32, variant: &'static str) -> Result<(), Other> {
        self.serialize_str(variant)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        value: &T,
    ) -> Result<(), Other> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<(), Other> {
        self.head(MAP, 1);
        self.text(variant);
        value.serialize(self)
    }

    fn serialize_seq(self, len: Option<usize>) -> Result<Self, Other> {
        self.count(ARRAY, len)?;
        Ok(self)
    }

    fn serialize_tuple(self, len: usize) -> Result<Self, Other> {
        self.serialize_seq(Some(len))
    }

    fn serialize_tuple_struct(self, _: &'static str, len: usize) -> Result<Self, Other> {
        self.serialize_seq(Some(len))
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        len: usize,
    ) -> Result<Self, Other> {
        self.variant(variant, ARRAY, len)?;
        Ok(self)
    }

    fn serialize_map(self, len: Option<usize>) -> Result<Self, Other> {
        self.count(MAP, len)?;
        Ok(self)
    }

    fn serialize_struct(self, _: &'static str, len: usize) -> Result<Self, Other> {
        self.serialize_map(Some(len))
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        len: usize,
    ) -> Result<Self, Other> {
        self.variant(variant, MAP, len)?;
        Ok(self)
    }

    fn is_human_readable(&self) -> bool {
        false
    }
}

/// Values one after the other: what holds them has said how many there are.
macro_rules! values {
    ($($trait:ident $method:ident;)*) => { $(
        impl $trait for &mut Writer<'_> {
            type Ok = ();
            type Error = Other;

            fn $method<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Other> {
                value.serialize(&mut **self)
            }

            fn end(self) -> Result<(), Other> {
                Ok(())
            }
        }
    )* };
}

values! {
    SerializeSeq serialize_element;
    SerializeTuple serialize_element;
    SerializeTupleStruct serialize_field;
    SerializeTupleVariant serialize_field;
}

macro_rules! fields {
    ($($trait:ident)*) => { $(
        impl $trait for &mut Writer<'_> {
            type Ok = ();
            type Error = Other;

            fn serialize_field<T: Serialize + ?Sized>(&mut self, key: &'static str, value: &T) -> Result<(), Other> {
                self.text(key);
                value.serialize(&mut **self)
            }

            fn end(self) -> Result<(), Other> {
                Ok(())
            }
        }
    )* };
}

fields! { SerializeStruct SerializeStructVariant }

impl SerializeMap for &mut Writer<'_> {
    type Ok = ();
    type Error = Other;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), Other> {
        key.serialize(&mut **self)
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Other> {
        value.serialize(&mut **self)
    }

    fn end(self) -> Result<(), Other> {
        Ok(())
    }
}
