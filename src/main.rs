//! The `countersign` program. Everything is in the library; this only starts it.

use std::process::ExitCode;

use countersign::render::sandbox;

fn main() -> ExitCode {
    // Before anything else: a sandbox has to be a process of one thread.
    let mut args = std::env::args_os().skip(1);
    if args.next().is_some_and(|first| first == sandbox::SANDBOX_COMMAND) {
        return sandbox::main(args);
    }
    // One TLS provider for everything that speaks TLS.
    if rustls::crypto::aws_lc_rs::default_provider().install_default().is_err() {
        return ExitCode::FAILURE;
    }
    countersign::cli::run()
}
