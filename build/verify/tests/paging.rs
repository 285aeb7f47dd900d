//! Our walk against tables that another library has drawn, and that library's own walk.

use aarch64_paging::descriptor::{El1Attributes as Flags, PhysicalAddress};
use aarch64_paging::paging::{Constraints, El1And0, MemoryRegion, RootTable, VaRange};
use aarch64_paging::target::TargetAllocator;
use exov6_pagetable::{Access, LINEAR, Mapping, PAGE, Tables};
use exov6_verify::descriptor::{Meaning, Rights};
use exov6_verify::walk::{Entry, Leaf, Memory, Oddity, Regime, Slot, Visitor, walk};
use proptest::prelude::*;

/// Tables at a physical address.
struct At(u64, Vec<u8>);

impl Memory for At {
    fn word(&self, physical: u64) -> Option<u64> {
        let at = physical.checked_sub(self.0)? as usize;
        Some(u64::from_le_bytes(self.1.get(at..at + 8)?.try_into().ok()?))
    }
}

#[derive(Default)]
struct Found {
    leaves: Vec<Leaf>,
    odd: Vec<(Slot, Entry, Oddity)>,
    entries: usize,
}

impl Visitor for Found {
    fn table(&mut self, _: &Slot, _: u64) -> Result<(), Oddity> {
        Ok(())
    }
    fn leaf(&mut self, leaf: Leaf) {
        self.leaves.push(leaf);
    }
    fn odd(&mut self, slot: &Slot, entry: Entry, oddity: Oddity) {
        self.odd.push((*slot, entry, oddity));
    }
    fn entry(&mut self, _: &Slot) {
        self.entries += 1;
    }
}

fn read(memory: &At, regime: Regime, root: u64) -> Found {
    let mut found = Found::default();
    assert!(walk(memory, regime, root, &mut found));
    found
}

const BASE: u64 = 0x5000_0000;

type Theirs = RootTable<El1And0, TargetAllocator<Flags>>;

/// Something to be mapped: first page, pages, physical page, flags.
type Wish = (u64, u64, u64, Flags);

fn wish(bits: u32) -> impl Strategy<Value = Wish> {
    let flags = any::<u64>().prop_map(|random| {
        // Every flag of pages but those that the library sets itself; bit 16 is in the
        // address of a page.
        let any = 0b111 << 2 | 1 << 5 | 3 << 6 | 3 << 8 | 1 << 10 | 1 << 11 | 0x1ff << 50;
        let random = random & any & !(1 << 52);
        Flags::from_bits_retain(random as usize) | Flags::VALID
    });
    // Small pieces, pieces over the edges of blocks, and whole blocks.
    let pages = prop_oneof![1..5_u64, 500..600_u64, Just(512_u64), Just(1024), Just(512 * 512)];
    let align = prop_oneof![Just(1_u64), Just(512), Just(512 * 512)];
    let last = 1_u64 << (bits - 12);
    (0..last, pages, 0..1_u64 << 27, align, flags).prop_map(move |(at, pages, to, align, flags)| {
        let at = at / align * align;
        (at, pages.min(last - at), to / align * align, flags)
    })
}

fn draw(level: usize, upper: bool, wishes: &[Wish]) -> (Theirs, Regime) {
    let bits = [48, 39, 30][level];
    let base = if upper { !0 << bits } else { 0 };
    let range = if upper { VaRange::Upper } else { VaRange::Lower };
    let mut map = RootTable::with_va_range(TargetAllocator::new(BASE), level, El1And0, range);
    for (at, pages, to, flags) in wishes {
        let from = base + at * PAGE;
        // The last page of the address space has no exclusive end.
        let most = (base + ((1_u64 << bits) - 1) - from) / PAGE * PAGE;
        let size = (pages * PAGE).min(most);
        let region = MemoryRegion::new(from as usize, (from + size) as usize);
        let to = PhysicalAddress((to * PAGE) as usize);
        map.map_range(&region, to, *flags, Constraints::empty()).unwrap();
    }
    (map, Regime { base, bits: bits as u32 })
}

/// What a leaf of the other library means, by its own names of the bits.
fn theirs(flags: Flags) -> Meaning {
    let has = |flag| flags.contains(flag);
    let mut rights = Rights::KERNEL_READ;
    for (yes, right) in [
        (!has(Flags::READ_ONLY), Rights::KERNEL_WRITE),
        (!has(Flags::PXN), Rights::KERNEL_EXECUTE),
        (has(Flags::USER), Rights::TASK_READ),
        (has(Flags::USER) && !has(Flags::READ_ONLY), Rights::TASK_WRITE),
        (!has(Flags::UXN), Rights::TASK_EXECUTE),
    ] {
        rights = if yes { rights.and(right) } else { rights };
    }
    let normal = flags & Flags::ATTRIBUTE_INDEX_MASK == Flags::ATTRIBUTE_INDEX_0;
    let shareable = (flags & Flags::SHAREABILITY_MASK).bits() >> 8;
    Meaning {
        rights,
        memory: if normal { 0xff } else { 0 },
        shareable: if normal { shareable as u8 } else { 2 },
        global: !has(Flags::NON_GLOBAL),
        contiguous: has(Flags::CONTIGUOUS_OR_PROTECTED),
        guarded: has(Flags::GP),
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 200,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn what_the_other_library_maps_is_what_we_read(
        level in 0..3_usize,
        upper in any::<bool>(),
        wishes in prop::collection::vec(wish(30), 1..6),
    ) {
        let (map, regime) = draw(level, upper, &wishes);
        let memory = At(BASE, map.translation().as_bytes());
        let found = read(&memory, regime, map.to_physical().0 as u64);
        let mut expected = vec![];
        let mut not_accessed = vec![];
        let last = regime.base + ((1 << regime.bits) - 1);
        let all = MemoryRegion::new(regime.base as usize, (last / PAGE * PAGE) as usize);
        map.walk_range(&all, &mut |range, descriptor, level| {
            if !descriptor.is_valid() || level < 3 && descriptor.is_table_or_page() {
                return Ok(());
            }
            let flags = descriptor.flags();
            let to = descriptor.output_address().0 as u64;
            if flags.contains(Flags::ACCESSED) {
                expected.push((range.start().0 as u64, to, range.len() as u64, theirs(flags)));
            } else {
                not_accessed.push(range.start().0 as u64);
            }
            Ok(())
        }).unwrap();
        let leaves: Vec<_> =
            found.leaves.iter().map(|l| (l.address, l.physical, l.size, l.meaning)).collect();
        prop_assert_eq!(leaves, expected);
        let odd = |wanted: Oddity| found.odd.iter().filter(move |(_, _, o)| *o == wanted);
        let clear: Vec<u64> = odd(Oddity::NotAccessed).map(|(slot, ..)| slot.address).collect();
        prop_assert_eq!(clear, not_accessed);
        prop_assert_eq!(odd(Oddity::FreeNotZero).count(), 0);
        // Every descriptor of every table was looked at.
        let tables = memory.1.len() as u64 / PAGE;
        prop_assert_eq!(found.entries as u64, tables * 512);
    }

    #[test]
    fn the_build_and_the_other_library_draw_the_same_descriptors(
        pages in prop::collection::btree_map(1..8191_u64, 0..1_u64 << 28, 1..40),
        which in 0..4_usize,
    ) {
        let access = [Access::TaskText, Access::TaskRead, Access::TaskWrite, Access::TaskDevice];
        let access = access[which];
        let flags = {
            let base =
                Flags::VALID | Flags::ACCESSED | Flags::USER | Flags::NON_GLOBAL | Flags::PXN;
            let memory = Flags::ATTRIBUTE_INDEX_0 | Flags::INNER_SHAREABLE;
            base | match access {
                Access::TaskText => memory | Flags::READ_ONLY,
                Access::TaskRead => memory | Flags::READ_ONLY | Flags::UXN,
                Access::TaskWrite => memory | Flags::UXN,
                _ => Flags::ATTRIBUTE_INDEX_1 | Flags::UXN,
            }
        };
        let mappings: Vec<Mapping> = pages
            .iter()
            .map(|(at, to)| Mapping { address: at * PAGE, physical: to * PAGE, size: PAGE, access })
            .collect();
        // Ours: a root of 16 descriptors, which lies behind its tables here.
        let mut tables = Tables::new(BASE, Tables::span_pages(&mappings));
        let root = tables.span(32 << 20, &mappings).unwrap();
        let mut bytes = tables.into_bytes();
        let at = BASE + bytes.len() as u64;
        bytes.extend(root.iter().flat_map(|entry| entry.to_le_bytes()));
        let ours = read(&At(BASE, bytes), Regime::TASK, at);
        prop_assert_eq!(ours.odd.len(), 0);
        // Theirs: the same pages in a root of 512.
        let wishes: Vec<Wish> = pages.iter().map(|(at, to)| (*at, 1, *to, flags)).collect();
        let (map, regime) = draw(2, false, &wishes);
        let memory = At(BASE, map.translation().as_bytes());
        let theirs = read(&memory, regime, map.to_physical().0 as u64);
        // But for the place of the tables, everything is the same: also each bit.
        let all = |found: &Found| -> Vec<_> {
            found.leaves.iter().map(|l| (l.address, l.physical, l.meaning, l.entry.value)).collect()
        };
        prop_assert_eq!(all(&ours), all(&theirs));
        prop_assert_eq!(ours.leaves.len(), pages.len());
    }
}

#[test]
fn the_kernel_s_half_is_read_as_it_was_drawn() {
    let mapping = |address, physical, size, access| Mapping { address, physical, size, access };
    let mappings = [
        mapping(LINEAR + 0x4020_0000, 0x4020_0000, 0x3000, Access::KernelText),
        mapping(LINEAR + 0x4020_3000, 0x4020_3000, 0x1000, Access::KernelRead),
        mapping(LINEAR + 0x403f_f000, 0x403f_f000, 0x2000, Access::KernelWrite),
        mapping(LINEAR + 0x0800_0000, 0x0800_0000, 0x1000, Access::KernelDevice),
    ];
    let mut tables = Tables::new(BASE, Tables::kernel_pages(&mappings) + 1);
    let root = tables.allocate().unwrap();
    tables.kernel(root, &mappings).unwrap();
    let found = read(&At(BASE, tables.into_bytes()), Regime::KERNEL, root);
    assert!(found.odd.is_empty());
    let leaf = |at: u64| found.leaves.iter().find(|leaf| leaf.address == LINEAR + at).unwrap();
    assert_eq!(found.leaves.len(), 7);
    assert_eq!(leaf(0x4020_2000).meaning, Meaning::expected(false, false, true, false));
    assert_eq!(leaf(0x4020_3000).meaning, Meaning::expected(false, false, false, false));
    assert_eq!(leaf(0x4040_0000).meaning, Meaning::expected(false, true, false, false));
    assert_eq!(leaf(0x0800_0000).meaning, Meaning::expected(false, true, false, true));
    assert!(found.leaves.iter().all(|leaf| leaf.address == LINEAR + leaf.physical));
}

#[test]
fn tables_above_take_rights_away() {
    // L1 ─► L2 ─► L3, with each of the four attributes in one of the entries above.
    let page = Access::TaskWrite.attributes() & !(3 << 53) | 0x4030_0000 | 3;
    let above = |first: u64, second: u64| {
        let mut bytes = vec![0; 3 * PAGE as usize];
        let mut put =
            |at: usize, value: u64| bytes[at..at + 8].copy_from_slice(&value.to_le_bytes());
        put(0, BASE + PAGE | 3 | first);
        put(PAGE as usize, BASE + 2 * PAGE | 3 | second);
        put(2 * PAGE as usize, page);
        let found = read(&At(BASE, bytes), Regime::BOOT, BASE);
        (found.leaves[0].meaning.rights, found.leaves[0].taken_by.map(|entry| entry.level))
    };
    let all = Rights(63);
    assert_eq!(above(0, 0), (all, None));
    assert_eq!(above(1 << 59, 0), (Rights(63 - 32), Some(1)));
    assert_eq!(above(0, 1 << 60), (Rights(63 - 4), Some(2)));
    assert_eq!(above(1 << 61, 1 << 62), (Rights(8 + 32 + 4), Some(2)));
    assert_eq!(above(1 << 61, 0), (Rights(8 + 16 + 32 + 4), Some(1)));
}

#[test]
fn tables_that_lead_in_circles_end() {
    // Every entry of an L1 table leads to itself: 512³ steps, were it entered each time.
    struct Once(Vec<u64>, usize);
    impl Visitor for Once {
        fn table(&mut self, _: &Slot, below: u64) -> Result<(), Oddity> {
            if self.0.contains(&below) {
                return Err(Oddity::TableTwice(below));
            }
            self.0.push(below);
            Ok(())
        }
        fn leaf(&mut self, _: Leaf) {}
        fn odd(&mut self, _: &Slot, _: Entry, oddity: Oddity) {
            assert_eq!(oddity, Oddity::TableTwice(BASE));
            self.1 += 1;
        }
    }
    let bytes = (0..512).flat_map(|_| (BASE | 3).to_le_bytes()).collect();
    let mut once = Once(vec![BASE], 0);
    assert!(walk(&At(BASE, bytes), Regime::KERNEL, BASE, &mut once));
    assert_eq!(once.1, 512);
}

#[test]
fn the_levels_follow_from_the_size_of_the_address() {
    let shape = |bits| (Regime { base: 0, bits }.level(), Regime { base: 0, bits }.entries());
    assert_eq!(shape(25), (2, 16));
    assert_eq!(shape(30), (2, 512));
    assert_eq!(shape(31), (1, 2));
    assert_eq!(shape(39), (1, 512));
    assert_eq!(shape(48), (0, 512));
}
