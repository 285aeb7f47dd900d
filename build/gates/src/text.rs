//! Text: what no file of the workspace may say.

use crate::{Error, Gate, Tree, Verdict};

/// First directories of absolute paths that exist on one machine only.
const MACHINES: [&str; 4] = ["root", "home", "work", "Users"];

/// Nightly features: RUSTC_BOOTSTRAP, which builds `core`, would let them through.
pub(crate) fn features(tree: &Tree) -> Result<Verdict, Error> {
    let asks = |line: &str| {
        let line = line.trim_start();
        line.starts_with("#![feature")
            || line.starts_with("#![cfg_attr") && line.contains("feature(")
    };
    search(tree, Gate::Features, "nightly features", |file| file.ends_with(".rs"), asks)
}

/// Paths of somebody's machine.
pub(crate) fn paths(tree: &Tree) -> Result<Verdict, Error> {
    search(tree, Gate::Paths, "paths", |_| true, names_machine)
}

fn search(
    tree: &Tree,
    gate: Gate,
    unit: &'static str,
    file: impl Fn(&str) -> bool,
    matches: impl Fn(&str) -> bool,
) -> Result<Verdict, Error> {
    let (mut found, mut files) = (vec![], 0);
    for name in tree.files.iter().filter(|name| file(name)) {
        files += 1;
        for (number, line) in tree.contents(name)?.lines().enumerate() {
            if matches(line) {
                found.push(format!("{name}:{}: {}", number + 1, line.trim()));
            }
        }
    }
    let missing = (files == 0).then(|| "no file found".to_owned());
    Ok(Verdict::new(gate, found.len() as u64, Some(0), unit)
        .summary(format!("in {files} files"))
        .blame(found.into_iter().chain(missing).collect()))
}

/// Whether a line has an absolute path below one of [`MACHINES`].
fn names_machine(line: &str) -> bool {
    let part_of_name = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
    line.match_indices('/').any(|(at, _)| {
        let begins = !line[..at].chars().next_back().is_some_and(part_of_name);
        let mut parts = line[at + 1..].splitn(2, '/');
        let first = parts.next().unwrap_or_default();
        let next = parts.next().and_then(|rest| rest.chars().next());
        begins && MACHINES.contains(&first) && next.is_some_and(|c| c.is_ascii_alphanumeric())
    })
}

#[cfg(test)]
mod tests {
    use super::{features, names_machine, paths};
    use crate::Tree;

    /// A path, written so that this file does not name it.
    fn path(first: &str) -> String {
        format!("/{first}/x")
    }

    #[test]
    fn a_path_of_a_machine_is_found_wherever_it_stands() {
        for first in super::MACHINES {
            assert!(names_machine(&path(first)), "{first}");
            assert!(names_machine(&format!("see `{}`", path(first))), "{first}");
            assert!(names_machine(&format!("file://{}", path(first))), "{first}");
            assert!(!names_machine(&format!("build{}", path(first))), "{first}");
            assert!(!names_machine(&format!("/{first}/")), "{first}");
        }
        assert!(!names_machine("/usr/bin/x and /rooted/x"));
    }

    #[test]
    fn file_and_line_are_told() {
        let bad = format!("fine\nbad {}\n", path("home"));
        let (tree, _directory) = Tree::of(&[("a.md", &bad)]);
        let verdict = paths(&tree).unwrap();
        assert!(!verdict.passed);
        assert!(verdict.culprits[0].starts_with("a.md:2: bad"), "{verdict:?}");
        let (tree, _directory) = Tree::of(&[("a.md", "fine\n")]);
        assert!(paths(&tree).unwrap().passed);
    }

    #[test]
    fn a_feature_is_found_plain_and_under_a_condition() {
        for line in ["#![feature(x)]", "  #![feature(x)]", "#![cfg_attr(test, feature(x))]"] {
            let (tree, _directory) = Tree::of(&[("a.rs", line)]);
            assert!(!features(&tree).unwrap().passed, "{line}");
            let (tree, _directory) = Tree::of(&[("a.md", line), ("a.rs", "")]);
            assert!(features(&tree).unwrap().passed, "{line}");
        }
        let (tree, _directory) = Tree::of(&[("a.rs", "#![cfg_attr(feature = \"x\", no_std)]")]);
        assert!(features(&tree).unwrap().passed);
    }
}
