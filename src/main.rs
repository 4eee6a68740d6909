//! The `countersign` program. Everything is in the library; this only starts it.

use std::process::ExitCode;

fn main() -> ExitCode {
    // One TLS provider for everything that speaks TLS.
    if rustls::crypto::aws_lc_rs::default_provider().install_default().is_err() {
        return ExitCode::FAILURE;
    }
    countersign::cli::run()
}
