//! What was found lately, by key, within a bound. In memory only.

use std::collections::BTreeMap;

/// The most recently used values whose weights stay within a bound together.
#[derive(Debug)]
pub(super) struct Recent<K, V> {
    bound: usize,
    weight: usize,
    clock: u64,
    held: BTreeMap<K, Held<V>>,
    /// Keys by when they were last used.
    order: BTreeMap<u64, K>,
}

#[derive(Debug)]
struct Held<V> {
    value: V,
    weight: usize,
    used: u64,
}

impl<K: Ord + Clone, V: Clone> Recent<K, V> {
    pub(super) fn new(bound: usize) -> Self {
        Self { bound, weight: 0, clock: 0, held: BTreeMap::new(), order: BTreeMap::new() }
    }

    pub(super) fn get(&mut self, key: &K) -> Option<V> {
        let held = self.held.get_mut(key)?;
        self.clock += 1;
        self.order.remove(&held.used);
        self.order.insert(self.clock, key.clone());
        held.used = self.clock;
        Some(held.value.clone())
    }

    /// Keeps a value, and lets the longest unused ones go. What is heavier than the bound is not kept at all.
    pub(super) fn put(&mut self, key: K, value: V, weight: usize) {
        if weight > self.bound {
            return;
        }
        self.forget(&key);
        self.clock += 1;
        self.weight += weight;
        self.order.insert(self.clock, key.clone());
        self.held.insert(key, Held { value, weight, used: self.clock });
        while self.weight > self.bound {
            let Some((_, oldest)) = self.order.first_key_value() else { break };
            self.forget(&oldest.clone());
        }
    }

    fn forget(&mut self, key: &K) {
        if let Some(held) = self.held.remove(key) {
            self.weight -= held.weight;
            self.order.remove(&held.used);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Recent;

    #[test]
    fn lets_the_longest_unused_go() {
        let mut recent = Recent::new(10);
        recent.put("a", 1, 4);
        recent.put("b", 2, 4);
        assert_eq!(recent.get(&"a"), Some(1));
        recent.put("c", 3, 4);
        assert_eq!((recent.get(&"a"), recent.get(&"b"), recent.get(&"c")), (Some(1), None, Some(3)));
        recent.put("huge", 4, 11);
        assert_eq!((recent.get(&"huge"), recent.get(&"a")), (None, Some(1)));
        recent.put("a", 5, 10);
        assert_eq!((recent.get(&"a"), recent.get(&"c")), (Some(5), None));
    }
}
