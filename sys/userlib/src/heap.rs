//! Heap: an allocator for a task that `app.toml` gives memory for one.
//!
//! First fit in a list of holes that lies in the holes themselves. An allocation takes
//! time that grows with the number of holes: a task with deadlines allocates before its
//! first one. What does not fit is told by `alloc` itself: `Vec::try_reserve` returns an
//! error, everything else panics (`memory allocation of N bytes failed`), which is a
//! fault of this task and of nobody else. A restart begins with an empty heap, all zero.

use crate::Device;
use core::alloc::{GlobalAlloc, Layout};
use core::cell::UnsafeCell;
use core::ptr::NonNull;

/// The heap of a task: [`heap!`](crate::heap!) makes it `alloc`'s.
pub struct Heap {
    holes: UnsafeCell<Holes>,
}

struct Holes {
    /// Not there before the first allocation.
    list: Option<linked_list_allocator::Heap>,
    memory: Device,
}

// SAFETY: a task has one thread, and no interrupt handlers.
unsafe impl Sync for Heap {}

impl Heap {
    /// An empty heap in this memory, which is what `app.toml` gives the task.
    ///
    /// # Panics
    /// Without memory; as a constant, when the task is compiled.
    #[must_use]
    pub const fn new(memory: Option<Device>) -> Self {
        let Some(memory) = memory else {
            panic!("app.toml gives this task no heap");
        };
        Heap { holes: UnsafeCell::new(Holes { list: None, memory }) }
    }

    /// Bytes that are not allocated, in all holes together.
    #[must_use]
    pub fn free(&self) -> usize {
        self.with(|heap| heap.free())
    }

    fn with<T>(&self, use_it: impl FnOnce(&mut linked_list_allocator::Heap) -> T) -> T {
        // SAFETY: one thread, and nothing below here comes back to this heap.
        let Holes { list, memory } = unsafe { &mut *self.holes.get() };
        let heap = list.get_or_insert_with(|| {
            let start = core::ptr::with_exposed_provenance_mut(memory.address);
            // SAFETY: the build has given this task, and no other, writable memory there,
            // and nothing else of the task lies in it.
            unsafe { linked_list_allocator::Heap::new(start, memory.size) }
        });
        use_it(heap)
    }
}

// SAFETY: the list keeps what it gave away apart from what it has, and aligns.
unsafe impl GlobalAlloc for Heap {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let place = self.with(|heap| heap.allocate_first_fit(layout));
        place.map_or(core::ptr::null_mut(), NonNull::as_ptr)
    }

    unsafe fn dealloc(&self, place: *mut u8, layout: Layout) {
        if let Some(place) = NonNull::new(place) {
            // SAFETY: the caller's: it came from here, with this layout.
            self.with(|heap| unsafe { heap.deallocate(place, layout) });
        }
    }
}
