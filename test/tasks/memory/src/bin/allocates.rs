//! allocates: uses its heap and gives it back; in its first life, until nothing is left.
#![no_std]
#![no_main]

userlib::task!("allocates");
userlib::heap!();
userlib::entry!(main);

use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::vec::Vec;

fn main() -> ! {
    let (life, free) = (userlib::generation(), HEAP.free());
    // What a life before this one has left there would be seen by whoever looks.
    let fresh: Vec<u8> = Vec::with_capacity(1024);
    let mut squares = BTreeMap::new();
    for n in 0..100_u64 {
        squares.insert(n, n * n);
    }
    let sum: u64 = squares.values().sum();
    let used = free - HEAP.free();
    drop((fresh, squares));
    defmt::info!("life {=u32}: {=usize} bytes free, {=usize} used", life, free, used);
    defmt::info!("life {=u32}: sum {=u64}, {=usize} bytes free again", life, sum, HEAP.free());
    let mut much: Vec<u8> = Vec::new();
    defmt::info!("life {=u32}: too much is refused: {=bool}", life, too_much(&mut much));
    if life == 0 {
        let mut all = Vec::new();
        loop {
            all.push(Box::new([0x5a_u8; 1024]));
        }
    }
    loop {
        userlib::wait(notifications::GO);
    }
}

/// Whether memory that there is not is refused in a way that can be dealt with.
fn too_much(bytes: &mut Vec<u8>) -> bool {
    bytes.try_reserve(1 << 20).is_err()
}
