//! Configuration: values of app.toml as typed constants of Rust.
//!
//! A crate says in its metadata, by example, what type each value has. TOML writes
//! 3 where 3.0 is meant, so a whole number becomes a floating-point one where the
//! example is one; any other difference is an error. Without an example the value
//! itself says what it is.

use crate::error::Error;
use crate::names;
use proc_macro2::{Literal, TokenStream};
use quote::quote;
use serde_json::{Map, Value};

/// Converts values to the types of the crate's examples.
pub(crate) fn convert(
    values: &mut Map<String, Value>,
    examples: &Map<String, Value>,
) -> Result<(), Error> {
    convert_table("", values, examples)
}

fn convert_table(
    prefix: &str,
    values: &mut Map<String, Value>,
    examples: &Map<String, Value>,
) -> Result<(), Error> {
    for (name, value) in values {
        if let Some(example) = examples.get(name) {
            convert_value(&format!("{prefix}{name}"), value, example)?;
        }
    }
    Ok(())
}

fn convert_value(name: &str, value: &mut Value, example: &Value) -> Result<(), Error> {
    match (&mut *value, example) {
        (Value::Number(number), Value::Number(wanted)) if number.is_f64() == wanted.is_f64() => {
            Ok(())
        }
        (Value::Number(number), Value::Number(wanted)) if wanted.is_f64() => {
            *value = number.as_f64().map_or(Value::Null, Value::from);
            Ok(())
        }
        (Value::Array(items), Value::Array(examples)) => match examples.first() {
            Some(example) => items
                .iter_mut()
                .enumerate()
                .try_for_each(|(i, item)| convert_value(&format!("{name}[{i}]"), item, example)),
            None => Ok(()),
        },
        (Value::Object(table), Value::Object(examples)) => {
            convert_table(&format!("{name}."), table, examples)
        }
        (Value::Bool(_), Value::Bool(_)) | (Value::String(_), Value::String(_)) => Ok(()),
        (value, example) => Err(Error::new(format!(
            "config `{name}` is {} in app.toml, but the crate's metadata expects {}, such as {example}",
            describe(value),
            describe(example),
        ))),
    }
}

fn describe(value: &Value) -> &'static str {
    match value {
        Value::Null => "nothing",
        Value::Bool(_) => "true or false",
        Value::Number(number) if number.is_f64() => "a floating-point number",
        Value::Number(_) => "a whole number",
        Value::String(_) => "a string",
        Value::Array(_) => "a list",
        Value::Object(_) => "a table",
    }
}

/// Constants for the values of a table; a table within it becomes a module.
pub(crate) fn constants(prefix: &str, values: &Map<String, Value>) -> Result<TokenStream, Error> {
    names::check_distinct("config", values.keys().map(String::as_str))?;
    let mut tokens = TokenStream::new();
    for (name, value) in values {
        let path = format!("{prefix}{name}");
        let doc = format!(" Configuration `{path}`.");
        tokens.extend(if let Value::Object(table) = value {
            let module = names::module(name);
            let inner = constants(&format!("{path}."), table)?;
            quote!(#[doc = #doc] pub mod #module { #inner })
        } else {
            let constant = names::constant(name);
            let (ty, value) = typed(&path, value)?;
            quote!(#[doc = #doc] pub const #constant: #ty = #value;)
        });
    }
    Ok(tokens)
}

/// Type and value of a constant.
fn typed(name: &str, value: &Value) -> Result<(TokenStream, TokenStream), Error> {
    Ok(match value {
        Value::Bool(value) => (quote!(bool), quote!(#value)),
        Value::String(text) => (quote!(&str), quote!(#text)),
        Value::Number(number) => {
            if let Some(whole) = number.as_i64() {
                (quote!(i64), signed(whole))
            } else if let Some(float) = number.as_f64().filter(|float| float.is_finite()) {
                (quote!(f64), float_tokens(float))
            } else {
                return Err(Error::new(format!("config `{name}`: {number} is not representable")));
            }
        }
        Value::Array(items) => list(name, items)?,
        Value::Null | Value::Object(_) => {
            return Err(Error::new(format!(
                "config `{name}`: {} cannot become a constant",
                describe(value)
            )));
        }
    })
}

/// A list becomes a slice of one type; whole numbers among others become floats.
fn list(name: &str, items: &[Value]) -> Result<(TokenStream, TokenStream), Error> {
    let floats = items.iter().any(Value::is_f64);
    let mut ty = None;
    let mut values = Vec::new();
    for (i, item) in items.iter().enumerate() {
        let item = match item.as_f64() {
            Some(float) if floats => Value::from(float),
            _ => item.clone(),
        };
        let (item_ty, value) = typed(&format!("{name}[{i}]"), &item)?;
        let first = ty.get_or_insert_with(|| item_ty.clone());
        if first.to_string() != item_ty.to_string() {
            return Err(Error::new(format!(
                "config `{name}`: element {i} is {}, the one before is another type",
                describe(&item)
            )));
        }
        values.push(value);
    }
    // An empty list has no type of its own; whole numbers are the most usual.
    let ty = ty.unwrap_or_else(|| quote!(i64));
    Ok((quote!(&[#ty]), quote!(&[#(#values),*])))
}

fn signed(value: i64) -> TokenStream {
    let literal = Literal::u64_unsuffixed(value.unsigned_abs());
    if value < 0 { quote!(-#literal) } else { quote!(#literal) }
}

fn float_tokens(value: f64) -> TokenStream {
    let literal = Literal::f64_unsuffixed(value.abs());
    if value.is_sign_negative() { quote!(-#literal) } else { quote!(#literal) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn table(value: Value) -> Map<String, Value> {
        value.as_object().cloned().unwrap()
    }

    fn code(value: Value) -> Result<String, String> {
        let tokens = constants("", &table(value)).map_err(|error| error.to_string())?;
        Ok(prettyplease::unparse(&syn::parse2(tokens).unwrap()))
    }

    #[test]
    fn every_kind_of_value_becomes_a_constant() {
        let values = json!({
            "flag": true, "gain": 3.0, "list": [1, 2.5], "low": i64::MIN, "minus": -7,
            "name": "a \"b\"", "nested": {"deep": [["x"]]}, "none": [], "tiny": -1e-300,
        });
        assert_eq!(
            code(values).unwrap(),
            "/// Configuration `flag`.\n\
             pub const FLAG: bool = true;\n\
             /// Configuration `gain`.\n\
             pub const GAIN: f64 = 3.0;\n\
             /// Configuration `list`.\n\
             pub const LIST: &[f64] = &[1.0, 2.5];\n\
             /// Configuration `low`.\n\
             pub const LOW: i64 = -9223372036854775808;\n\
             /// Configuration `minus`.\n\
             pub const MINUS: i64 = -7;\n\
             /// Configuration `name`.\n\
             pub const NAME: &str = \"a \\\"b\\\"\";\n\
             /// Configuration `nested`.\n\
             pub mod nested {\n    \
                 /// Configuration `nested.deep`.\n    \
                 pub const DEEP: &[&[&str]] = &[&[\"x\"]];\n\
             }\n\
             /// Configuration `none`.\n\
             pub const NONE: &[i64] = &[];\n\
             /// Configuration `tiny`.\n\
             pub const TINY: f64 = -0.000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000001;\n"
        );
    }

    #[test]
    fn a_list_has_one_type() {
        assert_eq!(
            code(json!({"l": [1, "x"]})),
            Err("config `l`: element 1 is a string, the one before is another type".into())
        );
        assert_eq!(
            code(json!({"l": [{"a": 1}]})),
            Err("config `l[0]`: a table cannot become a constant".into())
        );
    }

    #[test]
    fn whole_numbers_become_floats_where_the_crate_says_so() {
        let mut values = table(json!({"gain": 3, "steps": 4, "n": {"k": [1, 2]}, "other": 1}));
        let examples = table(json!({"gain": 1.0, "steps": 1, "n": {"k": [0.5]}}));
        convert(&mut values, &examples).unwrap();
        assert_eq!(
            Value::Object(values),
            json!({"gain": 3.0, "steps": 4, "n": {"k": [1.0, 2.0]}, "other": 1})
        );
    }

    #[test]
    fn a_value_of_another_type_is_an_error_that_tells_both() {
        let convert_one = |value: Value, example: Value| {
            let (mut values, examples) = (table(json!({"a": value})), table(json!({"a": example})));
            convert(&mut values, &examples).map_err(|error| error.to_string())
        };
        assert_eq!(
            convert_one(json!("fast"), json!(1.0)),
            Err("config `a` is a string in app.toml, but the crate's metadata expects a floating-point number, such as 1.0".into())
        );
        assert_eq!(
            convert_one(json!({"b": [1, false]}), json!({"b": [2]})),
            Err("config `a.b[1]` is true or false in app.toml, but the crate's metadata expects a whole number, such as 2".into())
        );
        assert!(convert_one(json!(1.5), json!(1)).is_err(), "a fraction is no whole number");
    }
}
