//! Stories, spoken as users speak, told unchanged on a real Gitea and on the stand-in, with the real API server behind
//! the environment that has a cluster.

mod approvals;
mod bot;
mod gitea;
mod good_path;
mod landing;
mod stand_in;
mod tale;
mod town;

pub use tale::Tale;
pub(crate) use stand_in::SignIn;
pub use town::Town;

/// Tells one story in every town there is.
macro_rules! story {
    ($(#[$doc:meta])* async fn $name:ident($tale:ident) $body:block) => {
        $(#[$doc])*
        mod $name {
            #[allow(unused_imports, reason = "each story uses some")]
            use super::*;

            async fn told($tale: $crate::stories::Tale) $body

            #[tokio::test(flavor = "multi_thread")]
            async fn on_gitea() {
                let Some(tale) = $crate::stories::Tale::on_gitea().await else { return };
                told(tale).await;
            }

            #[tokio::test(flavor = "multi_thread")]
            async fn on_the_stand_in() {
                let (tale, town) = $crate::stories::Tale::on_the_stand_in($crate::stories::SignIn::App).await;
                told(tale).await;
                town.assert_clean();
            }

            #[tokio::test(flavor = "multi_thread")]
            async fn on_the_stand_in_with_a_token() {
                let (tale, town) = $crate::stories::Tale::on_the_stand_in($crate::stories::SignIn::Token).await;
                told(tale).await;
                town.assert_clean();
            }
        }
    };
}
pub(crate) use story;
