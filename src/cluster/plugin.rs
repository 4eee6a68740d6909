//! A credential plugin of a kubeconfig, run as `client.authentication.k8s.io` says.
//!
//! It gets no terminal, no input, and none of this program's own secrets; its whole process group ends when its time is up.
//! What it says on its standard error is not looked at: it may hold credentials, and no text tells where.

use std::path::Path;
use std::process::ExitStatus;

use ::kube::config::{Cluster, ExecConfig, ExecInteractiveMode};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use http::HeaderValue;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::process::Command;

use super::certificate::Certificate;
use super::credentials::bearer;
use super::patience::Patience;
use crate::process::{self, Limits, ProcessError};

const GROUP: &str = "client.authentication.k8s.io";
/// Far above any token with a chain of certificates.
const LARGEST_ANSWER: usize = 1 << 20;
/// The reserved name of what a cluster's entry has for the plugin.
const EXTENSION: &str = "client.authentication.k8s.io/exec";
/// What this program's own settings call their secrets begins so.
const OWN_VARIABLES: &str = "COUNTERSIGN_";

/// How to run it.
pub(super) struct Plugin {
    command: String,
    arguments: Vec<String>,
    variables: Vec<(String, String)>,
    api_version: String,
    /// `KUBERNETES_EXEC_INFO`.
    info: String,
    limits: Limits,
}

/// What it gave.
pub(super) struct Given {
    pub(super) token: Option<HeaderValue>,
    pub(super) certificate: Option<Certificate>,
    /// Until when it holds; `None`: until the server refuses it.
    pub(super) until: Option<Timestamp>,
}

impl Plugin {
    /// By a kubeconfig's `exec`, for a cluster with this certificate authority.
    ///
    /// # Errors
    /// It cannot be run without being asked first: why.
    pub(super) fn new(
        exec: &ExecConfig,
        cluster: &Cluster,
        authority: Option<&[u8]>,
        patience: &Patience,
    ) -> Result<Self, String> {
        let given = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
        let command = given(&exec.command).ok_or("the `exec` of its user has no `command`")?;
        let api_version = given(&exec.api_version).unwrap_or_default();
        if !["v1", "v1beta1"].iter().any(|version| api_version == format!("{GROUP}/{version}")) {
            return Err(format!(
                "the `exec` of its user needs the `apiVersion` {GROUP}/v1 or {GROUP}/v1beta1"
            ));
        }
        if let Some(ExecInteractiveMode::Always) = exec.interactive_mode {
            return Err(
                "the `exec` of its user is to ask at a terminal (`interactiveMode: Always`), and gets none here: log in \
                 beforehand, or take a plugin that does not ask"
                    .to_owned(),
            );
        }
        let mut spec = json!({ "interactive": false });
        if let (true, Some(spec)) = (exec.provide_cluster_info, spec.as_object_mut()) {
            spec.insert("cluster".to_owned(), described(cluster, authority));
        }
        let info = json!({ "apiVersion": api_version, "kind": "ExecCredential", "spec": spec }).to_string();
        let variable = |entry: &std::collections::HashMap<String, String>| {
            Some((entry.get("name")?.clone(), entry.get("value")?.clone()))
        };
        Ok(Self {
            command,
            arguments: exec.args.clone().unwrap_or_default(),
            variables: exec.env.iter().flatten().filter_map(variable).collect(),
            api_version,
            info,
            limits: Limits { time: patience.plugin, stdout: LARGEST_ANSWER, stderr: 0 },
        })
    }

    /// Runs it.
    ///
    /// # Errors
    /// It gave nothing: why, and what to do. Nothing that it wrote is quoted.
    pub(super) async fn ask(&self) -> Result<Given, String> {
        let mut command = Command::new(&self.command);
        let own = std::env::vars_os().map(|(name, _)| name);
        for name in own.filter(|name| name.to_string_lossy().starts_with(OWN_VARIABLES)) {
            command.env_remove(name);
        }
        let variables = self.variables.iter().map(|(name, value)| (name, value));
        command.args(&self.arguments).envs(variables).env("KUBERNETES_EXEC_INFO", &self.info);
        let finished = process::run(&mut command, None, &self.limits).await;
        let finished = finished.map_err(|error| self.said(&not_run(&error, self.name())))?;
        if !finished.status.success() {
            return Err(self.said(&ended(finished.status, self.name())));
        }
        self.read(&finished.stdout)
    }

    /// Its file's name: its arguments may hold secrets, and nobody needs to know the folder.
    fn name(&self) -> &str {
        let name = Path::new(&self.command).file_name().and_then(|name| name.to_str());
        name.unwrap_or("exec")
    }

    fn said(&self, what: &str) -> String {
        format!("its credential plugin `{}` {what}", self.name())
    }

    fn read(&self, stdout: &[u8]) -> Result<Given, String> {
        // Mostly JSON; kubectl takes YAML too.
        let answer: Option<Answer> = serde_json::from_slice(stdout)
            .ok()
            .or_else(|| serde_saphyr::from_str(std::str::from_utf8(stdout).ok()?).ok());
        let answer = answer.filter(|answer| answer.kind == "ExecCredential");
        let answer =
            answer.ok_or_else(|| self.said("printed no ExecCredential: is it a credential plugin?"))?;
        if answer.api_version != self.api_version {
            let wanted = &self.api_version;
            return Err(self.said(&format!(
                "answered in another `apiVersion` than {wanted}: set that of `exec` in the kubeconfig to what it speaks"
            )));
        }
        let status = answer.status.unwrap_or_default();
        let some = |text: Option<String>| text.filter(|text| !text.is_empty());
        let certificate =
            match (some(status.client_certificate_data), some(status.client_key_data)) {
                (Some(chain), Some(key)) => {
                    let certificate = Certificate::read(chain.as_bytes(), key.as_bytes());
                    Some(certificate.map_err(|why| {
                        self.said(&format!("gave a certificate that cannot be used: {why}"))
                    })?)
                }
                (None, None) => None,
                (Some(_), None) | (None, Some(_)) => {
                    return Err(self.said("gave one of a client certificate and its key, without the other"));
                }
            };
        let token = some(status.token).map(|token| bearer(&token));
        let token = token.transpose().map_err(|why| self.said(&format!("gave a token that {why}")))?;
        if token.is_none() && certificate.is_none() {
            return Err(self.said("gave neither a token nor a client certificate"));
        }
        let until = some(status.expiration_timestamp).map(|text| text.parse());
        let until =
            until.transpose().map_err(|_: jiff::Error| self.said("gave no time as `expirationTimestamp`"))?;
        Ok(Given { token, certificate, until })
    }
}

/// What `provideClusterInfo` asks for.
fn described(cluster: &Cluster, authority: Option<&[u8]>) -> Value {
    let extensions = cluster.extensions.iter().flatten();
    let config =
        extensions.filter(|extension| extension.name == EXTENSION).map(|one| one.extension.clone()).next();
    let all = [
        ("server", cluster.server.clone().map(Value::from)),
        ("tls-server-name", cluster.tls_server_name.clone().map(Value::from)),
        ("insecure-skip-tls-verify", cluster.insecure_skip_tls_verify.map(Value::from)),
        ("certificate-authority-data", authority.map(|pem| Value::from(BASE64_STANDARD.encode(pem)))),
        ("proxy-url", cluster.proxy_url.clone().map(Value::from)),
        ("disable-compression", cluster.disable_compression.map(Value::from)),
        ("config", config),
    ];
    all.into_iter()
        .filter_map(|(name, value)| Some((name.to_owned(), value?)))
        .collect::<serde_json::Map<_, _>>()
        .into()
}

fn not_run(error: &ProcessError, name: &str) -> String {
    match error {
        ProcessError::Start(source) if source.kind() == std::io::ErrorKind::NotFound => {
            "was not found: install it where this program finds it (PATH), or write its path into the kubeconfig".to_owned()
        }
        ProcessError::Start(source) => format!("could not be started ({source})"),
        ProcessError::Time(_) => {
            format!("{error}: it may not ask anybody, and is given no terminal; run `{name}` by hand to see what it waits for")
        }
        ProcessError::Output(_) | ProcessError::Talk(_) => error.to_string(),
    }
}

fn ended(status: ExitStatus, name: &str) -> String {
    format!(
        "failed ({status}): what it says is not shown, since it may hold credentials; run `{name}` by hand, as the user \
         that this program runs as"
    )
}

#[derive(Deserialize)]
struct Answer {
    kind: String,
    #[serde(rename = "apiVersion")]
    api_version: String,
    status: Option<Status>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Status {
    expiration_timestamp: Option<String>,
    token: Option<String>,
    client_certificate_data: Option<String>,
    client_key_data: Option<String>,
}
