//! Lines: the kernel fits in an evening.

use crate::{Error, Gate, Tree, Verdict};

/// Most lines of `kern/src`, with all architectures.
const LIMIT: u64 = 5000;

/// Counts as `wc -l` does.
pub(crate) fn judge(tree: &Tree) -> Result<Verdict, Error> {
    let (mut lines, mut comments, mut details, mut files) = (0, 0, vec![], 0);
    for file in tree.below("kern/src", &["rs", "s"]) {
        let text = tree.contents(file)?;
        let own = text.bytes().filter(|byte| *byte == b'\n').count() as u64;
        let said = text.lines().filter(|line| line.trim_start().starts_with("//")).count() as u64;
        details.push(format!("{file}: {own} lines, {said} of them comments"));
        lines += own;
        comments += said;
        files += 1;
    }
    let missing = (files == 0).then(|| "kern/src: no file found".to_owned());
    Ok(Verdict::new(Gate::Lines, lines, Some(LIMIT), "lines")
        .summary(format!("in {files} files, {comments} of them comments"))
        .details(details)
        .blame(missing.into_iter().collect()))
}

#[cfg(test)]
mod tests {
    use super::judge;
    use crate::Tree;

    #[test]
    fn lines_of_all_architectures_count_and_others_do_not() {
        let long = "x\n".repeat(2500);
        let (tree, _directory) = Tree::of(&[
            ("kern/src/arch/a/boot.s", long.as_str()),
            ("kern/src/lib.rs", long.as_str()),
            ("kern/src/notes.txt", "x\n"),
            ("kern/build.rs", "x\n"),
        ]);
        let verdict = judge(&tree).unwrap();
        assert!(verdict.passed);
        assert_eq!(verdict.value, 5000);
        let (tree, _directory) = Tree::of(&[
            ("kern/src/a.s", &long),
            ("kern/src/b.rs", &long),
            ("kern/src/c.rs", "//\n"),
        ]);
        let verdict = judge(&tree).unwrap();
        assert!(!verdict.passed);
        assert_eq!(verdict.summary, "in 3 files, 1 of them comments");
    }

    #[test]
    fn nothing_to_count_is_a_failure() {
        assert!(!judge(&Tree::of(&[]).0).unwrap().passed);
    }
}
