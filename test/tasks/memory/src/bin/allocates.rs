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
    let life = userlib::generation();
    defmt::info!("life {=u32}: {=usize} words of the heap are not zero", life, left_over());
    let free = HEAP.free();
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

/// Words of the heap that are not zero; to be asked before it is used.
fn left_over() -> usize {
    let Some(memory) = heap::MEMORY else { return usize::MAX };
    let word = |at: usize| core::ptr::with_exposed_provenance::<u64>(at);
    let all = (memory.address..memory.address + memory.size).step_by(8);
    // SAFETY: this task's memory, and the allocator has not touched it yet.
    all.filter(|at| unsafe { word(*at).read_volatile() } != 0).count()
}

/// Whether memory that there is not is refused in a way that can be dealt with.
fn too_much(bytes: &mut Vec<u8>) -> bool {
    bytes.try_reserve(1 << 20).is_err()
}
