//! Who runs this: the pipeline's actor, or git's user. Only names and addresses that a pipeline shows anybody are read,
//! never a token.

use std::path::Path;

use git2::Repository;
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};

use super::environment::Environment;
use crate::model::record::Actor;

/// The name where neither git nor a pipeline says who it is.
const NOBODY: &str = "tenantry";
/// Where a pipeline says who approved its run, separated by commas: no git host tells its jobs.
const APPROVERS: &str = "TENANTRY_APPROVERS";
/// So many approvers are kept, of so many letters.
const MOST: (usize, usize) = (32, 200);
/// What a part of a path may not hold.
const PART: &AsciiSet = &CONTROLS.add(b' ').add(b'"').add(b'<').add(b'>').add(b'`').add(b'?').add(b'#').add(b'%');

/// Returns who runs this.
pub fn actor(folder: &Path, environment: &Environment) -> Actor {
    of_pipeline(environment).unwrap_or_else(|| of_machine(folder, environment))
}

fn of_pipeline(environment: &Environment) -> Option<Actor> {
    let get = |name: &str| environment.get(name).filter(|value| !value.is_empty()).map(str::to_owned);
    let joined = |parts: &[&str]| parts.iter().map(|name| get(name)).collect::<Option<Vec<_>>>();
    let mut actor = if get("GITHUB_ACTIONS").is_some() {
        let run_url = joined(&["GITHUB_SERVER_URL", "GITHUB_REPOSITORY", "GITHUB_RUN_ID"]).map(|parts| {
            let again = get("GITHUB_RUN_ATTEMPT").filter(|attempt| attempt != "1");
            let again = again.map(|attempt| format!("/attempts/{attempt}")).unwrap_or_default();
            format!("{}/{}/actions/runs/{}{again}", parts[0], parts[1], parts[2])
        });
        let name = get("GITHUB_ACTOR");
        let restarted_by = get("GITHUB_TRIGGERING_ACTOR").filter(|other| Some(other) != name.as_ref());
        Actor { restarted_by, ..pipeline("github", name, None, run_url) }
    } else if get("GITLAB_CI").is_some() {
        let name = get("GITLAB_USER_LOGIN");
        // Of a job that waits for somebody to start it, this is who did.
        let approvers = get("CI_JOB_MANUAL").and(name.clone()).into_iter().collect();
        Actor { approvers, ..pipeline("gitlab", name, get("GITLAB_USER_EMAIL"), get("CI_JOB_URL")) }
    } else if get("TF_BUILD").is_some() {
        let run_url = joined(&["SYSTEM_COLLECTIONURI", "SYSTEM_TEAMPROJECT", "BUILD_BUILDID"]).map(|parts| {
            let project = utf8_percent_encode(&parts[1], PART);
            format!("{}/{project}/_build/results?buildId={}", parts[0].trim_end_matches('/'), parts[2])
        });
        pipeline("azure", get("BUILD_REQUESTEDFOR"), get("BUILD_REQUESTEDFOREMAIL"), run_url)
    } else if get("BITBUCKET_BUILD_NUMBER").is_some() {
        let run_url = joined(&["BITBUCKET_GIT_HTTP_ORIGIN", "BITBUCKET_BUILD_NUMBER"])
            .map(|parts| format!("{}/pipelines/results/{}", parts[0].replacen("http://", "https://", 1), parts[1]));
        pipeline("bitbucket", get("BITBUCKET_STEP_TRIGGERER_UUID"), None, run_url)
    } else {
        return None;
    };
    let told = get(APPROVERS).unwrap_or_default();
    for name in told.split(',').map(str::trim).filter(|name| !name.is_empty()) {
        let name: String = name.chars().take(MOST.1).collect();
        if actor.approvers.len() < MOST.0 && !actor.approvers.contains(&name) {
            actor.approvers.push(name);
        }
    }
    Some(actor)
}

fn pipeline(system: &str, name: Option<String>, email: Option<String>, run_url: Option<String>) -> Actor {
    let name = name.unwrap_or_else(|| system.to_owned());
    Actor { name, email, pipeline: Some(system.to_owned()), run_url, ..Actor::default() }
}

fn of_machine(folder: &Path, environment: &Environment) -> Actor {
    let get = |name: &str| environment.get(name).filter(|value| !value.is_empty()).map(str::to_owned);
    let config = Repository::discover(folder).and_then(|repository| repository.config());
    let config = config.or_else(|_| git2::Config::open_default());
    let from_git = |name: &str| config.as_ref().ok().and_then(|config| config.get_string(name).ok());
    let name = from_git("user.name").or_else(|| get("USER")).or_else(|| get("LOGNAME"));
    Actor { name: name.unwrap_or_else(|| NOBODY.to_owned()), email: from_git("user.email"), ..Actor::default() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(variables: &[(&str, &str)]) -> Actor {
        let variables = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        of_pipeline(&Environment::of(variables)).unwrap()
    }

    #[test]
    fn each_host_says_who_and_where() {
        let github = of(&[
            ("GITHUB_ACTIONS", "true"),
            ("GITHUB_ACTOR", "ann"),
            ("GITHUB_TRIGGERING_ACTOR", "bob"),
            ("GITHUB_SERVER_URL", "https://github.com"),
            ("GITHUB_REPOSITORY", "acme/identity"),
            ("GITHUB_RUN_ID", "7"),
            ("GITHUB_RUN_ATTEMPT", "2"),
            ("GITHUB_TOKEN", "hunter2"),
            (APPROVERS, " carl, dora,,carl "),
        ]);
        assert_eq!((github.name.as_str(), github.restarted_by.as_deref()), ("ann", Some("bob")));
        assert_eq!(github.run_url.as_deref(), Some("https://github.com/acme/identity/actions/runs/7/attempts/2"));
        assert_eq!(github.approvers, ["carl", "dora"]);
        let gitlab = of(&[
            ("GITLAB_CI", "true"),
            ("GITLAB_USER_LOGIN", "ann"),
            ("GITLAB_USER_EMAIL", "ann@example.com"),
            ("CI_JOB_URL", "https://gitlab.com/acme/identity/-/jobs/9"),
            ("CI_JOB_MANUAL", "true"),
        ]);
        assert_eq!((gitlab.name.as_str(), gitlab.approvers), ("ann", vec!["ann".to_owned()]));
        assert_eq!(gitlab.run_url.as_deref(), Some("https://gitlab.com/acme/identity/-/jobs/9"));
        let azure = of(&[
            ("TF_BUILD", "True"),
            ("BUILD_REQUESTEDFOR", "Ann"),
            ("SYSTEM_COLLECTIONURI", "https://dev.azure.com/acme/"),
            ("SYSTEM_TEAMPROJECT", "My Identity"),
            ("BUILD_BUILDID", "11"),
        ]);
        let url = "https://dev.azure.com/acme/My%20Identity/_build/results?buildId=11";
        assert_eq!((azure.name.as_str(), azure.run_url.as_deref()), ("Ann", Some(url)));
        let bitbucket = of(&[
            ("BITBUCKET_BUILD_NUMBER", "3"),
            ("BITBUCKET_STEP_TRIGGERER_UUID", "{1}"),
            ("BITBUCKET_GIT_HTTP_ORIGIN", "http://bitbucket.org/acme/identity"),
        ]);
        let url = "https://bitbucket.org/acme/identity/pipelines/results/3";
        assert_eq!((bitbucket.name.as_str(), bitbucket.run_url.as_deref()), ("{1}", Some(url)));
    }

    #[test]
    fn a_machine_that_is_no_pipeline_has_no_approvers() {
        let folder = tempfile::tempdir().unwrap();
        let environment = Environment::of([(APPROVERS.to_owned(), "ann".to_owned())]);
        assert_eq!(actor(folder.path(), &environment).approvers, Vec::<String>::new());
    }
}
