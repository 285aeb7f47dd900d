//! `unsafe`: counted file by file, in its place, each block with its reason above it.
//!
//! Counted are tokens, not syntax, because what a macro is given is only tokens: the
//! word in a comment or a string is none, the word in a macro's body is one.

use crate::rules::UnsafeIn;
use crate::tree::inside;
use crate::{Error, Gate, RULES_FILE, Tree, Verdict, counted};
use proc_macro2::{Delimiter, TokenStream, TokenTree};

/// Directories of what runs on the target, with the suites that test it.
const DIRECTORIES: [&str; 5] = ["kern", "sys", "drv", "task", "test"];

/// What the word stands before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// `unsafe { … }`, `unsafe impl`: an argument is due.
    Argued,
    /// `unsafe fn`, `unsafe extern`, `#[unsafe(…)]`.
    Declared,
}

/// Looks through all files.
pub(crate) fn judge(tree: &Tree, allowed: &[UnsafeIn]) -> Result<Verdict, Error> {
    let (mut blocks, mut declared, mut files) = (0, 0, 0);
    let (mut culprits, mut details) = (vec![], vec![]);
    let mut used = vec![false; allowed.len()];
    for file in DIRECTORIES.iter().flat_map(|directory| tree.below(directory, &["rs"])) {
        files += 1;
        let text = tree.contents(file)?;
        let tokens: TokenStream = match text.parse() {
            Ok(tokens) => tokens,
            Err(error) => {
                let at = error.span().start();
                culprits.push(format!("{file}:{}: cannot be read: {error}", at.line));
                continue;
            }
        };
        let mut found = vec![];
        look(tokens, &mut found);
        if found.is_empty() {
            continue;
        }
        let place = allowed.iter().position(|entry| inside(file, &entry.path));
        if let Some(entry) = place {
            used[entry] = true;
        }
        let lines: Vec<&str> = text.lines().collect();
        let mut own = 0;
        for (line, kind) in &found {
            if place.is_none() {
                culprits.push(format!("{file}:{line}: `unsafe` has no place here"));
            }
            match kind {
                Kind::Argued => {
                    own += 1;
                    if !argued(&lines, *line) {
                        culprits.push(format!("{file}:{line}: no `// SAFETY:` above it"));
                    }
                }
                Kind::Declared => declared += 1,
            }
        }
        blocks += own;
        let others = counted(found.len() - own, "declaration", "declarations");
        details.push(format!("{file}: {}, {others}", counted(own, "block", "blocks")));
    }
    for (entry, _) in allowed.iter().zip(&used).filter(|(_, used)| !**used) {
        culprits.push(format!("{RULES_FILE}: there is no `unsafe` in {}", entry.path));
    }
    if files == 0 {
        culprits.push("no file found".to_owned());
    }
    Ok(Verdict::new(Gate::Unsafe, blocks as u64, None, "blocks")
        .summary(format!("and {declared} declarations, in {} of {files} files", details.len()))
        .details(details)
        .blame(culprits))
}

/// Line and kind of each `unsafe`.
fn look(tokens: TokenStream, found: &mut Vec<(usize, Kind)>) {
    let mut tokens = tokens.into_iter().peekable();
    while let Some(token) = tokens.next() {
        match token {
            TokenTree::Group(group) => look(group.stream(), found),
            TokenTree::Ident(ident) if ident == "unsafe" => {
                let kind = match tokens.peek() {
                    Some(TokenTree::Group(next)) if next.delimiter() == Delimiter::Brace => {
                        Kind::Argued
                    }
                    Some(TokenTree::Ident(next)) if next == "impl" => Kind::Argued,
                    _ => Kind::Declared,
                };
                found.push((ident.span().start().line, kind));
            }
            _ => {}
        }
    }
}

/// Whether the comment directly above the statement that a line (from 1) belongs to
/// begins with `SAFETY:`, or has such a line.
fn argued(lines: &[&str], line: usize) -> bool {
    let mut above = lines[..line - 1].iter().rev().map(|line| line.trim());
    // Up to the beginning of the statement…
    let comment = |line: &str| line.starts_with("//") && !line.starts_with("///");
    let Some(first) = above.find(|line| {
        let part = !line.is_empty() && !line.ends_with([';', '{', '}', ',']);
        comment(line) || !(part || line.starts_with("#["))
    }) else {
        return false;
    };
    // …and through the comment.
    let reason = |line: &str| line.trim_start_matches('/').trim_start().starts_with("SAFETY:");
    comment(first)
        && std::iter::once(first).chain(above).take_while(|line| comment(line)).any(reason)
}

#[cfg(test)]
mod tests {
    use super::judge;
    use crate::rules::UnsafeIn;
    use crate::{Tree, Verdict};

    fn verdict(source: &str) -> Verdict {
        let (tree, _directory) = Tree::of(&[("kern/src/arch/a.rs", source)]);
        let allowed = UnsafeIn { path: "kern/src/arch".into(), reason: "machine".into() };
        judge(&tree, &[allowed]).unwrap()
    }

    #[test]
    fn a_block_needs_its_reason_directly_above() {
        let good = [
            "fn a() {\n    // SAFETY: so.\n    unsafe { b() };\n}\n",
            "fn a() {\n    // SAFETY: so,\n    // and so.\n    let x =\n        unsafe { b() };\n}\n",
            "fn a() {\n    // Why.\n    // SAFETY: so.\n    #[cfg(x)]\n    unsafe { b() }\n}\n",
            "// SAFETY: so.\nunsafe impl Sync for A {}\n",
        ];
        for source in good {
            let verdict = verdict(source);
            assert!(verdict.passed && verdict.value == 1, "{source}{verdict:?}");
        }
        let bad = [
            "fn a() {\n    unsafe { b() };\n}\n",
            "fn a() {\n    // so.\n    unsafe { b() };\n}\n",
            "/// SAFETY: so.\nfn a() { unsafe { b() } }\n",
            "fn a() {\n    // SAFETY: so.\n    b();\n    unsafe { b() };\n}\n",
            "fn a() {\n    // SAFETY: so.\n\n    unsafe { b() };\n}\n",
            "unsafe impl Sync for A {}\n",
        ];
        for source in bad {
            let verdict = verdict(source);
            assert!(!verdict.passed && verdict.value == 1, "{source}{verdict:?}");
            assert!(verdict.culprits[0].contains("a.rs:"), "{verdict:?}");
        }
    }

    #[test]
    fn a_macro_hides_nothing_and_text_is_no_code() {
        let hidden = "m! {\n    x => { unsafe { b() } }\n}\n";
        assert_eq!(verdict(hidden).culprits, ["kern/src/arch/a.rs:2: no `// SAFETY:` above it"]);
        let text = "// unsafe { }\n/// unsafe { }\nconst A: &str = \"unsafe { }\";\n";
        assert_eq!(verdict(text).value, 0);
    }

    #[test]
    fn elsewhere_it_has_no_place() {
        let source = "fn a() {\n    // SAFETY: so.\n    unsafe { b() };\n}\n";
        let (tree, _directory) = Tree::of(&[("kern/src/task.rs", source)]);
        let verdict = judge(&tree, &[]).unwrap();
        assert_eq!(verdict.culprits, ["kern/src/task.rs:3: `unsafe` has no place here"]);
        let declared = "#[unsafe(no_mangle)]\nfn a() {}\n";
        let (tree, _directory) = Tree::of(&[("sys/abi/src/lib.rs", declared)]);
        assert!(!judge(&tree, &[]).unwrap().passed);
    }

    #[test]
    fn a_place_without_any_is_taken_off_the_list() {
        let verdict = verdict("fn a() {}\n");
        assert_eq!(verdict.culprits, ["kern/gates.toml: there is no `unsafe` in kern/src/arch"]);
    }
}
