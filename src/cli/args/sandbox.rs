//! What may be typed after `tenantry sandbox`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

#[derive(Debug, Subcommand)]
pub enum SandboxCommand {
    /// Offer an embedded tenant to any client
    Serve(ServeArgs),
    /// Make an embedded tenant new again
    Reset(SandboxArgs),
    /// Print where an embedded tenant is kept
    Path(SandboxArgs),
}

#[derive(Args, Debug)]
pub struct SandboxArgs {
    /// The tenant's name
    pub tenant: String,
}

#[derive(Args, Debug)]
pub struct ServeArgs {
    /// The tenant's name
    #[arg(default_value = "dev")]
    pub tenant: String,
    /// The port to listen at; 0 takes a free one
    #[arg(long, default_value_t = 8443)]
    pub port: u16,
    /// Speak HTTPS, with a certificate made for it
    #[arg(long)]
    pub tls: bool,
    /// Answer so much later
    #[arg(long, value_name = "MS", default_value_t = 0)]
    pub latency_ms: u64,
    /// The scopes that its tokens carry, separated by commas [default: all]
    #[arg(long, value_name = "SCOPES", value_delimiter = ',')]
    pub scopes: Option<Vec<String>>,
    /// Requests a second that are let through; 0 is no limit
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub rate: u32,
    /// Requests that are let through at once
    #[arg(long, value_name = "N", requires = "rate")]
    pub burst: Option<u32>,
    /// Logins a second that take from the same limit
    #[arg(long, value_name = "N", requires = "rate")]
    pub logins: Option<f64>,
    /// Fail as this script says (CONTRIBUTING.md)
    #[arg(long, value_name = "FILE")]
    pub faults: Option<PathBuf>,
}
