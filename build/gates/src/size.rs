//! Size: what the kernel itself takes of the image, the tables aside.

use crate::{Gate, Program, Verdict};

/// Most bytes of text and constants.
const LIMIT: u64 = 32 << 10;

/// Adds them up.
pub(crate) fn judge(program: &Program) -> Verdict {
    let of = |name: &str| program.sections.get(name).copied().unwrap_or(0);
    let (text, rodata, bss) = (of(".text"), of(".rodata"), of(".bss"));
    // A section that the linker script does not name would not be counted.
    let known = [".text", ".rodata", ".desc", ".tables", ".task_ro", ".bss", ".data", ".comment"];
    let stray: Vec<String> = program
        .sections
        .iter()
        .filter(|(name, size)| {
            let known = known.contains(&name.as_str()) || name.starts_with(".debug");
            let table = [".symtab", ".shstrtab", ".strtab", ""].contains(&name.as_str());
            **size > 0 && !known && !table
        })
        .map(|(name, size)| format!("section {name} of {size} bytes is in no account"))
        .collect();
    let missing = (text == 0).then(|| "there is no .text".to_owned());
    Verdict::new(Gate::Size, text + rodata, Some(LIMIT), "bytes")
        .summary(format!(".text {text}, .rodata {rodata}; .bss {bss} besides"))
        .blame(stray.into_iter().chain(missing).collect())
}

#[cfg(test)]
mod tests {
    use super::judge;
    use crate::Program;

    fn program(sections: &[(&str, u64)]) -> Program {
        let sections = sections.iter().map(|(name, size)| ((*name).to_owned(), *size)).collect();
        Program { sections, ..Program::default() }
    }

    #[test]
    fn text_and_constants_count_and_tables_do_not() {
        let tables = [(".desc", 1 << 20), (".tables", 1 << 20), (".bss", 1 << 20)];
        let with = |text| program(&[&[(".text", text), (".rodata", 768)][..], &tables].concat());
        assert!(judge(&with(32_000)).passed);
        let verdict = judge(&with(32_001));
        assert!(!verdict.passed);
        assert_eq!(verdict.value, 32_769);
    }

    #[test]
    fn what_is_in_no_account_is_refused() {
        assert!(!judge(&program(&[(".text", 4), (".text.cold", 4)])).passed);
        assert!(!judge(&program(&[(".rodata", 4)])).passed);
    }
}
