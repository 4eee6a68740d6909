//! Work, and what may go on beside it.

use std::pin::pin;

use futures::future::{Either, select};

/// Does the work; `aside` goes on as long as that takes, and no longer.
pub async fn beside<T>(aside: impl Future<Output = ()>, work: impl Future<Output = T>) -> T {
    match select(pin!(work), pin!(aside)).await {
        Either::Left((done, _)) => done,
        Either::Right(((), work)) => work.await,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn work_waits_for_nothing_beside_it() {
        assert_eq!(beside(std::future::pending(), async { 1 }).await, 1);
        let later = async {
            tokio::task::yield_now().await;
            tokio::task::yield_now().await;
            2
        };
        assert_eq!(beside(std::future::ready(()), later).await, 2);
    }
}
