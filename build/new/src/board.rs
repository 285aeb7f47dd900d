//! A new board: a copy of one that there is, with what to look at written above it.

use crate::files::{Plan, fill, read};
use crate::{Error, Made, check_name};
use std::path::{Path, PathBuf};

const HEADER: &str = include_str!("../templates/board/header.toml");

/// A new board.
#[derive(Clone, Copy, Debug)]
pub struct Board<'a> {
    /// Its name.
    pub name: &'a str,
    /// The board to begin with, by name.
    pub from: &'a str,
    /// The application that it is for: its `app.toml`, absolute.
    pub app: &'a Path,
    /// Root of exov6.
    pub root: &'a Path,
}

/// Makes `boards/NAME.toml` beside the application's `app.toml`.
///
/// # Errors
/// A name that does not do or is taken, and a board to begin with that there is not.
pub fn board(request: &Board<'_>) -> Result<Made, Error> {
    let Board { name, from, app, root } = *request;
    check_name("a board", name, "")?;
    let directory = app.parent().unwrap_or(Path::new("."));
    let source = known(from, &[directory, root])?;
    let text = fill(HEADER, &[("NAME", name), ("FROM", from)]) + &read(&source)?;
    let mut plan = Plan::default();
    plan.create(directory.join("boards").join(name).with_extension("toml"), text);
    plan.write()
}

/// The file of a board, in `boards/` of one of these directories.
pub fn known(name: &str, roots: &[&Path]) -> Result<PathBuf, Error> {
    let mut all = vec![];
    for root in roots {
        for entry in std::fs::read_dir(root.join("boards")).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.extension().is_some_and(|extension| extension == "toml") {
                let stem = path.file_stem().map(|stem| stem.to_string_lossy().into_owned());
                match stem {
                    Some(stem) if stem == name => return Ok(path),
                    stem => all.extend(stem),
                }
            }
        }
    }
    all.sort();
    all.dedup();
    let help = exov6_config::did_you_mean(name, all.iter().map(String::as_str));
    Err(Error::Unknown { what: "there is no board", name: name.to_owned(), help })
}
