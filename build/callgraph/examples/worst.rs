fn main() {
    for path in std::env::args().skip(1) {
        let program = exov6_callgraph::Program::read(path.as_ref()).unwrap();
        let entry = program.symbols["_start"];
        match exov6_callgraph::task::worst(&program, entry, &Default::default()) {
            Ok(w) => println!("{path}: {} {:?}", w.bytes, w.way),
            Err(e) => println!("{path}: {e:#?}"),
        }
    }
}
