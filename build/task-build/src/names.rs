//! Names of app.toml as names of Rust: `uart-irq` becomes `UART_IRQ`.

use crate::error::Error;
use proc_macro2::{Ident, Span};
use std::collections::BTreeMap;

/// Letters and digits, everything else as `_`.
fn words(name: &str) -> String {
    let mut text: String =
        name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
    if text.is_empty() || text.starts_with(|c: char| c.is_ascii_digit()) {
        text.insert(0, '_');
    }
    if text == "_" {
        text.push('_');
    }
    text
}

/// Name of a constant.
pub(crate) fn constant(name: &str) -> Ident {
    ident(&words(name).to_uppercase())
}

/// Name of a module.
pub(crate) fn module(name: &str) -> Ident {
    ident(&words(name).to_lowercase())
}

fn ident(text: &str) -> Ident {
    if syn::parse_str::<Ident>(text).is_ok() {
        return Ident::new(text, Span::call_site());
    }
    // A word of the language; the few that cannot be raw get an underscore.
    match syn::parse_str::<Ident>(&format!("r#{text}")) {
        Ok(_) => Ident::new_raw(text, Span::call_site()),
        Err(_) => Ident::new(&format!("{text}_"), Span::call_site()),
    }
}

/// Checks that no two names become the same one in Rust.
pub(crate) fn check_distinct<'a>(
    what: &str,
    names: impl IntoIterator<Item = &'a str>,
) -> Result<(), Error> {
    let mut seen = BTreeMap::new();
    for name in names {
        let rust = constant(name).to_string();
        if let Some(other) = seen.insert(rust.clone(), name) {
            return Err(Error::new(format!(
                "{what} `{other}` and `{name}` would both be called `{rust}` in Rust; rename one"
            )));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_become_rust_names() {
        assert_eq!(constant("uart-irq").to_string(), "UART_IRQ");
        assert_eq!(constant("worst release-to-done us").to_string(), "WORST_RELEASE_TO_DONE_US");
        assert_eq!(constant("2nd").to_string(), "_2ND");
        assert_eq!(module("sense").to_string(), "sense");
    }

    #[test]
    fn words_of_the_language_become_raw_names() {
        assert_eq!(module("loop").to_string(), "r#loop");
        assert_eq!(module("self").to_string(), "self_");
        assert_eq!(constant("").to_string(), "__");
    }

    #[test]
    fn two_names_must_not_become_one() {
        assert!(check_distinct("timer", ["a-b", "a-c"]).is_ok());
        let error = check_distinct("timer", ["a-b", "a.b"]).unwrap_err();
        assert_eq!(
            error.to_string(),
            "timer `a-b` and `a.b` would both be called `A_B` in Rust; rename one"
        );
    }
}
