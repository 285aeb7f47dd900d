//! A new application: a workspace of its own, with a server, a client and tests.

use crate::files::{Plan, fill, read, relative};
use crate::manifest::Workspace;
use crate::{Error, Made, check_name};
use std::path::Path;

/// The files, and where they go.
const FILES: [(&str, &str); 16] = [
    (".cargo/config.toml", include_str!("../templates/app/.cargo/config.toml")),
    (".gitignore", include_str!("../templates/app/.gitignore")),
    ("Cargo.toml", include_str!("../templates/app/Cargo.toml")),
    ("README.md", include_str!("../templates/app/README.md")),
    ("app.toml", include_str!("../templates/app/app.toml")),
    ("idl/counter.idol", include_str!("../templates/app/idl/counter.idol")),
    ("task/client/Cargo.toml", include_str!("../templates/app/task/client/Cargo.toml")),
    ("task/client/build.rs", include_str!("../templates/app/task/client/build.rs")),
    ("task/client/src/main.rs", include_str!("../templates/app/task/client/src/main.rs")),
    ("task/counter/Cargo.toml", include_str!("../templates/app/task/counter/Cargo.toml")),
    ("task/counter/build.rs", include_str!("../templates/app/task/counter/build.rs")),
    ("task/counter/src/main.rs", include_str!("../templates/app/task/counter/src/main.rs")),
    ("tests/Cargo.toml", include_str!("../templates/app/tests/Cargo.toml")),
    ("tests/build.rs", include_str!("../templates/app/tests/build.rs")),
    ("tests/src/main.rs", include_str!("../templates/app/tests/src/main.rs")),
    // The versions that exov6 was tested with; cargo takes out what is not used.
    ("Cargo.lock", ""),
];

/// What a directory may hold and still be empty.
const NOTHING: [&str; 1] = [".git"];

/// A new application.
#[derive(Clone, Copy, Debug)]
pub struct App<'a> {
    /// Where: not there yet, or empty; absolute.
    pub directory: &'a Path,
    /// Its name; else that of the directory.
    pub name: Option<&'a str>,
    /// The board, by name.
    pub board: &'a str,
    /// Root of exov6.
    pub root: &'a Path,
}

/// Makes an application that passes `check`, builds, runs and has tests.
///
/// # Errors
/// A name that does not do, a place that is taken, an unknown board.
pub fn app(request: &App<'_>) -> Result<Made, Error> {
    let App { directory, root, board, .. } = *request;
    let of_directory = directory.file_name().map(|name| name.to_string_lossy().into_owned());
    let name = request.name.map(str::to_owned).or(of_directory).unwrap_or_default();
    check_name("an application", &name, "; give another with `--name`")?;
    crate::board::known(board, &[root])?;
    let entries = std::fs::read_dir(directory).into_iter().flatten().flatten();
    let taken =
        entries.map(|entry| entry.file_name()).find(|found| !NOTHING.iter().any(|n| found == n));
    if directory.is_file() || taken.is_some() {
        let help = "an application begins in a directory of its own";
        return Err(Error::Exists { path: directory.to_owned(), help });
    }
    let exov6 = Workspace::read(root)?;
    if let Some(pattern) = exov6.pattern(directory) {
        return Err(Error::Place {
            path: directory.to_owned(),
            why: format!(
                "`{pattern}` in exov6's Cargo.toml makes it a member of that workspace, and an \
                 application has its own; choose another directory"
            ),
        });
    }
    let alias = alias(&root.join("Cargo.toml"));
    let lock = read(&root.join("Cargo.lock")).unwrap_or_default();
    let mut plan = Plan::default();
    for (place, text) in FILES {
        let mut text = fill(text, &[("NAME", &name), ("BOARD", board)]);
        match place {
            ".cargo/config.toml" => text.push_str(&format!("xtask = {alias}\n")),
            "Cargo.toml" => text.push_str(&exov6.for_application(directory)),
            "Cargo.lock" if lock.is_empty() => continue,
            "Cargo.lock" => text.push_str(&lock),
            _ => {}
        }
        plan.create(directory.join(place), text);
    }
    plan.write()
}

/// The value of the alias `xtask`. The path is never relative: the alias works from each
/// directory below. As one string if that can be, because of a directory's alias and its
/// parent's cargo takes the nearer if both are strings, and joins lists.
fn alias(manifest: &Path) -> toml_edit::Value {
    let manifest = manifest.display().to_string();
    let words = ["run", "--quiet", "--manifest-path", &manifest, "--package", "xtask", "--"];
    if manifest.contains(char::is_whitespace) {
        return words.into_iter().collect::<toml_edit::Array>().into();
    }
    words.join(" ").into()
}

/// How a person in `here` would go on: the lines to type.
#[must_use]
pub fn next_steps(directory: &Path, here: &Path) -> Vec<String> {
    let way =
        if directory.starts_with(here) { relative(here, directory) } else { directory.to_owned() };
    vec![
        format!("cd {}", way.display()),
        "cargo xtask check".to_owned(),
        "cargo xtask run --for 1s".to_owned(),
        "cargo xtask test".to_owned(),
    ]
}

#[cfg(test)]
mod tests {
    use super::alias;
    use std::path::Path;

    #[test]
    fn an_alias_is_one_string_unless_that_would_tear_the_path_apart() {
        let value = |path: &str| alias(Path::new(path)).to_string();
        let plain = "\"run --quiet --manifest-path /a/Cargo.toml --package xtask --\"";
        assert_eq!(value("/a/Cargo.toml"), plain);
        assert!(value("/a b/Cargo.toml").contains("\"--manifest-path\", \"/a b/Cargo.toml\", "));
    }
}
