//! Panics: the kernel has no function that begins one.

use crate::{Gate, Program, Verdict, counted};

/// Looks for them in the symbol table.
pub(crate) fn judge(program: &Program) -> Verdict {
    let found: Vec<String> = program
        .symbols
        .keys()
        .filter(|symbol| exov6_image::begins_panic(symbol))
        .map(|symbol| format!("{:#}", rustc_demangle::demangle(symbol)))
        .collect();
    let functions = counted(program.functions.len(), "function", "functions");
    Verdict::new(Gate::Panics, found.len() as u64, Some(0), "panic functions")
        .summary(format!("in {functions}"))
        .blame(found)
}

#[cfg(test)]
mod tests {
    use super::judge;
    use crate::Program;

    #[test]
    fn a_bounds_check_is_found_in_either_mangling() {
        let clean: [(&str, &[u32]); 2] = [("kernel_main", &[0]), ("memcpy", &[0])];
        assert!(judge(&Program::of(&clean)).passed);
        for symbol in [
            "_RNvNtCs2Pz_4core9panicking18panic_bounds_check",
            "_ZN4core9panicking9panic_fmt17h0123456789abcdefE",
            "rust_begin_unwind",
            "_RNvNtCs2Pz_4core6option13unwrap_failed",
        ] {
            let verdict = judge(&Program::of(&[("kernel_main", &[0]), (symbol, &[0])]));
            assert!(!verdict.passed && verdict.culprits.len() == 1, "{symbol}");
        }
    }
}
