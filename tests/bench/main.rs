//! The benchmarks: how long the loop takes, beside what the machine or a named peer needs for the same work in the same
//! run. They are run by hand and never judge: `cargo bench --bench loop [NAME…]`, one at a time on a quiet machine. What
//! they said last is in `RESULTS.md`.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::expect_used,
    clippy::print_stdout,
    clippy::print_stderr,
    missing_docs,
    reason = "a benchmark fails by panicking, and prints"
)]

mod bot;
mod cluster;
mod decide;
mod growth;
mod kustomize;
mod manifests;
mod measure;
#[path = "../it/parts/mod.rs"]
mod parts;
mod policy;
mod push;
mod review;
mod warm;
mod webhook;

fn main() {
    let mut arguments: Vec<String> = std::env::args().skip(1).filter(|word| word != "--bench").collect();
    // Children of benchmarks, where something has to be measured apart from everything else.
    match arguments.first().map(String::as_str) {
        Some("--stand-in") => return push::stand_in(),
        Some("--objects") => return review::objects(&arguments.split_off(1)),
        Some("--judge") => return policy::judge(&arguments.split_off(1)),
        Some(_) | None => {}
    }
    let wanted = |name: &str| arguments.is_empty() || arguments.iter().any(|word| word == name);
    let all: [(&str, fn()); 9] = [
        ("webhook", webhook::run),
        ("push", push::run),
        ("decide", decide::run),
        ("review", review::run),
        ("policy", policy::run),
        ("kustomize", kustomize::run),
        ("warm", warm::run),
        ("growth", growth::run),
        ("cluster", cluster::run),
    ];
    println!("| what | figure | beside it, in the same run | ratio |\n|---|---|---|---|");
    for (_, run) in all.into_iter().filter(|(name, _)| wanted(name)) {
        run();
    }
}
