//! Graph: the deepest of all paths, and what has none.
//!
//! ```text
//!   worst(f) = max( own(f),  depth of a call + worst(callee) … )
//! ```
//!
//! Functions that call each other in a cycle have no worst path by themselves. If one of
//! them is known to be on the stack at most N times, every way through the cycle is cut
//! there: N pieces from it to itself, and a last one that leaves.

use crate::Edge;
use std::collections::{BTreeMap, BTreeSet};

/// A function.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Node {
    /// Most bytes that it has on the stack itself.
    pub own: u64,
    /// Its calls.
    pub edges: Vec<Edge>,
}

/// A step of a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    /// First word of the function.
    pub function: u64,
    /// Bytes of this step, all its repetitions together.
    pub bytes: u64,
    /// How often; more than once in a recursion that has a bound.
    pub times: u64,
}

/// The deepest path that begins at a function.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Path {
    /// Bytes, all in all.
    pub bytes: u64,
    /// Functions on the way, each with its own bytes up to the next.
    pub steps: Vec<Step>,
}

impl Path {
    fn of(function: u64, bytes: u64) -> Path {
        Path { bytes, steps: vec![Step { function, bytes, times: 1 }] }
    }

    /// The path of a step, and then this one.
    #[must_use]
    pub fn below(&self, function: u64, bytes: u64) -> Path {
        let mut steps = vec![Step { function, bytes, times: 1 }];
        steps.extend(&self.steps);
        Path { bytes: bytes.saturating_add(self.bytes), steps }
    }

    fn deeper(self, other: Path) -> Path {
        if other.bytes > self.bytes { other } else { self }
    }
}

/// A way from a function to itself, that none of the bounds cuts: the functions in order,
/// the first of them not repeated.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cycle(pub Vec<u64>);

/// Who calls whom.
#[derive(Clone, Debug, Default)]
pub struct Graph {
    /// Functions by address.
    pub nodes: BTreeMap<u64, Node>,
}

impl Graph {
    /// The functions that can be reached from one, itself among them.
    #[must_use]
    pub fn reached(&self, entry: u64) -> BTreeSet<u64> {
        let mut reached = BTreeSet::new();
        let mut waiting = vec![entry];
        while let Some(at) = waiting.pop() {
            if reached.insert(at) {
                waiting.extend(self.edges(at).map(|edge| edge.target));
            }
        }
        reached
    }

    /// The deepest path from a function. `most` says of functions how often they are on
    /// the stack at once at most; not 0.
    ///
    /// # Errors
    /// Cycles that no bound cuts, one of each group of functions that call each other.
    pub fn worst(&self, entry: u64, most: &BTreeMap<u64, u64>) -> Result<Path, Vec<Cycle>> {
        let all = self.reached(entry);
        let mut worst: BTreeMap<u64, Path> = BTreeMap::new();
        let mut cycles = vec![];
        for group in self.groups(&all) {
            if self.is_cycle(&group) {
                match self.cut(&group, most) {
                    Ok(order) => self.around(&group, &order, most, &mut worst),
                    Err(cycle) => {
                        cycles.push(cycle);
                        worst.extend(group.iter().map(|at| (*at, Path::default())));
                    }
                }
            } else {
                for at in group {
                    let path = self.leave(at, &worst, |_| true);
                    worst.insert(at, path);
                }
            }
        }
        cycles.sort();
        if cycles.is_empty() { Ok(worst.remove(&entry).unwrap_or_default()) } else { Err(cycles) }
    }

    fn edges(&self, at: u64) -> impl Iterator<Item = &Edge> {
        self.nodes.get(&at).into_iter().flat_map(|node| &node.edges)
    }

    /// The deepest path from a function over those of its calls that are `wanted`; where
    /// they lead must be known already.
    fn leave(&self, at: u64, known: &BTreeMap<u64, Path>, wanted: impl Fn(u64) -> bool) -> Path {
        let own = Path::of(at, self.nodes.get(&at).map_or(0, |node| node.own));
        let wanted = self.edges(at).filter(|edge| wanted(edge.target));
        let ways = wanted.filter_map(|e| Some(known.get(&e.target)?.below(at, e.depth)));
        ways.fold(own, Path::deeper)
    }

    fn is_cycle(&self, group: &[u64]) -> bool {
        group.len() > 1 || group.iter().any(|at| self.edges(*at).any(|edge| edge.target == *at))
    }

    /// The functions of a group without those that have a bound, callees first.
    fn cut(&self, group: &[u64], most: &BTreeMap<u64, u64>) -> Result<Vec<u64>, Cycle> {
        let rest: BTreeSet<u64> =
            group.iter().copied().filter(|at| !most.contains_key(at)).collect();
        let groups = self.groups(&rest);
        match groups.iter().find(|group| self.is_cycle(group)) {
            Some(group) => Err(self.shortest(group)),
            None => Ok(groups.concat()),
        }
    }

    /// Worst paths of a group that calls itself; `order` are its functions without a
    /// bound, callees first.
    fn around(
        &self,
        group: &[u64],
        order: &[u64],
        most: &BTreeMap<u64, u64>,
        worst: &mut BTreeMap<u64, Path>,
    ) {
        let bounded: Vec<u64> = group.iter().copied().filter(|at| most.contains_key(at)).collect();
        // For each function: the deepest way that meets no bounded one, and the deepest up
        // to the next bounded one.
        let mut down: BTreeMap<u64, Path> = worst.clone();
        let mut hop: BTreeMap<u64, u64> = BTreeMap::new();
        for at in order.iter().chain(&bounded) {
            let ways = self.edges(*at).filter_map(|edge| {
                let beyond = if most.contains_key(&edge.target) && group.contains(&edge.target) {
                    0
                } else if order.contains(&edge.target) {
                    *hop.get(&edge.target)?
                } else {
                    return None;
                };
                Some(edge.depth.saturating_add(beyond))
            });
            let farthest = ways.max();
            let path = self.leave(*at, &down, |target| !bounded.contains(&target));
            if !bounded.contains(at) {
                down.insert(*at, path);
                hop.extend(farthest.map(|bytes| (*at, bytes)));
            } else {
                // Bounded ones are not passed on the way: kept aside until all are known.
                worst.insert(*at, path);
                hop.extend(farthest.map(|bytes| (*at, bytes)));
            }
        }
        // All pieces, one of them exchanged for a last one: the one that gains most by it.
        let hop_of = |at: &u64| hop.get(at).copied().unwrap_or(0);
        let gain = |at: &u64| {
            let last = worst.get(at).map_or(0, |path| path.bytes);
            i128::from(last) - i128::from(hop_of(at))
        };
        let Some(last) = bounded.iter().copied().max_by_key(gain) else { return };
        let mut cycle = worst.get(&last).cloned().unwrap_or_default();
        for at in bounded.iter().rev() {
            let times = most[at] - u64::from(*at == last);
            if times > 0 {
                let bytes = hop_of(at).saturating_mul(times);
                cycle.bytes = cycle.bytes.saturating_add(bytes);
                cycle.steps.insert(0, Step { function: *at, bytes, times });
            }
        }
        for at in &bounded {
            worst.insert(*at, cycle.clone());
        }
        for at in order {
            let without = down.remove(at).unwrap_or_default();
            let with = hop.get(at).map(|bytes| cycle.below(*at, *bytes)).unwrap_or_default();
            worst.insert(*at, without.deeper(with));
        }
    }

    /// A shortest cycle of a group, from its first function on.
    fn shortest(&self, group: &[u64]) -> Cycle {
        let mut best: Option<Vec<u64>> = None;
        for first in group {
            let mut from: BTreeMap<u64, u64> = BTreeMap::new();
            let mut waiting = std::collections::VecDeque::from([*first]);
            'search: while let Some(at) = waiting.pop_front() {
                for edge in self.edges(at).filter(|edge| group.contains(&edge.target)) {
                    if edge.target == *first {
                        let mut way = vec![at];
                        while let Some(before) = way.last().and_then(|at| from.get(at)) {
                            way.push(*before);
                        }
                        way.reverse();
                        if best.as_ref().is_none_or(|best| way.len() < best.len()) {
                            best = Some(way);
                        }
                        break 'search;
                    }
                    if edge.target != *first && !from.contains_key(&edge.target) {
                        from.insert(edge.target, at);
                        waiting.push_back(edge.target);
                    }
                }
            }
        }
        Cycle(best.unwrap_or_else(|| group.to_vec()))
    }

    /// Groups of functions that reach each other by way of `among`, callees first
    /// (Tarjan's algorithm, with a stack of its own).
    fn groups(&self, among: &BTreeSet<u64>) -> Vec<Vec<u64>> {
        let mut number: BTreeMap<u64, usize> = BTreeMap::new();
        let mut lowest: BTreeMap<u64, usize> = BTreeMap::new();
        let (mut open, mut groups) = (vec![], vec![]);
        let targets = |at: u64| -> Vec<u64> {
            let targets = self.edges(at).map(|edge| edge.target);
            targets.filter(|target| among.contains(target)).collect()
        };
        for root in among {
            if number.contains_key(root) {
                continue;
            }
            let mut calls = vec![(*root, targets(*root), 0)];
            number.insert(*root, number.len());
            lowest.insert(*root, number[root]);
            open.push(*root);
            while let Some((at, next, position)) = calls.last_mut() {
                let at = *at;
                if let Some(target) = next.get(*position).copied() {
                    *position += 1;
                    if !number.contains_key(&target) {
                        number.insert(target, number.len());
                        lowest.insert(target, number[&target]);
                        open.push(target);
                        calls.push((target, targets(target), 0));
                    } else if open.contains(&target) {
                        lowest.insert(at, lowest[&at].min(number[&target]));
                    }
                    continue;
                }
                calls.pop();
                if let Some((above, ..)) = calls.last() {
                    lowest.insert(*above, lowest[above].min(lowest[&at]));
                }
                if lowest[&at] == number[&at] {
                    let begin = open.iter().position(|other| *other == at).unwrap_or(0);
                    let mut group = open.split_off(begin);
                    group.sort_unstable();
                    groups.push(group);
                }
            }
        }
        groups
    }
}

#[cfg(test)]
mod tests {
    use super::{Cycle, Graph, Node};
    use crate::Edge;
    use std::collections::BTreeMap;

    /// Functions 1, 2, … with their own bytes and their calls.
    fn graph(functions: &[(u64, &[(u64, u64)])]) -> Graph {
        let nodes = functions.iter().zip(1..).map(|((own, calls), at)| {
            let edges = calls.iter().map(|(target, depth)| Edge { target: *target, depth: *depth });
            (at, Node { own: *own, edges: edges.collect() })
        });
        Graph { nodes: nodes.collect() }
    }

    fn bytes(graph: &Graph, most: &[(u64, u64)]) -> Result<u64, Vec<Cycle>> {
        graph.worst(1, &most.iter().copied().collect()).map(|path| path.bytes)
    }

    #[test]
    fn the_deepest_of_all_paths_counts() {
        let diamond =
            graph(&[(16, &[(2, 16), (3, 0)]), (32, &[(4, 32)]), (64, &[(4, 8)]), (5, &[])]);
        assert_eq!(bytes(&diamond, &[]), Ok(64));
        let path = diamond.worst(2, &BTreeMap::new()).unwrap();
        let steps: Vec<_> = path.steps.iter().map(|s| (s.function, s.bytes)).collect();
        assert_eq!((path.bytes, steps), (37, vec![(2, 32), (4, 5)]));
    }

    #[test]
    fn what_is_not_reached_does_not_count() {
        assert_eq!(bytes(&graph(&[(16, &[]), (32, &[(2, 32)])]), &[]), Ok(16));
    }

    #[test]
    fn a_cycle_is_named() {
        let graph =
            graph(&[(16, &[(2, 16)]), (32, &[(3, 32)]), (8, &[(2, 8), (4, 8)]), (1, &[(4, 1)])]);
        assert_eq!(bytes(&graph, &[]), Err(vec![Cycle(vec![2, 3]), Cycle(vec![4])]));
        assert_eq!(bytes(&graph, &[(2, 9)]), Err(vec![Cycle(vec![4])]));
    }

    #[test]
    fn a_bound_cuts_a_cycle() {
        // 1 → 2 → 3 → 2 …, and 3 → 4.
        let cycle =
            graph(&[(16, &[(2, 16)]), (32, &[(3, 32)]), (8, &[(2, 8), (4, 8)]), (100, &[])]);
        // 16, then 2 and 3, and 4 from the last of them.
        assert_eq!(bytes(&cycle, &[(2, 1)]), Ok(16 + 40 + 100));
        assert_eq!(bytes(&cycle, &[(2, 5)]), Ok(16 + 5 * 40 + 100));
        // Cut at 3, the piece from 3 on leads to 2 once more.
        assert_eq!(bytes(&cycle, &[(3, 1)]), Ok(16 + 32 + 8 + 100));
        assert_eq!(bytes(&cycle, &[(3, 5)]), Ok(16 + 32 + 4 * 40 + 8 + 100));
        let path = cycle.worst(1, &BTreeMap::from([(2, 5)])).unwrap();
        let steps: Vec<_> = path.steps.iter().map(|s| (s.function, s.bytes, s.times)).collect();
        assert_eq!(steps, [(1, 16, 1), (2, 160, 4), (2, 32, 1), (3, 8, 1), (4, 100, 1)]);
    }

    #[test]
    fn a_function_may_call_itself() {
        let walk = graph(&[(16, &[(2, 16)]), (48, &[(2, 48), (3, 32)]), (64, &[])]);
        assert_eq!(bytes(&walk, &[(2, 4)]), Ok(16 + 3 * 48 + 96));
    }

    #[test]
    fn of_two_bounds_both_are_used_up() {
        // Each calls itself and the other.
        let both =
            graph(&[(0, &[(2, 0)]), (10, &[(2, 10), (3, 10)]), (100, &[(2, 100), (3, 100)])]);
        let worst = bytes(&both, &[(2, 3), (3, 2)]).unwrap();
        // Five frames, in the worst order: three of 10 and two of 100.
        assert_eq!(worst, 3 * 10 + 2 * 100);
    }
}
