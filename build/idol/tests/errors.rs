//! Every rule of the language has a tiny file that breaks it, and the exact message.
//!
//! `⟦` and `⟧` in a text mark where the error must point: at the `⟦`, which is taken
//! out before the compiler sees the text.

use exov6_idol::{Errors, parse};

/// An interface with one operation `x`, idempotent, with these fields.
fn operation(fields: &str) -> String {
    format!(
        "Interface(name: \"A\", ops: {{\"x\": ({fields}, reply: Simple(\"u8\"), idempotent: true)}})"
    )
}

fn errors(text: &str) -> Errors {
    parse("a.idol", text).expect_err("this should be refused")
}

/// Checks that the only error of `text` is `expected`, at the mark.
#[track_caller]
fn check(text: &str, expected: &str) {
    let at = text.find('⟦').expect("a mark");
    let before = &text[..at];
    let line = before.matches('\n').count() + 1;
    let column = before.chars().rev().take_while(|c| *c != '\n').count() + 1;
    let text = text.replace('⟦', "");
    assert_eq!(errors(&text).to_string(), format!("a.idol:{line}:{column}: {expected}"), "{text}");
}

#[test]
fn syntax_errors_say_what_was_expected_and_found() {
    check("⟦", "expected a value, found the end of the file");
    check("Interface(⟦}", "expected a value, found `}`");
    check("Interface(name: \"A\", ops: {}) ⟦x", "expected the end of the file, found `x`");
    check(
        "Interface(\n  name: \"A\"\n  ⟦ops: {},\n)",
        "expected `,` or `)`, found `o`\n  help: the `(` is on line 1",
    );
    check(
        "Interface(name ⟦= \"A\")",
        "expected `,` or `)`, found `=`\n  help: the `(` is on line 1",
    );
    check("Interface(name: \"A\", ops⟦)", "expected `:` after `ops`, found `)`");
    check("Interface(name: \"A\", ⟦\"ops\": {})", "expected a field name or `)`, found `\"`");
    check("Interface(ops: {⟦x: ()})", "expected a name in quotes, found `x`");
    check("Interface(ops: {\"x\": () ⟦\"y\": ()})", "expected `,` or `}`, found `\"`");
    check("Interface(imports: [\"a::B\" ⟦\"a::C\"])", "expected `,` or `]`, found `\"`");
    check("Interface(name: ⟦\"A)", "this string has no closing `\"`");
    check("Interface(name: ⟦r#\"A\")", "this string has no closing `\"#`");
    check("⟦/* /* */ Interface()", "this comment has no closing `*/`");
    check("⟦#![enable(x) Interface()", "`#![…]` has no closing `]`");
    check(
        "Interface(name: \"A⟦\\q\")",
        "unknown escape in a string\n  help: write `\\\\` for a backslash",
    );
    check("Interface(name: \"⟦\\xZZ\")", "`\\x` needs two hexadecimal digits");
    check("Interface(name: \"⟦\\u{110000}\")", "`\\u` needs a character's code: `\\u{2192}`");
    check("Interface(max: ⟦1.5)", "expected a whole number, found `1.5`");
}

#[test]
fn a_position_counts_characters_and_lines() {
    check(
        "// → ü\nInterface(doc: \"→→\", ⟦nome: \"A\", name: \"A\", ops: {\"x\": (reply: Simple(\"u8\"), idempotent: true)})",
        "an interface has no field `nome`\n  help: did you mean `name`?",
    );
}

#[test]
fn no_nesting_exhausts_the_stack() {
    let text = "[".repeat(100_000);
    assert_eq!(errors(&text).to_string(), "a.idol:1:34: nested deeper than 32 levels");
    let text = format!(
        "Interface(name: \"A\", ops: {{\"x\": (args: {{\"a\": \"{}u8{}\"}}, reply: Simple(\"u8\"), idempotent: true)}})",
        "[".repeat(5000),
        "; 1]".repeat(5000)
    );
    assert!(errors(&text).to_string().contains("a type nested this deep is a mistake"));
}

#[test]
fn a_file_is_one_interface() {
    check(
        "⟦Interfaces(name: \"A\")",
        "expected an interface, found `Interfaces(…)`\n  help: begin with `Interface(name: \"…\", ops: {…})`",
    );
    check("⟦Interface(name: \"A\")", "an interface needs the field `ops`");
    check("⟦Interface(name: \"A\", ops: {})", "interface `A` has no operations");
    check(
        "Interface(name: \"A\", ops: ⟦[])",
        "expected the operations as a map `{…}`, found a list `[…]`",
    );
}

#[test]
fn names_are_names_of_rust() {
    let name = |name: &str| {
        format!(
            "Interface(name: ⟦\"{name}\", ops: {{\"x\": (reply: Simple(\"u8\"), idempotent: true)}})"
        )
    };
    check(
        &name("plant"),
        "`plant` is no name for an interface\n  help: it names a type: letters and digits in `CamelCase`",
    );
    check(
        &name("Loop"),
        "the module of interface `Loop` would be called `loop`, a word of the language",
    );
    let op = |name: &str| {
        format!(
            "Interface(name: \"A\", ops: {{⟦\"{name}\": (reply: Simple(\"u8\"), idempotent: true)}})"
        )
    };
    let help = "letters, digits and single `_` between them, in `snake_case`";
    for bad in ["Read", "read-it", "", "1st", "a__b", "a_", "_a", "ä"] {
        check(&op(bad), &format!("`{bad}` is no name for an operation\n  help: {help}"));
    }
    check(&op("loop"), "operation `loop`: a word of the language");
    for taken in ["new", "notified", "mask"] {
        check(
            &op(taken),
            &format!("operation `{taken}`: the generated code needs this name itself"),
        );
    }
    assert!(parse("a", &operation("args: {\"message\": \"u8\"}")).is_ok());
    check(
        &operation("leases: {⟦\"a_\": (type: \"[u8]\", read: true)}"),
        &format!("`a_` is no name for a lease\n  help: {help}"),
    );
}

#[test]
fn unknown_and_repeated_fields_are_errors() {
    check(
        &operation("⟦idempotant: true"),
        "operation `x` has no field `idempotant`\n  help: did you mean `idempotent`?",
    );
    check(
        &operation("⟦priority: 3"),
        "operation `x` has no field `priority`\n  help: known are doc, description, args, leases, reply, idempotent, encoding",
    );
    check(&operation("doc: \"a\", ⟦doc: \"b\""), "field `doc` of operation `x` is there twice");
    check(
        &operation("doc: \"a\", description: ⟦\"b\""),
        "`doc` and `description` are the same thing: keep one",
    );
    check(&operation("args: {\"a\": \"u8\", ⟦\"a\": \"u8\"}"), "argument `a` is there twice");
    check(
        "Interface(name: \"A\", ops: {\"x\": (reply: Simple(\"u8\"), idempotent: true), ⟦\"x\": (reply: Simple(\"u8\"), idempotent: true)})",
        "operation `x` is there twice",
    );
    check(
        "Interface(name: \"A\", ops: {⟦\"x\": (args: {\"a\": \"u8\"}, leases: {\"a\": (type: \"[u8]\", read: true)}, reply: Simple(\"u8\"), idempotent: true)})",
        "operation `x`: `a` is both an argument and a lease",
    );
    check(
        &operation("leases: {\"l\": (type: \"[u8]\", ⟦wirte: true, read: true)}"),
        "lease `l` has no field `wirte`\n  help: did you mean `write`?",
    );
    check(
        "Interface(name: \"A\", ops: {⟦\"x\": (idempotent: true)})",
        "operation `x` needs the field `reply`",
    );
}

#[test]
fn an_operation_must_be_able_to_say_that_its_server_died() {
    check(
        "Interface(name: \"A\", ops: {\"x\": (reply: ⟦Simple(\"u8\"))})",
        "operation `x` cannot say that its server died while carrying it out\n  help: reply with `Result(ok: …, err: ServerDeath)` or an error type, or mark it `idempotent: true` if doing it twice is the same as once",
    );
}

#[test]
fn leases_are_read_or_written_and_not_both_by_an_idempotent_operation() {
    check(
        &operation("leases: {⟦\"l\": (type: \"[u8]\")}"),
        "lease `l` may be neither read nor written\n  help: add `read: true` or `write: true`",
    );
    check(
        &operation("leases: {⟦\"l\": (type: \"[u8]\", read: true, write: true)}"),
        "lease `l` is read and written by an idempotent operation\n  help: a second attempt would read what the first one wrote: lend two pieces of memory, or leave `idempotent` out",
    );
    check(
        &operation("leases: {\"l\": ⟦\"[u8]\"}"),
        "lease `l`: expected `(…)`, found the string \"[u8]\"\n  help: a lease is `(type: \"[u8]\", read: true)`",
    );
    check(&operation("leases: {\"l\": (type: ⟦\"[()]\", read: true)}"), "lease `l` lends no bytes");
    check(
        &operation("leases: {\"l\": (type: ⟦\"[[u8]]\", read: true)}"),
        "lease `l`: a slice of slices",
    );
    check(
        &operation("leases: {\"l\": (type: \"[u8]\", read: ⟦1)}"),
        "expected `true` or `false`, found the number 1",
    );
}

#[test]
fn max_len_limits_slices_only() {
    check(
        &operation("leases: {\"l\": (type: \"u32\", read: true, ⟦max_len: Some(4))}"),
        "lease `l` is one `u32`: `max_len` says nothing about it\n  help: leave `max_len` out, or lend a slice: `[u32]`",
    );
    for bad in ["0", "-1", "4294967296"] {
        check(
            &operation(&format!(
                "leases: {{\"l\": (type: \"[u8]\", read: true, max_len: Some(⟦{bad}))}}"
            )),
            "`max_len` must be from 1 to 4294967295",
        );
    }
    check(
        &operation("leases: {\"l\": (type: \"[u8]\", read: true, max_len: ⟦\"4\")}"),
        "expected `Some(number)`, found the string \"4\"",
    );
}

#[test]
fn a_call_lends_at_most_eight_pieces_hidden_ones_included() {
    let leases = |count: usize| -> String {
        (0..count).map(|i| format!("\"l{i}\": (type: \"[u8]\", read: true), ")).collect()
    };
    let text = |count, arg: &str| {
        format!(
            "Interface(name: \"A\", ops: {{⟦\"x\": (args: {{\"a\": \"{arg}\"}}, leases: {{{}}}, reply: Simple(\"u8\"), idempotent: true)}})",
            leases(count)
        )
    };
    assert!(parse("a", &text(8, "[u8; 64]").replace('⟦', "")).is_ok());
    check(&text(9, "u8"), "operation `x` lends 9 pieces of memory; a call lends at most 8");
    assert!(parse("a", &text(6, "[u8; 65]").replace('⟦', "")).is_ok());
    check(
        &text(7, "[u8; 65]"),
        "operation `x` lends 9 pieces of memory; a call lends at most 8\n  help: 7 are declared and 2 carry arguments and reply, one of which exceeds 64 bytes",
    );
}

#[test]
fn an_interface_has_at_most_63_operations() {
    let text = |count: usize| {
        let ops: String = (1..=count)
            .map(|i| {
                let mark = if i == 64 { "⟦" } else { "" };
                format!("{mark}\"x{i}\": (reply: Simple(\"u8\"), idempotent: true), ")
            })
            .collect();
        format!("Interface(name: \"A\", ops: {{{ops}}})")
    };
    let interface = parse("a", &text(63)).unwrap();
    let numbers: Vec<u16> = interface.operations.iter().map(|op| op.number).collect();
    assert_eq!(numbers, (1..=63).collect::<Vec<u16>>());
    check(
        &text(64),
        "`x64` is operation 64; an interface has at most 63\n  help: a port's permissions are a 64-bit mask: split the interface",
    );
}

#[test]
fn types_have_one_size_and_one_meaning_everywhere() {
    let arg = |ty: &str| operation(&format!("args: {{\"a\": \"{ty}\"}}"));
    // All tasks of an image have addresses of the same width.
    assert!(parse("a", &arg("[usize; 2]")).is_ok());
    check(
        &arg("⟦&[u8]"),
        "a reference cannot cross between tasks\n  help: lend the memory: `leases: {\"data\": (type: \"[u8]\", read: true)}`",
    );
    check(
        &arg("⟦str"),
        "`str` cannot cross between tasks\n  help: lend the bytes: `leases: {\"text\": (type: \"[u8]\", read: true)}`",
    );
    check(&arg("⟦u23"), "`u23` is neither built in nor imported\n  help: did you mean `u32`?");
    check(
        &arg("⟦crate::Sample"),
        "`crate::` is another place in every task\n  help: put the type into a crate that client and server both depend on",
    );
    check(&arg("c::⟦fn"), "`fn` is a word of the language");
    check(&arg("c::⟦"), "`c::` is not a type");
    check(&arg("u8 ⟦u8"), "`u8 u8` is not a type");
    check(&arg("[u8; ⟦n]"), "expected a number, found `n`");
    check(&arg("[u8; ⟦]"), "expected a number, found ``");
    check(&arg("[u8; 4⟦"), "expected `]` in the type `[u8; 4`");
    let text = "args: {\"a\": ⟦\"[u8]\"}";
    check(
        &operation(text),
        "`[u8]` has no fixed size: it cannot be an argument\n  help: lend it: `leases: {\"data\": (type: \"[u8]\", read: true)}`",
    );
    check(&operation("args: {\"a\": ⟦\"[[u8]; 2]\"}"), "`[[u8]; 2]` has no fixed size");
    check(
        &operation("args: {\"a\": ⟦\"[[u8; 4294967295]; 4294967295]\"}"),
        "`[[u8; 4294967295]; 4294967295]` is larger than any task's memory",
    );
    check(&operation("args: {\"a\": ⟦5}"), "expected a type in quotes, found the number 5");
}

#[test]
fn imports_are_full_paths_used_and_unambiguous() {
    let text = |imports: &str, ty: &str| {
        format!(
            "Interface(name: \"A\", imports: {imports}, ops: {{\"x\": (reply: Simple(\"{ty}\"), idempotent: true)}})"
        )
    };
    check(&text("[\"⟦c::T\"]", "u8"), "nothing uses the import `T`");
    check(
        &text("[\"⟦T\"]", "u8"),
        "`T` names no crate\n  help: write the full path: `some_crate::T`",
    );
    check(
        &text("[\"c::T\", \"⟦d::T\"]", "T"),
        "`T` is imported twice, as `c::T` and `d::T`\n  help: write one of them in full where it is used",
    );
    check(&text("[\"⟦c::bool\"]", "u8"), "`bool` is a built-in type");
    check(&text("⟦\"c::T\"", "u8"), "expected a list of paths, found the string \"c::T\"");
    check(
        &text("[\"c::Sample\"]", "⟦Smaple"),
        "`Smaple` is neither built in nor imported\n  help: did you mean `Sample`?",
    );
}

#[test]
fn a_name_without_a_crate_is_looked_up_where_the_code_is_compiled() {
    let text = |imports: &str, ty: &str| {
        format!(
            "Interface(name: \"A\", {imports} ops: {{\"x\": (args: {{\"b\": \"c::B\", \"a\": \"{ty}\"}}, reply: Simple(\"u8\"), idempotent: true)}})"
        )
    };
    for good in ["Sample", "[Sample; 3]", "[u8; SIZE]", "[u8; c::SIZE]", "Stamped<u8, 3>"] {
        assert!(parse("a", &text("", good)).is_ok(), "{good}");
    }
    // A file that imports anything imports everything.
    let imports = "imports: [\"c::T\", \"c::B\"],";
    let short =
        text(imports, "(T, B, ⟦Sample)").replace("idempotent", "encoding: Hubpack, idempotent");
    check(
        &short.replace("c::B\", \"a\"", "B\", \"a\""),
        "`Sample` is neither built in nor imported\n  help: write its full path, or import it: `imports: [\"some_crate::Sample\"]`",
    );
    check(
        &text("imports: [\"c::T\"],", "[T; ⟦SIZE]"),
        "`SIZE` is neither built in nor imported\n  help: write its full path, or import it: `imports: [\"some_crate::SIZE\"]`",
    );
}

#[test]
fn what_has_no_layout_needs_an_encoding_that_gives_it_one() {
    let arg = |ty: &str, more: &str| operation(&format!("args: {{\"a\": \"{ty}\"}}{more}"));
    let add = "add `encoding: Hubpack` to the operation, name a `#[repr(C)]` struct, or";
    check(
        &arg("⟦(u8, u8)", ""),
        &format!("a tuple has no fixed layout\n  help: {add} give several arguments"),
    );
    check(
        &arg("[⟦Option<u8>; 2]", ", encoding: Zerocopy"),
        &format!("`Option` has no fixed layout\n  help: {add} reply with a `Result(…)`"),
    );
    check(
        &operation("leases: {\"l\": (type: \"[⟦(u8, u8)]\", read: true)}, encoding: Hubpack"),
        &format!("a tuple has no fixed layout\n  help: {add} give several arguments"),
    );
    for encoding in ["Hubpack", "Ssmarshal"] {
        for good in ["(u8, u8)", "(u8,)", "((u8))", "Option<(A, B)>", "Result<c::T<u8>, ()>"] {
            let text = arg(good, &format!(", encoding: {encoding}"));
            assert!(parse("a", &text).is_ok(), "{text}");
        }
    }
    let hubpack = ", encoding: Hubpack";
    check(&arg("(u8⟦", hubpack), "expected `)` in the type `(u8`");
    check(&arg("Option⟦", hubpack), "expected `<` in the type `Option`");
    check(&arg("Result<u8⟦>", hubpack), "expected `,` in the type `Result<u8>`");
    check(&arg("c::T<u8⟦", hubpack), "expected `>` in the type `c::T<u8`");
    check(
        &operation("args: {\"a\": ⟦\"(u8, [u8])\"}, encoding: Hubpack"),
        "`(u8, [u8])` has no fixed size",
    );
    check(&arg("⟦char", hubpack), "the encoding Hubpack has no `char`");
    check(&arg("Option<⟦i128>", ", encoding: Ssmarshal"), "the encoding Ssmarshal has no `i128`");
    check(
        &operation("encoding: ⟦Zercopy"),
        "expected an encoding, found `Zercopy`\n  help: did you mean `Zerocopy`?",
    );
    check(
        &operation("encoding: ⟦\"Hubpack\""),
        "expected an encoding, found the string \"Hubpack\"\n  help: one of Zerocopy, Ssmarshal, Hubpack",
    );
    check(
        "Interface(name: \"A\", ops: {\"x\": (reply: Result(ok: \"u8\", err: ⟦Complex(\"c::E\")))})",
        "an error with a payload has no fixed layout\n  help: add `encoding: Hubpack` to the operation, or use `CLike`",
    );
}

#[test]
fn values_are_received_in_known_ways() {
    let arg = |recv: &str| operation(&format!("args: {{\"a\": (type: \"T\", recv: {recv})}}"));
    for good in ["FromBytes", "FromPrimitive(\"u8\")", "From(\"u8\", None)", "From(\"c::U\")"] {
        assert!(parse("a", &arg(good)).is_ok(), "{good}");
    }
    for good in ["From(\"u8\", Some(\"to_t\"))", "From(\"[u8; 2]\", Some(\"c::to_t\"),)"] {
        assert!(parse("a", &arg(good)).is_ok(), "{good}");
    }
    check(
        &arg("⟦FromPrimitve(\"u8\")"),
        "expected how to receive the value, found `FromPrimitve(…)`\n  help: did you mean `FromPrimitive`?",
    );
    let forms = "`FromBytes`, `FromPrimitive(\"u8\")`, `From(\"u8\", None)` or `From(\"u8\", Some(\"function\"))`";
    check(
        &arg("⟦FromPrimitive"),
        &format!("expected how to receive the value, found `FromPrimitive`\n  help: {forms}"),
    );
    check(
        &arg("FromPrimitive(⟦\"f32\")"),
        "`f32` is no integer\n  help: use `recv: From(\"f32\", None)` for other types",
    );
    check(
        &arg("From(\"u8\", ⟦Same(\"to_t\"))"),
        "expected `None` or `Some(\"function\")`, found `Same(…)`",
    );
    check(&arg("From(\"u8\", Some(\"⟦fn\"))"), "`fn` is a word of the language");
    check(&arg("FromBytes, ⟦recv: FromBytes"), "field `recv` of an argument is there twice");
    check(
        &arg("FromBytes, ⟦docs: \"x\""),
        "an argument has no field `docs`\n  help: did you mean `doc`?",
    );
}

#[test]
fn replies_and_errors_have_their_forms() {
    let reply = |reply: &str| {
        format!("Interface(name: \"A\", ops: {{\"x\": (reply: {reply}, idempotent: true)}})")
    };
    check(
        &reply("⟦\"u8\""),
        "expected a reply, found the string \"u8\"\n  help: `Simple(\"T\")` or `Result(ok: \"T\", err: CLike(\"some_crate::E\"))`",
    );
    check(
        &reply("⟦Simpel(\"u8\")"),
        "expected a reply, found `Simpel(…)`\n  help: did you mean `Simple`?",
    );
    check(&reply("⟦Result(ok: \"u8\")"), "`Result` needs the field `err`");
    check(
        &reply("Result(ok: \"u8\", err: ⟦Clike(\"c::E\"))"),
        "expected an error, found `Clike(…)`\n  help: did you mean `CLike`?",
    );
    check(
        &reply("Result(ok: \"u8\", err: CLike(⟦\"u8\"))"),
        "`u8` is no error type\n  help: an error is an enumeration made with `idol_runtime::error!`",
    );
    check(
        &reply("Result(ok: \"u8\", err: ⟦CLike)"),
        "expected an error, found `CLike`\n  help: `CLike(\"some_crate::E\")`, `Complex(\"some_crate::E\")` or `ServerDeath`",
    );
    for good in [
        "Simple((type: \"u8\"))",
        "Simple(type: \"u8\", recv: FromBytes)",
        "Result(ok: (type: \"u8\"), err: ServerDeath)",
    ] {
        assert!(parse("a", &reply(good)).is_ok(), "{good}");
    }
}

#[test]
fn all_mistakes_of_a_file_are_told_in_file_order() {
    let text = "Interface(\n  name: \"a\",\n  ops: {\n    \"x\": (args: {\"a\": \"str\"}, reply: Simple(\"&u8\")),\n    \"y\": (repli: Simple(\"u8\")),\n  },\n)";
    let Errors(all) = errors(text);
    let places: Vec<(usize, usize)> = all.iter().map(|error| (error.line, error.column)).collect();
    assert_eq!(places, [(2, 9), (4, 24), (4, 46), (5, 11)]);
}
