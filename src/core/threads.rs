//! Work on many things, by several threads at once. The answers come in the order of the things.

use std::num::NonZeroUsize;
use std::sync::{Mutex, PoisonError};

/// As many threads as there are processors, but none that would get fewer than so many of some things.
pub(crate) fn worth(things: usize, fewest: usize) -> usize {
    let processors = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
    processors.min(things / fewest.max(1)).max(1)
}

/// Does the same work on each of some things, with at most so many threads.
pub(crate) fn each<I, R>(things: I, threads: usize, work: impl Fn(I::Item) -> R + Sync) -> Vec<R>
where
    I: IntoIterator<Item: Send, IntoIter: ExactSizeIterator + Send>,
    R: Send,
{
    let things = things.into_iter();
    let threads = threads.min(things.len());
    if threads <= 1 {
        return things.map(work).collect();
    }
    let left = Mutex::new(things.enumerate());
    let next = || left.lock().unwrap_or_else(PoisonError::into_inner).next();
    let run = || {
        let mut done = Vec::new();
        while let Some((number, thing)) = next() {
            done.push((number, work(thing)));
        }
        done
    };
    let mut done = std::thread::scope(|scope| {
        let start = |_| std::thread::Builder::new().spawn_scoped(scope, run).ok();
        let others: Vec<_> = (1..threads).filter_map(start).collect();
        let mut done = run();
        for other in others {
            done.extend(other.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
        }
        done
    });
    done.sort_unstable_by_key(|(number, _)| *number);
    done.into_iter().map(|(_, answer)| answer).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_come_in_order() {
        for threads in 0..5 {
            let squares = each(0..1000_u32, threads, |number| number * number);
            assert_eq!(squares, (0..1000).map(|number| number * number).collect::<Vec<u32>>(), "{threads}");
        }
        assert!(each(Vec::<u8>::new(), 4, |byte| byte).is_empty());
    }
}
