//! `cargo xtask explain`: the page about a rule, or the list of all rules.

use crate::out::say;
use anyhow::{Result, bail};
use exov6_config::Code;
use serde_json::{Value, json};
use std::process::ExitCode;

/// Arguments of `explain`.
#[derive(clap::Args)]
pub struct Arguments {
    /// The rule, as in an error: `E0031`, or `31` [default: list all]
    code: Option<String>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Prints the page, or the list.
pub fn main(arguments: &Arguments) -> Result<ExitCode> {
    let Some(text) = &arguments.code else {
        if arguments.json {
            let all: Vec<Value> = Code::ALL
                .iter()
                .map(|(code, _)| json!({ "code": code, "rule": code.rule() }))
                .collect();
            say!("{}", serde_json::to_string_pretty(&all)?);
        } else {
            for (code, _) in Code::ALL {
                say!("{code}  {}", code.rule());
            }
        }
        return Ok(ExitCode::SUCCESS);
    };
    let Some(code) = Code::find(text) else {
        bail!("there is no rule `{text}`; `cargo xtask explain` lists all");
    };
    let page = exov6_config::explain(code);
    if arguments.json {
        let page = json!({ "code": code, "rule": code.rule(), "page": page });
        say!("{}", serde_json::to_string_pretty(&page)?);
    } else {
        say!("{}", page.trim_end());
    }
    Ok(ExitCode::SUCCESS)
}
