use super::super::*;
use crate::config;

const SHOP: &str = include_str!("../../../../tests/fixtures/policy_bot/policy.yml");

#[test]
fn show() {
    let policy = read(SHOP, "policy.yml").unwrap();
    let translation = translate(&policy, "policy.yml");
    println!("{}", translation.text);
    if let Err(errors) = config::parse(&translation.text, "p") {
        for error in errors {
            println!("{}", error.render(config::Level::Error, None));
        }
        panic!();
    }
}
