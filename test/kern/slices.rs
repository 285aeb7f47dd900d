//! SLICE-GRID: slices of user memory on every edge, against arithmetic in 128 bits.
//!
//! The reference does not walk: it takes the regions that grant a use away from the
//! slice and looks whether anything is left. Tables are random but for their shapes:
//! adjacent regions, holes, lesser rights, devices, guards, and one that ends at the
//! last byte there is.

use super::numbers::Numbers;
use crate::memory::{Segment, Use, UserSlice};
use abi::desc::{self, Region};

const TOP: u128 = 1 << 64;
const PAGE: u64 = 4096;

/// Whether every byte of a slice lies in regions that grant the use.
fn reference(regions: &[Region], usage: Use, address: u64, length: u64) -> bool {
    let need = match usage {
        Use::Read => desc::R,
        Use::Write => desc::W,
        Use::ReadWrite => desc::R | desc::W,
    };
    let (start, end) = (u128::from(address), u128::from(address) + u128::from(length));
    let mut left = vec![(start, end)];
    for region in regions.iter().filter(|r| r.rights & (need | desc::DEVICE) == need) {
        let (first, last) = span(region);
        left = left
            .into_iter()
            .flat_map(|(a, b)| [(a, b.min(first)), (a.max(last), b)])
            .filter(|(a, b)| a < b)
            .collect();
    }
    length == 0 || end <= TOP && left.is_empty()
}

fn span(region: &Region) -> (u128, u128) {
    (u128::from(region.base), u128::from(region.base) + u128::from(region.size))
}

/// A sorted table of up to six regions, from page 1 on or up to the top.
pub fn table(numbers: &mut Numbers, to_the_top: bool) -> Vec<Region> {
    let count = 1 + numbers.below(6);
    let mut pages = vec![];
    let mut page = 1 + numbers.below(3);
    for _ in 0..count {
        // Adjacent half of the time.
        page += numbers.pick(&[0, 0, 1, 2]);
        let size = 1 + numbers.below(3);
        pages.push((page, size));
        page += size;
    }
    let shift = if to_the_top { (1_u64 << 52) - page } else { 0 };
    pages
        .into_iter()
        .map(|(page, size)| {
            let (r, w, x) = (desc::R, desc::W, desc::X);
            let rights = numbers.pick(&[r | w, r | w, r, r | x, w, 0, r | w | desc::DEVICE]);
            Region {
                base: (page + shift) * PAGE,
                size: size * PAGE,
                physical: numbers.below(1 << 30) * PAGE,
                rights,
                kind: if rights == 0 { desc::KIND_GUARD } else { desc::KIND_DATA },
            }
        })
        .collect()
}

/// Every number that is near an edge of these regions, of the first page or of all.
pub fn edges(regions: &[Region]) -> Vec<u64> {
    let mut edges = vec![0, 1, 2, 7, 8, PAGE - 1, PAGE, PAGE + 1, 1 << 32, 1 << 63];
    edges.extend([u64::MAX, u64::MAX - 1, u64::MAX - 7, u64::MAX - PAGE, u64::MAX - PAGE + 1]);
    for region in regions {
        for at in [region.base, region.base.wrapping_add(region.size)] {
            edges.extend([at.wrapping_sub(1), at, at.wrapping_add(1)]);
        }
        edges.push(region.base + region.size / 2);
    }
    edges.sort_unstable();
    edges.dedup();
    edges
}

#[test]
fn a_slice_is_valid_exactly_where_128_bits_say_so() {
    let mut numbers = Numbers(1);
    let (mut good, mut bad) = (0, 0);
    for round in 0..120 {
        let regions = table(&mut numbers, round % 4 == 3);
        let ends_at_top = regions.iter().any(|region| span(region).1 == TOP);
        let edges = edges(&regions);
        for &address in &edges {
            // Lengths that end at an edge, and lengths that are one.
            let to_edges = edges.iter().map(|end| end.wrapping_sub(address));
            for length in to_edges.chain(edges.iter().copied()) {
                for usage in [Use::Read, Use::Write, Use::ReadWrite] {
                    let expected = reference(&regions, usage, address, length);
                    let valid = UserSlice::alleged(address, length).is_valid(&regions, usage);
                    if ends_at_top {
                        // The last byte there is belongs to no image: refusing is fine.
                        assert!(expected || !valid, "{address:#x}+{length:#x} in {regions:#x?}");
                    } else {
                        assert_eq!(valid, expected, "{address:#x}+{length:#x} in {regions:#x?}");
                    }
                    *if valid { &mut good } else { &mut bad } += 1;
                }
            }
        }
    }
    assert!(good > 1000 && bad > 1000, "both answers are given: {good} and {bad}");
}

/// Where each byte of a valid slice is in physical memory.
fn bytes(regions: &[Region], address: u64, length: u64) -> Vec<u64> {
    (0..length)
        .map(|offset| {
            let at = u128::from(address) + u128::from(offset);
            let found = regions.iter().find(|r| (span(r).0..span(r).1).contains(&at));
            let region = found.expect("a valid slice lies in regions");
            region.physical + (address + offset - region.base)
        })
        .collect()
}

#[test]
fn segments_of_a_valid_slice_are_its_bytes_in_order() {
    let mut numbers = Numbers(2);
    let mut several = 0;
    for _ in 0..60 {
        let regions = table(&mut numbers, false);
        let edges = edges(&regions);
        for &address in &edges {
            for &end in &edges {
                let length = end.wrapping_sub(address);
                let slice = UserSlice::alleged(address, length);
                if length > 4 * PAGE || length == 0 || !slice.is_valid(&regions, Use::Read) {
                    continue;
                }
                let mut walked = vec![];
                let mut pieces = 0;
                while let Some(Segment { physical, length: part }) =
                    slice.segment(&regions, walked.len() as u64)
                {
                    assert!(part > 0 && walked.len() as u64 + part <= length);
                    walked.extend((0..part).map(|byte| physical.0 + byte));
                    pieces += 1;
                }
                assert_eq!(walked, bytes(&regions, address, length));
                several += usize::from(pieces > 1);
            }
        }
    }
    assert!(several > 50, "slices of several segments: {several}");
}

#[test]
fn there_is_no_segment_outside_a_slice_or_in_a_device_or_guard() {
    let mut numbers = Numbers(3);
    for round in 0..60 {
        let regions = table(&mut numbers, round % 4 == 3);
        let edges = edges(&regions);
        for &address in &edges {
            for &offset in &edges {
                for &length in &edges {
                    let slice = UserSlice::alleged(address, length);
                    let at = u128::from(address) + u128::from(offset);
                    let region = regions
                        .iter()
                        .find(|r| (span(r).0..span(r).1).contains(&at))
                        .filter(|r| r.rights & desc::DEVICE == 0 && r.rights != 0);
                    let expected = region.filter(|_| offset < length).map(|region| {
                        let left = span(region).1 - at;
                        (
                            region.physical + (at - span(region).0) as u64,
                            left.min(u128::from(length - offset)) as u64,
                        )
                    });
                    let found = slice.segment(&regions, offset).map(|s| (s.physical.0, s.length));
                    assert_eq!(found, expected, "{address:#x}+{length:#x} at {offset:#x}");
                }
            }
        }
    }
}
