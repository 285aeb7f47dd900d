//! A sum that nobody needs, from which the build sees that arithmetic is checked.

/// Nothing calls this, and the linker drops it. In the object that the kernel is linked
/// from it shows, by the panic that it has, whether overflow checks are on; gate
/// `overflow` looks for that.
#[unsafe(no_mangle)]
extern "C" fn overflow_probe(a: u64, b: u64) -> u64 {
    a + b
}
