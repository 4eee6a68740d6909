//! Numbers that look random and are the same in every run.

use serde_json::Value;

pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    pub(crate) fn below(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 33).unwrap() % sides
    }

    pub(crate) fn often(&mut self, of_ten: usize) -> bool {
        self.below(10) < of_ten
    }

    pub(crate) fn pick<'a, T: ?Sized>(&mut self, from: &[&'a T]) -> &'a T {
        from[self.below(from.len())]
    }

    pub(crate) fn value(&mut self, from: &[Value]) -> Value {
        from[self.below(from.len())].clone()
    }
}
