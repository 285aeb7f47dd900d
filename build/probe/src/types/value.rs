//! Values: from text or JSON to bytes, and from bytes to JSON.
//!
//! | shape | as text or JSON |
//! | --- | --- |
//! | number | `42`, `-7`, `0xff`, `0b101`, `1_000`; beyond 2⁶⁴ as text in JSON too |
//! | `bool` | `true`, `false` |
//! | `char` | one character, or its number |
//! | `f32`, `f64` | `1.5`, `1e-3`, `NaN`, `inf` |
//! | array | `[1, 2, 3]` |
//! | structure | `{"first": 1, "second": 2}`, every field |
//! | enumeration | the name of a variant, or its number |
//! | any | `hex:0a0b…`, exactly as many bytes |
//!
//! In JSON any of these may also be a string, as it stands on a command line.

use super::{Member, Shape};
use serde_json::{Map, Value as Json};

/// Largest structure that is put together, in bytes: debug information may be damaged.
const LARGEST: u64 = 1 << 20;

/// A value that is none of its type; says which and why.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Wrong(String);

fn wrong(text: impl Into<String>) -> Wrong {
    Wrong(text.into())
}

/// Bytes from hexadecimal digits; `_` and spaces may stand between them.
///
/// # Errors
/// What is wrong with them.
pub fn from_hex(digits: &str) -> Result<Vec<u8>, Wrong> {
    let plain: String = digits.chars().filter(|c| *c != '_' && !c.is_whitespace()).collect();
    let bytes = plain.is_ascii().then(|| crate::gdb::packet::unhex(plain.as_bytes())).flatten();
    bytes.ok_or_else(|| wrong(format!("`{digits}` is no even number of hexadecimal digits")))
}

/// The bytes of a value.
///
/// # Errors
/// [`Wrong`] if the value is none of this shape.
pub fn encode(shape: &Shape, value: &Json) -> Result<Vec<u8>, Wrong> {
    if let Json::String(text) = value {
        if let Some(digits) = text.strip_prefix("hex:") {
            return exactly(shape, from_hex(digits)?);
        }
        let structured = matches!(shape, Shape::Array(..) | Shape::Struct { .. });
        if structured {
            let parsed: Json = serde_json::from_str(text)
                .map_err(|error| wrong(format!("`{text}` is neither JSON nor `hex:…`: {error}")))?;
            // A string in a string would go on for ever.
            return match parsed {
                Json::String(_) => Err(none(shape, value)),
                parsed => encode(shape, &parsed),
            };
        }
    }
    match (shape, value) {
        (Shape::Unit, Json::Null) => Ok(vec![]),
        (Shape::Unit, Json::String(text)) if text.is_empty() || text == "()" => Ok(vec![]),
        (Shape::Bool, Json::Bool(value)) => Ok(vec![u8::from(*value)]),
        (Shape::Bool, Json::String(text)) => match text.as_str() {
            "true" => Ok(vec![1]),
            "false" => Ok(vec![0]),
            _ => Err(none(shape, value)),
        },
        (Shape::Unsigned(size), _) => {
            let bits = size.saturating_mul(8).min(128) as u32;
            let most = u128::MAX.checked_shr(128 - bits).unwrap_or(0);
            let number = unsigned(value).filter(|number| *number <= most);
            let number = number.ok_or_else(|| none(shape, value))?;
            Ok(cut(&number.to_le_bytes(), *size))
        }
        (Shape::Signed(size), _) => {
            let bits = size.saturating_mul(8).min(128) as u32;
            let most = i128::MAX.checked_shr(128 - bits).unwrap_or(0);
            let number = signed(value).filter(|number| (-most - 1..=most).contains(number));
            let number = number.ok_or_else(|| none(shape, value))?;
            Ok(cut(&number.to_le_bytes(), *size))
        }
        (Shape::Float(size), _) => {
            let number = match value {
                Json::Number(number) => number.as_f64(),
                Json::String(text) => text.parse().ok(),
                _ => None,
            };
            let number = number.ok_or_else(|| none(shape, value))?;
            Ok(match size {
                4 => (number as f32).to_le_bytes().to_vec(),
                _ => number.to_le_bytes().to_vec(),
            })
        }
        (Shape::Char, _) => {
            let mut chars = value.as_str().unwrap_or_default().chars();
            let one = chars.next().filter(|_| chars.next().is_none());
            let number = || char::from_u32(u32::try_from(unsigned(value)?).ok()?);
            let one = one.or_else(number).ok_or_else(|| none(shape, value))?;
            Ok(u32::from(one).to_le_bytes().to_vec())
        }
        (Shape::Array(element, count), Json::Array(items)) => {
            if items.len() as u64 != *count {
                return Err(wrong(format!("{} values for an array of {count}", items.len())));
            }
            let items = items.iter().enumerate().map(|(index, item)| {
                encode(element, item).map_err(|error| wrong(format!("[{index}]: {error}")))
            });
            Ok(items.collect::<Result<Vec<_>, _>>()?.concat())
        }
        (Shape::Struct { size, members }, Json::Object(fields)) => {
            structure(*size, members, fields)
        }
        (Shape::Enum { size, variants }, _) => {
            let name = value.as_str().unwrap_or_default();
            let named = variants.iter().find(|(variant, _)| variant == name);
            let number = named.map(|(_, number)| *number).or_else(|| unsigned(value));
            let number = number.filter(|n| variants.iter().any(|(_, number)| number == n));
            let number = number.ok_or_else(|| none(shape, value))?;
            Ok(cut(&number.to_le_bytes(), *size))
        }
        (Shape::Unknown(name), _) => Err(wrong(format!(
            "nothing is known of `{name}`: give its bytes as hex:… (no debug information has it)"
        ))),
        _ => Err(none(shape, value)),
    }
}

fn structure(size: u64, members: &[Member], fields: &Map<String, Json>) -> Result<Vec<u8>, Wrong> {
    let names = || members.iter().map(|member| member.name.as_str()).collect::<Vec<_>>().join(", ");
    if let Some(name) = fields.keys().find(|name| members.iter().all(|m| m.name != **name)) {
        return Err(wrong(format!("there is no field `{name}`; there are {}", names())));
    }
    if size > LARGEST {
        return Err(wrong(format!("{size} bytes are more than any message")));
    }
    let mut bytes = vec![0; size as usize];
    for member in members {
        let value = fields.get(&member.name).ok_or_else(|| {
            wrong(format!("field `{}` is missing; there are {}", member.name, names()))
        })?;
        let own = encode(&member.shape, value)
            .map_err(|error| wrong(format!("{}: {error}", member.name)))?;
        let start = member.offset as usize;
        if let Some(place) = bytes.get_mut(start..start + own.len()) {
            place.copy_from_slice(&own);
        }
    }
    Ok(bytes)
}

fn exactly(shape: &Shape, bytes: Vec<u8>) -> Result<Vec<u8>, Wrong> {
    match shape.size() {
        Some(size) if size != bytes.len() as u64 => {
            Err(wrong(format!("{} bytes in hexadecimal, and it takes {size}", bytes.len())))
        }
        _ => Ok(bytes),
    }
}

fn cut(bytes: &[u8], size: u64) -> Vec<u8> {
    bytes.iter().copied().take(size as usize).collect()
}

fn none(shape: &Shape, value: &Json) -> Wrong {
    let wanted = match shape {
        Shape::Unit => "nothing".to_owned(),
        Shape::Unsigned(size) => format!("u{}", size * 8),
        Shape::Signed(size) => format!("i{}", size * 8),
        Shape::Float(size) => format!("f{}", size * 8),
        Shape::Bool => "true or false".to_owned(),
        Shape::Char => "one character".to_owned(),
        Shape::Array(_, count) => format!("a list of {count} values"),
        Shape::Struct { members, .. } => {
            let names: Vec<&str> = members.iter().map(|member| member.name.as_str()).collect();
            format!("an object with {}", names.join(", "))
        }
        Shape::Enum { variants, .. } => {
            let names: Vec<&str> = variants.iter().map(|(name, _)| name.as_str()).collect();
            format!("one of {}", names.join(", "))
        }
        Shape::Bytes(size) => format!("{size} bytes as hex:…"),
        Shape::Unknown(name) => format!("bytes of a {name} as hex:…"),
    };
    let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    wrong(format!("`{value}` is not {wanted}"))
}

fn unsigned(value: &Json) -> Option<u128> {
    match value {
        Json::Number(number) => number.as_u64().map(u128::from),
        Json::String(text) => digits(text),
        _ => None,
    }
}

fn signed(value: &Json) -> Option<i128> {
    match value {
        Json::Number(number) => {
            number.as_i64().map(i128::from).or_else(|| number.as_u64().map(i128::from))
        }
        Json::String(text) => match text.strip_prefix('-') {
            Some(rest) => 0_i128.checked_sub_unsigned(digits(rest)?),
            None => digits(text)?.try_into().ok(),
        },
        _ => None,
    }
}

fn digits(text: &str) -> Option<u128> {
    let plain = text.replace('_', "");
    let (digits, radix) = match plain.get(..2) {
        Some("0x") => (plain.get(2..)?, 16),
        Some("0b") => (plain.get(2..)?, 2),
        Some("0o") => (plain.get(2..)?, 8),
        _ => (plain.as_str(), 10),
    };
    // A sign is not one of its digits.
    let digits = Some(digits).filter(|digits| !digits.starts_with('+'))?;
    u128::from_str_radix(digits, radix).ok()
}

/// The value that bytes stand for. Bytes that are none of the shape's values become
/// text that begins with `hex:`.
#[must_use]
pub fn decode(shape: &Shape, bytes: &[u8]) -> Json {
    known(shape, bytes)
        .unwrap_or_else(|| Json::from(format!("hex:{}", crate::gdb::packet::hex(bytes))))
}

fn known(shape: &Shape, bytes: &[u8]) -> Option<Json> {
    if shape.size()? != bytes.len() as u64 {
        return None;
    }
    let low = |bytes: &[u8]| {
        let mut all = [0; 16];
        for (to, byte) in all.iter_mut().zip(bytes) {
            *to = *byte;
        }
        u128::from_le_bytes(all)
    };
    Some(match shape {
        Shape::Unit => Json::Null,
        Shape::Unsigned(_) => {
            let number = low(bytes);
            u64::try_from(number).map_or_else(|_| Json::from(number.to_string()), Json::from)
        }
        Shape::Signed(size) => {
            let shift = 128_u32.saturating_sub(size.saturating_mul(8) as u32);
            let number = (low(bytes) as i128).checked_shl(shift)?.checked_shr(shift)?;
            i64::try_from(number).map_or_else(|_| Json::from(number.to_string()), Json::from)
        }
        Shape::Float(size) => {
            let number = match size {
                4 => f32::from_le_bytes(bytes.try_into().ok()?).into(),
                _ => f64::from_le_bytes(bytes.try_into().ok()?),
            };
            match serde_json::Number::from_f64(number) {
                Some(number) => Json::Number(number),
                None => Json::from(number.to_string()),
            }
        }
        Shape::Bool => match bytes {
            [0] => Json::Bool(false),
            [1] => Json::Bool(true),
            _ => return None,
        },
        Shape::Char => Json::from(char::from_u32(low(bytes) as u32)?.to_string()),
        Shape::Array(element, _) => {
            let size = usize::try_from(element.size()?).ok()?;
            if size == 0 {
                return None;
            }
            Json::Array(bytes.chunks(size).map(|one| decode(element, one)).collect())
        }
        Shape::Struct { members, .. } => {
            let mut fields = Map::new();
            for member in members {
                let start = usize::try_from(member.offset).ok()?;
                let end = start.checked_add(usize::try_from(member.shape.size()?).ok()?)?;
                fields.insert(member.name.clone(), decode(&member.shape, bytes.get(start..end)?));
            }
            Json::Object(fields)
        }
        Shape::Enum { variants, .. } => {
            let number = low(bytes);
            Json::from(variants.iter().find(|(_, value)| *value == number)?.0.clone())
        }
        Shape::Bytes(_) | Shape::Unknown(_) => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn color() -> Shape {
        Shape::Enum { size: 1, variants: vec![("Red".into(), 3), ("Blue".into(), 255)] }
    }

    fn pair() -> Shape {
        let member = |name: &str, offset, shape| Member { name: name.into(), offset, shape };
        Shape::Struct {
            size: 10,
            members: vec![
                member("first", 0, Shape::Unsigned(8)),
                member("second", 8, Shape::Signed(1)),
                member("color", 9, color()),
            ],
        }
    }

    fn text(shape: &Shape, text: &str) -> Result<Vec<u8>, String> {
        encode(shape, &Json::from(text)).map_err(|error| error.to_string())
    }

    #[test]
    fn text_and_json_mean_the_same() {
        let same = [
            (Shape::Unsigned(2), "0x1_02", json!(258), vec![2, 1]),
            (Shape::Signed(2), "-2", json!(-2), vec![0xfe, 0xff]),
            (Shape::Bool, "true", json!(true), vec![1]),
            (Shape::Char, "ü", json!("ü"), vec![0xfc, 0, 0, 0]),
            (Shape::Char, "0xfc", json!(252), vec![0xfc, 0, 0, 0]),
            (Shape::Char, "7", json!("7"), vec![0x37, 0, 0, 0]),
            (Shape::Float(4), "1.5", json!(1.5), vec![0, 0, 0xc0, 0x3f]),
            (
                Shape::Array(Box::new(Shape::Unsigned(1)), 2),
                "[1, 2]",
                json!([1, "0b10"]),
                vec![1, 2],
            ),
            (color(), "Blue", json!(255), vec![255]),
            (
                pair(),
                r#"{"first": 1, "second": -1, "color": "Red"}"#,
                json!({"color": 3, "second": "-1", "first": 1}),
                vec![1, 0, 0, 0, 0, 0, 0, 0, 0xff, 3],
            ),
            (Shape::Bytes(2), "hex:0a 0b", json!("hex:0A0B"), vec![10, 11]),
            (Shape::Unknown("a::B".into()), "hex:01", json!("hex:01"), vec![1]),
            (Shape::Unit, "", json!(null), vec![]),
        ];
        for (shape, typed, value, bytes) in same {
            assert_eq!(text(&shape, typed), Ok(bytes.clone()), "{typed}");
            assert_eq!(encode(&shape, &value), Ok(bytes.clone()), "{value}");
        }
    }

    #[test]
    fn what_is_no_value_of_the_type_is_refused_with_what_is() {
        let array = Shape::Array(Box::new(Shape::Unsigned(1)), 2);
        let refused = [
            (Shape::Unsigned(1), "256", "`256` is not u8"),
            (Shape::Unsigned(1), "-1", "`-1` is not u8"),
            (Shape::Unsigned(1), "+1", "`+1` is not u8"),
            (Shape::Unsigned(1), "1.0", "`1.0` is not u8"),
            (Shape::Signed(1), "128", "`128` is not i8"),
            (Shape::Signed(1), "-129", "`-129` is not i8"),
            (Shape::Signed(16), "--1", "`--1` is not i128"),
            (Shape::Bool, "1", "`1` is not true or false"),
            (Shape::Char, "ab", "`ab` is not one character"),
            (Shape::Char, "0xd800", "`0xd800` is not one character"),
            (Shape::Float(8), "one", "`one` is not f64"),
            (array.clone(), "[1]", "1 values for an array of 2"),
            (array.clone(), "[1, 300]", "[1]: `300` is not u8"),
            (array.clone(), "\"\\\"[1, 2]\\\"\"", "`\"\\\"[1, 2]\\\"\"` is not a list of 2 values"),
            (array, "hex:01", "1 bytes in hexadecimal, and it takes 2"),
            (color(), "Green", "`Green` is not one of Red, Blue"),
            (color(), "4", "`4` is not one of Red, Blue"),
            (pair(), "{\"first\": 1}", "field `second` is missing; there are first, second, color"),
            (pair(), "{\"x\": 1}", "there is no field `x`; there are first, second, color"),
            (Shape::Bytes(2), "1", "`1` is not 2 bytes as hex:…"),
            (Shape::Bytes(1), "hex:1", "`1` is no even number of hexadecimal digits"),
            (
                Shape::Unknown("a::B".into()),
                "1",
                "nothing is known of `a::B`: give its bytes as hex:… (no debug information has it)",
            ),
        ];
        for (shape, typed, error) in refused {
            assert_eq!(text(&shape, typed), Err(error.to_owned()), "{typed}");
        }
        assert!(text(&pair(), "first").unwrap_err().starts_with("`first` is neither JSON nor"));
    }

    #[test]
    fn bytes_that_are_no_value_stay_bytes() {
        assert_eq!(decode(&Shape::Bool, &[2]), json!("hex:02"));
        assert_eq!(decode(&color(), &[4]), json!("hex:04"));
        assert_eq!(decode(&Shape::Char, &[0, 0xd8, 0, 0]), json!("hex:00d80000"));
        assert_eq!(decode(&Shape::Unsigned(2), &[1]), json!("hex:01"));
        assert_eq!(decode(&Shape::Unknown("a".into()), &[1]), json!("hex:01"));
        assert_eq!(decode(&Shape::Float(8), &f64::NAN.to_le_bytes()), json!("NaN"));
        let most = u128::MAX.to_le_bytes();
        assert_eq!(decode(&Shape::Unsigned(16), &most), json!(u128::MAX.to_string()));
        assert_eq!(decode(&Shape::Signed(16), &most), json!(-1));
    }

    fn shapes() -> impl Strategy<Value = Shape> {
        let sizes = prop_oneof![Just(1_u64), Just(2), Just(4), Just(8), Just(16)];
        prop_oneof![
            sizes.clone().prop_map(Shape::Unsigned),
            sizes.prop_map(Shape::Signed),
            Just(Shape::Bool),
            Just(Shape::Char),
            Just(Shape::Float(8)),
            Just(color()),
            Just(pair()),
            Just(Shape::Array(Box::new(pair()), 3)),
            Just(Shape::Bytes(5)),
        ]
    }

    proptest! {
        #[test]
        fn whatever_bytes_come_their_value_means_the_same_bytes(
            shape in shapes(), seed in proptest::collection::vec(any::<u8>(), 32),
        ) {
            let size = shape.size().unwrap() as usize;
            let bytes = &seed[..size.min(32)];
            let value = decode(&shape, bytes);
            // Of a NaN there are many; text says only that it is one.
            prop_assume!(value != json!("NaN"));
            prop_assert_eq!(encode(&shape, &value).unwrap(), bytes, "{}", value);
        }

        #[test]
        fn no_text_makes_it_panic(shape in shapes(), typed in ".{0,20}") {
            if let Ok(bytes) = text(&shape, &typed) {
                prop_assert_eq!(bytes.len() as u64, shape.size().unwrap());
            }
        }
    }
}
