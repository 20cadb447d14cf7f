//! Projects that come and go, and runs of the program in them.
//!
//! A run sees a cleared environment, no terminal, and a folder of its own. What varies from run to run (the folder's
//! name, times) is taken out of what it printed, so that whole screens can be compared.

mod project;
mod ran;

pub use project::Project;
pub use ran::Ran;

pub mod core;

/// Fetches JSON from a served sandbox.
pub fn fetch(url: &str, authority: &str, path: &str) -> serde_json::Value {
    #[expect(clippy::disallowed_methods, reason = "a test reads what the program wrote")]
    let pem = std::fs::read(authority).unwrap();
    core::wait_io(async {
        let client =
            reqwest::Client::builder().tls_certs_only([reqwest::Certificate::from_pem(&pem).unwrap()]).build().unwrap();
        let text = client.get(format!("{url}{path}")).send().await.unwrap().text().await.unwrap();
        serde_json::from_str(&text).unwrap()
    })
}
