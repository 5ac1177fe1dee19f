//! A defect of ours in one case costs that case alone.

use std::any::Any;
use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::task::Poll;

/// Waits for what a future gives.
///
/// # Errors
/// Its words, where it panics. What it had borrowed may be half done: only the trace of its case is
/// used after it.
pub(super) async fn caught<T>(future: impl Future<Output = T>) -> Result<T, String> {
    let mut future = pin!(future);
    poll_fn(|context| match catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(context))) {
        Ok(poll) => poll.map(Ok),
        Err(panic) => Poll::Ready(Err(words(panic.as_ref()))),
    })
    .await
}

/// The same for what does not wait.
///
/// # Errors
/// As of [`caught`].
pub(super) fn caught_now<T>(act: impl FnOnce() -> T) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(act)).map_err(|panic| words(panic.as_ref()))
}

/// A fragment that says where to look.
fn words(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().copied();
    let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    format!("{}; this is a defect of waxseal", text.unwrap_or("a panic without words"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_panic_is_an_error_with_its_words() {
        assert_eq!(caught(async { 1 }).await, Ok(1));
        let late = async {
            tokio::task::yield_now().await;
            std::hint::black_box(None::<u8>).expect("there was one")
        };
        let error = caught(late).await.unwrap_err();
        assert_eq!(error, "there was one; this is a defect of waxseal");
        assert!(caught_now(|| std::hint::black_box(&[0][..])[std::hint::black_box(1)]).is_err());
    }
}
