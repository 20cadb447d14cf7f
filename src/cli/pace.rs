//! The switches that say how fast a tenant is asked.

use clap::Args;

use crate::api::pace::Reserve;

/// How fast the tenant is asked.
#[derive(Args, Clone, Debug)]
pub struct PaceArgs {
    /// Leave so many requests, or so much (`20%`), of the tenant's rate limit to others [default: 20%, at least 4]
    #[arg(long, value_name = "N|PERCENT")]
    pub reserve: Option<Reserve>,
    /// Send at most so many requests a second
    #[arg(long, value_name = "N")]
    pub max_rps: Option<f64>,
    /// Seconds after which a request is given up
    #[arg(long, hide = true, value_name = "SECONDS")]
    pub deadline: Option<f64>,
}
