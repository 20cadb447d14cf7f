//! The git hosts, and the files of each.

use super::chain::Chain;
use super::fill::{Manner, fill, identifier};

/// A git host with pipelines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Platform {
    GitHub,
    GitLab,
    Azure,
    Bitbucket,
}

/// One file of a pipeline.
#[derive(Clone, Debug)]
pub struct Workflow {
    /// Below the top of the repository.
    pub path: &'static str,
    pub text: String,
}

impl Platform {
    pub const ALL: [Self; 4] = [Self::GitHub, Self::GitLab, Self::Azure, Self::Bitbucket];

    /// Returns the files for a chain of tenants.
    pub fn workflows(self, chain: &Chain) -> Vec<Workflow> {
        let manner = self.manner();
        self.templates().iter().map(|(path, text)| Workflow { path, text: fill(text, chain, &manner) }).collect()
    }

    /// Returns what has to be done by hand at the host, in whole sentences.
    pub fn next_step(self) -> &'static str {
        match self {
            Self::GitHub => {
                "Make the environments TENANT-plan and TENANT with their secrets; ask for reviewers where approval is wanted."
            }
            Self::GitLab => {
                "Set the variables that the file's head names; protect the environments where approval is wanted."
            }
            Self::Azure => "Make the pipeline, its variable groups and environments as the file's head says.",
            Self::Bitbucket => "Make the deployment environments and variables as the file's head says.",
        }
    }

    fn templates(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::GitHub => &[
                (".github/actions/tenantry/action.yml", include_str!("templates/github-install.yml")),
                (".github/workflows/tenantry-plan.yml", include_str!("templates/github-plan.yml")),
                (".github/workflows/tenantry-apply.yml", include_str!("templates/github-apply.yml")),
                (".github/workflows/tenantry-drift.yml", include_str!("templates/github-drift.yml")),
                (".github/workflows/tenantry-rollback.yml", include_str!("templates/github-rollback.yml")),
            ],
            Self::GitLab => &[(".gitlab-ci.yml", include_str!("templates/gitlab.yml"))],
            Self::Azure => &[("azure-pipelines.yml", include_str!("templates/azure.yml"))],
            Self::Bitbucket => &[("bitbucket-pipelines.yml", include_str!("templates/bitbucket.yml"))],
        }
    }

    fn manner(self) -> Manner {
        let dashed = |job: &str, tenant: &str| format!("{job}-{}", identifier(tenant));
        let spaced = |job: &str, tenant: &str| format!("{job} {tenant}");
        match self {
            Self::GitHub => Manner { variable: Some(("${{ secrets.", " }}")), job: dashed },
            Self::GitLab => Manner { variable: None, job: spaced },
            Self::Azure => Manner {
                variable: Some(("$(", ")")),
                job: |job, tenant| match job {
                    "apply" => job.to_owned(),
                    _ => format!("{job}_{}", identifier(tenant)),
                },
            },
            Self::Bitbucket => Manner { variable: None, job: spaced },
        }
    }
}
