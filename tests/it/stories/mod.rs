//! Stories, spoken as users speak, told unchanged on a real Gitea and on the stand-in, with the real API server behind
//! the environment that has a cluster.

mod approvals;
pub(crate) mod bot;
mod crashes;
mod deliveries;
mod gitea;
mod good_path;
mod keys;
mod landing;
pub(crate) mod live;
mod notes;
mod policies;
mod postman;
mod races;
mod requests;
mod stand_in;
mod stopping;
pub(crate) mod tale;
pub(crate) mod town;
mod visitors;

pub(crate) use gitea::WEBHOOK_SECRET;
pub(crate) use stand_in::{REPO, SignIn, StandIn};
pub(crate) use tale::Tale;

/// Tells one story in every town there is, under the usual policy or another.
macro_rules! story {
    ($(#[$doc:meta])* async fn $name:ident($tale:ident) $body:block) => {
        $crate::stories::story! {
            $(#[$doc])*
            under (Some($crate::stories::tale::USUAL.to_owned()))
            async fn $name($tale) $body
        }
    };
    ($(#[$doc:meta])* under ($policy:expr) async fn $name:ident($tale:ident) $body:block) => {
        $(#[$doc])*
        mod $name {
            #[allow(unused_imports, reason = "each story uses some")]
            use super::*;

            async fn told($tale: $crate::stories::Tale) $body

            #[tokio::test(flavor = "multi_thread")]
            async fn on_gitea() {
                let Some(tale) = $crate::stories::Tale::on_gitea($policy).await else { return };
                told(tale).await;
            }

            #[tokio::test(flavor = "multi_thread")]
            async fn on_the_stand_in() {
                let (tale, town) = $crate::stories::Tale::on_the_stand_in($crate::stories::SignIn::App, $policy).await;
                told(tale).await;
                town.assert_clean();
            }

            #[tokio::test(flavor = "multi_thread")]
            async fn on_the_stand_in_with_a_token() {
                let (tale, town) = $crate::stories::Tale::on_the_stand_in($crate::stories::SignIn::Token, $policy).await;
                told(tale).await;
                town.assert_clean();
            }
        }
    };
}
pub(crate) use story;

/// Tells a story that needs what only the stand-in can do: let time pass.
macro_rules! stand_in_story {
    ($(#[$doc:meta])* async fn $name:ident($tale:ident, $town:ident) $body:block) => {
        $(#[$doc])*
        mod $name {
            #[allow(unused_imports, reason = "each story uses some")]
            use super::*;

            async fn told($tale: $crate::stories::Tale, $town: $crate::stories::StandIn) $body

            async fn told_to(sign_in: $crate::stories::SignIn) {
                let policy = Some($crate::stories::tale::USUAL.to_owned());
                let (tale, town) = $crate::stories::Tale::on_the_stand_in(sign_in, policy).await;
                told(tale, town.clone()).await;
                town.assert_clean();
            }

            #[tokio::test(flavor = "multi_thread")]
            async fn on_the_stand_in() {
                told_to($crate::stories::SignIn::App).await;
            }

            #[tokio::test(flavor = "multi_thread")]
            async fn on_the_stand_in_with_a_token() {
                told_to($crate::stories::SignIn::Token).await;
            }
        }
    };
}
pub(crate) use stand_in_story;
