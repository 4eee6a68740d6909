//! A kubeconfig: which files it is in, which context of it counts, and what that has for a client. It holds credentials, so
//! nothing here quotes more of it than the names of contexts, clusters, users and files.

use std::io;
use std::path::{Path, PathBuf};

use ::kube::Config;
use ::kube::config::{AuthInfo, Cluster, Kubeconfig, KubeconfigError};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use http::{HeaderValue, Uri};
use secrecy::ExposeSecret as _;

use super::certificate::{self, Certificate};
use super::connect::ConnectError;
use super::credentials::{Credentials, Keeper, TokenFile, bearer};
use super::patience::Patience;
use super::plugin::Plugin;

/// What a context names.
pub(super) struct Entry {
    pub(super) cluster: Cluster,
    user: AuthInfo,
}

/// Reads what `file` says, else what `KUBECONFIG` or the home folder has, and which file it was, if it was one.
pub(super) fn read(
    cluster: &str,
    file: Option<&Path>,
) -> Result<(Kubeconfig, Option<PathBuf>), ConnectError> {
    let files = file.map_or_else(usual, |file| vec![file.to_owned()]);
    let mut absent = None;
    let mut read = Vec::new();
    for path in &files {
        match Kubeconfig::read_from(path) {
            Ok(one) => read.push(one),
            // Of several, kubectl does without those that are not there.
            Err(KubeconfigError::ReadConfig(source, _)) if source.kind() == io::ErrorKind::NotFound => {
                absent = absent.or(Some((path, source)));
            }
            Err(error) => return Err(wrong(cluster, path, error)),
        }
    }
    let mut read = read.into_iter();
    let Some(first) = read.next() else {
        let (path, source) = absent.map(|(path, source)| (path.clone(), source)).unzip();
        let none = || io::Error::other("neither `KUBECONFIG` nor a home folder is set");
        let source = source.unwrap_or_else(none).into();
        return Err(ConnectError::Unreadable { cluster: cluster.to_owned(), file: path, source });
    };
    let one = match files.as_slice() {
        [one] => Some(one.clone()),
        _ => None,
    };
    let merged = read.try_fold(first, Kubeconfig::merge).map_err(|_| ConnectError::Incomplete {
        cluster: cluster.to_owned(),
        file: None,
        why: "the files of `KUBECONFIG` differ in their `kind` or `apiVersion`".to_owned(),
    })?;
    Ok((merged, one))
}

fn usual() -> Vec<PathBuf> {
    let listed = std::env::var_os("KUBECONFIG").unwrap_or_default();
    let listed: Vec<_> = std::env::split_paths(&listed).filter(|path| !path.as_os_str().is_empty()).collect();
    if !listed.is_empty() {
        return listed;
    }
    std::env::home_dir().map(|home| home.join(".kube").join("config")).into_iter().collect()
}

fn wrong(cluster: &str, file: &Path, error: KubeconfigError) -> ConnectError {
    let (cluster, file) = (cluster.to_owned(), Some(file.to_owned()));
    #[expect(clippy::wildcard_enum_match_arm, reason = "a file that is read can be wrong in its kinds alone")]
    match error {
        // A parser's own message would quote the file.
        KubeconfigError::Parse(error) => {
            let place = error.location().map(|at| format!(" (line {}, column {})", at.line(), at.column()));
            ConnectError::Malformed { cluster, file, place: place.unwrap_or_default() }
        }
        KubeconfigError::ReadConfig(source, _) => {
            ConnectError::Unreadable { cluster, file, source: source.into() }
        }
        _ => {
            let why = "its documents differ in their `kind` or `apiVersion`".to_owned();
            ConnectError::Incomplete { cluster, file, why }
        }
    }
}

/// What the context names; without one, the current one.
///
/// # Errors
/// It leads nowhere: why.
pub(super) fn choose(config: &Kubeconfig, context: Option<&str>) -> Result<Entry, String> {
    let name = context.or(config.current_context.as_deref()).filter(|name| !name.is_empty());
    let name = name.ok_or("no `context` is given, and it has no current one")?;
    let context = config.contexts.iter().find(|one| one.name == name).ok_or_else(|| {
        let all: Vec<_> = config.contexts.iter().map(|one| format!("`{}`", one.name)).collect();
        match all.is_empty() {
            true => format!("it has no context `{name}`, nor any other"),
            false => format!("it has no context `{name}`, but {}", all.join(", ")),
        }
    })?;
    let context = context.context.as_ref().ok_or_else(|| format!("its context `{name}` is empty"))?;
    let cluster = config.clusters.iter().find(|one| one.name == context.cluster);
    let cluster = cluster.and_then(|one| one.cluster.clone());
    let cluster = cluster.ok_or_else(|| {
        format!("it has no cluster `{}`, which its context `{name}` names", context.cluster)
    })?;
    let user = match context.user.as_deref().filter(|user| !user.is_empty()) {
        None => AuthInfo::default(),
        Some(user) => {
            let found = config.auth_infos.iter().find(|one| one.name == user);
            let found =
                found.ok_or_else(|| format!("it has no user `{user}`, whom its context `{name}` names"))?;
            found.auth_info.clone().unwrap_or_default()
        }
    };
    Ok(Entry { cluster, user })
}

impl Entry {
    /// The API server, as a client asks it.
    ///
    /// # Errors
    /// What is missing.
    pub(super) fn config(&self) -> Result<Config, String> {
        let cluster = &self.cluster;
        let server = cluster.server.as_deref().filter(|server| !server.is_empty());
        let url = server.ok_or("its cluster has no `server`")?.parse::<Uri>().ok();
        let url = url.filter(|url| matches!(url.scheme_str(), Some("http" | "https")));
        let url = url.ok_or("the `server` of its cluster is no URL: write https://HOST:PORT")?;
        let mut config = Config::new(url);
        if let Some(pem) = self.authority()? {
            const NONE: &str = "the `certificate-authority` of its cluster has no certificate in PEM, or something else beside it";
            config.root_cert = Some(certificate::authorities(&pem).ok_or(NONE)?);
            // One that is in a file is renewed there.
            let data = cluster.certificate_authority_data.as_ref().is_none_or(String::is_empty);
            config.root_cert_file =
                cluster.certificate_authority.as_ref().filter(|_| data).map(PathBuf::from);
        }
        config.accept_invalid_certs = cluster.insecure_skip_tls_verify.unwrap_or_default();
        config.tls_server_name = cluster.tls_server_name.clone().filter(|name| !name.is_empty());
        config.auth_info = AuthInfo {
            impersonate: self.user.impersonate.clone(),
            impersonate_uid: self.user.impersonate_uid.clone(),
            impersonate_groups: self.user.impersonate_groups.clone(),
            impersonate_user_extra: self.user.impersonate_user_extra.clone(),
            ..AuthInfo::default()
        };
        if let Some(certificate) = self.certificate()? {
            certificate.put_into(&mut config);
        }
        if let (Some(_), Some(_)) = (&self.user.username, &self.user.password) {
            config.auth_info.username = self.user.username.clone();
            config.auth_info.password = self.user.password.clone();
        }
        Ok(config)
    }

    /// As whom it is asked, beside what the client of `config` has already.
    ///
    /// # Errors
    /// What is missing.
    pub(super) fn credentials(&self, config: &Config, patience: &Patience) -> Result<Credentials, String> {
        let user = &self.user;
        if config.auth_info.username.is_some() {
            return Ok(Credentials::OfTheClient);
        }
        let token = self.token()?;
        if let Some(file) = user.token_file.as_ref().filter(|file| !file.is_empty()) {
            return Ok(Credentials::File(TokenFile::new(file.into(), token)));
        }
        if let Some(token) = token {
            return Ok(Credentials::Token(token));
        }
        if let Some(exec) = &user.exec {
            let plugin = Plugin::new(exec, &self.cluster, self.authority()?.as_deref(), patience)?;
            return Ok(Credentials::Plugin(Box::new(Keeper::new(plugin, config.clone()))));
        }
        match &user.auth_provider {
            Some(_) => {
                Err("its user has an `auth-provider` without a token, which Kubernetes has done away with: use `exec`".to_owned())
            }
            None => Ok(Credentials::OfTheClient),
        }
    }

    fn token(&self) -> Result<Option<HeaderValue>, String> {
        let user = &self.user;
        let own = user.token.as_ref().map(|token| token.expose_secret());
        let provided = user.auth_provider.as_ref().and_then(|provider| provider.config.get("id-token"));
        let token = own.or(provided.map(String::as_str)).filter(|token| !token.is_empty());
        token.map(bearer).transpose().map_err(|why| format!("the `token` of its user {why}"))
    }

    fn authority(&self) -> Result<Option<Vec<u8>>, String> {
        let Cluster { certificate_authority_data: data, certificate_authority: file, .. } = &self.cluster;
        content("certificate-authority", "cluster", data.as_deref(), file.as_deref())
    }

    fn certificate(&self) -> Result<Option<Certificate>, String> {
        let user = &self.user;
        let key = user.client_key_data.as_ref().map(|data| data.expose_secret());
        let chain = content(
            "client-certificate",
            "user",
            user.client_certificate_data.as_deref(),
            user.client_certificate.as_deref(),
        )?;
        match (chain, content("client-key", "user", key, user.client_key.as_deref())?) {
            (None, None) => Ok(None),
            (Some(chain), Some(key)) => Ok(Some(Certificate::read(&chain, &key)?)),
            (Some(_), None) => Err("its user has a `client-certificate` and no `client-key`".to_owned()),
            (None, Some(_)) => Err("its user has a `client-key` and no `client-certificate`".to_owned()),
        }
    }
}

/// What stands in a field, in base64 under `FIELD-data`, or else in the file that it names.
fn content(field: &str, of: &str, data: Option<&str>, file: Option<&str>) -> Result<Option<Vec<u8>>, String> {
    let given = |text: &&str| !text.is_empty();
    if let Some(data) = data.filter(given) {
        let decoded = BASE64_STANDARD.decode(data.trim());
        return decoded.map(Some).map_err(|_| format!("the `{field}-data` of its {of} is not base64"));
    }
    let Some(file) = file.filter(given) else { return Ok(None) };
    let read = std::fs::read(file);
    read.map(Some).map_err(|error| {
        format!("the `{field}` of its {of} names the file `{file}`, which cannot be read ({error})")
    })
}
