use super::*;

struct Running {
    url: String,
    stop: tokio::sync::oneshot::Sender<()>,
    done: tokio::task::JoinHandle<Result<Tenant, ServeError>>,
    authority: Option<PathBuf>,
}

fn options() -> ServeOptions {
    ServeOptions {
        port: 0,
        tls: None,
        scopes: None,
        latency: Duration::ZERO,
        rate: None,
        burst: None,
        logins: None,
        faults: None,
        file: None,
    }
}

async fn start(options: ServeOptions) -> Running {
    let (tenant, log) = match &options.file {
        Some(file) => {
            let (tenant, log) = sandbox_store::open_kept(file, "sandbox", "own").unwrap();
            (tenant, Some(log))
        }
        None => (Tenant::new("sandbox", "own"), None),
    };
    let server = bind(tenant, log, options).await.unwrap();
    let Announcement { url, authority } = server.announcement().clone();
    let (stop, stopped) = tokio::sync::oneshot::channel();
    let done = tokio::spawn(server.run(async { drop(stopped.await) }));
    Running { url, stop, done, authority }
}

impl Running {
    async fn end(self) -> Tenant {
        self.stop.send(()).unwrap();
        self.done.await.unwrap().unwrap()
    }
}

#[tokio::test]
async fn it_is_served_with_tokens_errors_and_a_reset() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("dev.json");
    let running = start(ServeOptions { file: Some(file.clone()), ..options() }).await;
    let (client, url) = (reqwest::Client::new(), running.url.clone());
    let roles = format!("{url}/api/v2/roles");
    assert_eq!(client.get(&roles).send().await.unwrap().status(), 401);
    let token: Json = client
        .post(format!("{url}/oauth/token"))
        .form(&[("grant_type", "client_credentials"), ("client_id", "own"), ("client_secret", "x")])
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    let token = token["access_token"].as_str().unwrap();
    let made = client.post(&roles).bearer_auth(token).json(&json!({"name": "Admin"})).send().await.unwrap();
    assert_eq!(made.status(), 200);
    assert!(made.headers().contains_key("x-ratelimit-remaining"));
    let listed: Json = client
        .get(format!("{roles}?name_filter=ad%6Din"))
        .bearer_auth(token)
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    assert_eq!(listed[0]["name"], json!("Admin"));
    let broken = client
        .post(&roles)
        .bearer_auth(token)
        .header("content-type", "application/json")
        .body("{")
        .send()
        .await
        .unwrap();
    assert_eq!(broken.status(), 400);
    let stats: Json = client.get(format!("{url}/__sandbox/stats")).send().await.unwrap().json().await.unwrap();
    assert_eq!(stats["requests"], json!({"GET": 2, "POST": 2, "token": 1}));
    client.post(format!("{url}/__sandbox/reset")).send().await.unwrap();
    let listed: Json = client.get(&roles).bearer_auth(token).send().await.unwrap().json().await.unwrap();
    assert_eq!(listed, json!([]));
    client.post(&roles).bearer_auth(token).json(&json!({"name": "Kept"})).send().await.unwrap();
    running.end().await;
    let mut kept = sandbox_store::open(&file, "sandbox", "own").unwrap();
    assert_eq!(kept.send(&Request::new(Method::Get, "/roles".into(), None)).body[0]["name"], json!("Kept"));
}

#[tokio::test]
async fn with_tls_it_speaks_both_versions_of_http_to_who_trusts_it() {
    let folder = tempfile::tempdir().unwrap();
    let running = start(ServeOptions { tls: Some(folder.path().to_owned()), ..options() }).await;
    let authority =
        reqwest::Certificate::from_pem(&std::fs::read(running.authority.as_ref().unwrap()).unwrap()).unwrap();
    let trusting = || reqwest::Client::builder().tls_certs_only([authority.clone()]);
    let (new, old) = (trusting().build().unwrap(), trusting().http1_only().build().unwrap());
    let url = format!("{}/api/v2/roles", running.url.replace("127.0.0.1", "localhost"));
    assert_eq!(new.get(&url).bearer_auth("t").send().await.unwrap().version(), reqwest::Version::HTTP_2);
    assert_eq!(old.get(&url).bearer_auth("t").send().await.unwrap().version(), reqwest::Version::HTTP_11);
    assert!(reqwest::Client::new().get(&url).send().await.is_err(), "nobody trusts it unasked");
    running.end().await;
}

#[tokio::test]
async fn beyond_the_burst_requests_are_told_to_wait() {
    let running = start(ServeOptions { rate: Some(1), burst: Some(2), ..options() }).await;
    let client = reqwest::Client::new();
    let mut statuses = Vec::new();
    for _ in 0..3 {
        let answer = client.get(format!("{}/api/v2/roles", running.url)).bearer_auth("t").send().await.unwrap();
        statuses.push(answer.status().as_u16());
        if answer.status() == 429 {
            assert_eq!(answer.headers()["retry-after"], "1");
            assert_eq!(answer.headers()["x-ratelimit-remaining"], "0");
        }
    }
    assert_eq!(statuses, [200, 200, 429]);
    running.end().await;
}

#[tokio::test]
async fn latency_does_not_queue_requests() {
    let running = start(ServeOptions { latency: Duration::from_millis(200), ..options() }).await;
    let client = reqwest::Client::new();
    let url = format!("{}/api/v2/roles", running.url);
    let began = Instant::now();
    let all = (0..10).map(|_| client.get(&url).bearer_auth("t").send());
    for answer in futures_util::future::join_all(all).await {
        assert_eq!(answer.unwrap().status(), 200);
    }
    let took = began.elapsed();
    assert!(took >= Duration::from_millis(200) && took < Duration::from_millis(1500), "{took:?}");
    running.end().await;
}

#[tokio::test]
async fn a_script_of_faults_is_set_over_the_socket_and_ended() {
    let running = start(options()).await;
    let client = reqwest::Client::builder().timeout(Duration::from_millis(700)).build().unwrap();
    let roles = format!("{}/api/v2/roles", running.url);
    let faults = format!("{}/__sandbox/faults", running.url);
    let script = json!([
        {"at": {"write": 1}, "what": "reset_before"}, {"at": {"write": 2}, "what": "reset_after"},
        {"at": {"write": 3}, "what": {"malformed": {}}}, {"at": {"write": 4}, "what": {"trickle": {"seconds": 0.2}}},
        {"at": {"write": 5}, "what": {"silent": {}}}, {"at": {"write": 6}, "what": "token_expired"},
    ]);
    assert_eq!(client.post(&faults).json(&script).send().await.unwrap().status(), 200);
    let create = |name: &str| client.post(&roles).bearer_auth("old").json(&json!({"name": name})).send();
    assert!(create("A").await.is_err());
    assert!(create("B").await.is_err());
    let cut = create("C").await.unwrap();
    assert_eq!(cut.status(), 200);
    assert!(cut.json::<Json>().await.is_err());
    let began = Instant::now();
    assert_eq!(create("D").await.unwrap().json::<Json>().await.unwrap()["name"], json!("D"));
    assert!(began.elapsed() >= Duration::from_millis(150));
    assert!(create("E").await.unwrap_err().is_timeout());
    assert_eq!(create("F").await.unwrap().status(), 401);
    assert_eq!(create("F").await.unwrap().status(), 401);
    let fresh = client.get(&roles).bearer_auth("new").send().await.unwrap().json::<Json>().await.unwrap();
    let names: Vec<_> = fresh.as_array().unwrap().iter().map(|role| role["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["B", "C", "D"]);
    assert_eq!(client.post(&faults).json(&json!([{"what": "explode"}])).send().await.unwrap().status(), 400);
    client.delete(&faults).send().await.unwrap();
    assert_eq!(create("F").await.unwrap().status(), 200);
    running.end().await;
}

#[tokio::test]
async fn logins_take_from_what_is_granted_and_are_refused_when_nothing_is_left() {
    let running = start(ServeOptions { rate: Some(1), burst: Some(2), logins: Some(50.0), ..options() }).await;
    tokio::time::sleep(Duration::from_millis(200)).await;
    let url = format!("{}/__sandbox/stats", running.url);
    let stats: Json = reqwest::get(url).await.unwrap().json().await.unwrap();
    assert_eq!(stats["requests"]["logins"], json!(2));
    assert!(stats["requests"]["logins refused"].as_u64().unwrap() >= 2, "{stats}");
    running.end().await;
}

#[tokio::test]
async fn what_is_answered_is_kept_for_every_other_process() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("dev.json");
    let scopes = ["read:roles", "create:roles", "read:actions", "create:actions", "update:actions"];
    let scopes = Some(scopes.iter().map(|scope| (*scope).to_owned()).collect());
    let running = start(ServeOptions { file: Some(file.clone()), scopes, ..options() }).await;
    let (client, api) = (reqwest::Client::new(), format!("{}/api/v2", running.url));
    let body = json!({"grant_type": "client_credentials", "client_id": "someone", "client_secret": "x"});
    let token: Json =
        client.post(format!("{}/oauth/token", running.url)).json(&body).send().await.unwrap().json().await.unwrap();
    let token = token["access_token"].as_str().unwrap();
    let kept = || sandbox_store::open(&file, "sandbox", "own").unwrap();
    let action = json!({"name": "A", "code": "x", "supported_triggers": [{"id": "post-login", "version": "v3"}]});
    let writes = [
        ("roles", json!({"name": "A"}), 200),
        ("roles", json!({"name": "A"}), 409),
        ("clients", json!({"name": "Not allowed"}), 403),
        ("actions/actions", action, 201),
        ("roles", json!({"name": "B"}), 200),
    ];
    for (path, body, status) in writes {
        let answer = client.post(format!("{api}/{path}")).bearer_auth(token).json(&body).send().await.unwrap();
        assert_eq!(answer.status(), status, "{path}");
        let made: Json = answer.json().await.unwrap();
        if status < 300 {
            let path = format!("/{path}/{}", made["id"].as_str().unwrap());
            assert_eq!(kept().send(&Request::new(Method::Get, path, None)).body["name"], body["name"]);
        }
        // Whoever looks finds the build done, which is kept with the next write.
        client.get(format!("{api}/actions/actions")).bearer_auth(token).send().await.unwrap();
    }
    assert!(!file.exists(), "the log alone keeps it");
    let mut kept = kept();
    let tenant = running.end().await;
    kept.set_now(tenant.now());
    assert_eq!(kept.to_json(), tenant.to_json());
    let mut saved = sandbox_store::open(&file, "sandbox", "own").unwrap();
    saved.set_now(tenant.now());
    assert_eq!(saved.to_json(), tenant.to_json());
}

#[tokio::test]
async fn a_log_that_grew_long_gives_way_to_the_whole_tenant() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("dev.json");
    let running = start(ServeOptions { file: Some(file.clone()), ..options() }).await;
    let roles = format!("{}/api/v2/roles", running.url);
    let client = reqwest::Client::new();
    let create = |name: &str, text: usize| {
        let body = json!({"name": name, "description": "x".repeat(text)});
        client.post(&roles).bearer_auth("t").json(&body).send()
    };
    create("A", 5 << 20).await.unwrap();
    assert!(file.exists() && !sandbox_log_of(&file).exists());
    create("B", 1).await.unwrap();
    assert!(sandbox_log_of(&file).exists());
    let mut kept = sandbox_store::open(&file, "sandbox", "own").unwrap();
    let tenant = running.end().await;
    kept.set_now(tenant.now());
    assert_eq!(kept.to_json(), tenant.to_json());
}

fn sandbox_log_of(file: &std::path::Path) -> PathBuf {
    file.with_extension("log")
}
