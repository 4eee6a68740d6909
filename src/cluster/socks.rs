//! Through a proxy that speaks SOCKS5 (RFC 1928), with a name and a password (RFC 1929) where its URL has them. As for kubectl,
//! such a proxy may also ask for none, and it is the proxy that looks up the server's name.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use ::kube::client::ConfigExt;
use ::kube::{Client, Config};
use http::Uri;
use hyper_timeout::TimeoutConnector;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioIo};
use percent_encoding::percent_decode_str;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tower::{Service, ServiceBuilder};

use crate::ports::BoxError;

/// What a name or a password, or the name of a server, has room for.
const LONGEST: usize = 255;

/// Why there is no way through a proxy, in words without credentials.
#[derive(Debug, thiserror::Error)]
pub(super) enum NoWay {
    #[error("cannot be reached")]
    Unreachable(#[source] BoxError),
    /// It breaks off, or falls silent.
    #[error("breaks off before it lets through: {0}")]
    Broken(#[from] io::Error),
    #[error("does not speak SOCKS5: is its URL right?")]
    OtherTongue,
    #[error(
        "asks for credentials, which that URL does not have: put them there, as socks5://USER:PASSWORD@HOST:PORT"
    )]
    Credentials,
    #[error("takes clients neither with a name and a password nor without")]
    OtherCredentials,
    #[error(
        "does not take the credentials of that URL: put others there, as socks5://USER:PASSWORD@HOST:PORT"
    )]
    WrongCredentials,
    #[error("does not let through to it ({0})")]
    Refused(&'static str),
}

/// A name and a password.
#[derive(Clone)]
struct Login {
    user: Vec<u8>,
    password: Vec<u8>,
}

/// Whether a proxy's URL has credentials that can be sent, where it has some.
pub(super) fn takes_credentials(proxy: &Uri) -> bool {
    let fits = |part: &[u8]| (1..=LONGEST).contains(&part.len());
    Login::of(proxy).is_none_or(|login| fits(&login.user) && login.password.len() <= LONGEST)
}

impl Login {
    fn of(proxy: &Uri) -> Option<Self> {
        let (userinfo, _) = proxy.authority()?.as_str().rsplit_once('@')?;
        let (user, password) = userinfo.split_once(':').unwrap_or((userinfo, ""));
        let decoded = |text: &str| percent_decode_str(text).collect();
        Some(Self { user: decoded(user), password: decoded(password) })
    }
}

/// A client whose connections lead through this proxy, which the client library cannot give credentials to.
pub(super) fn client(config: Config, proxy: Uri) -> Result<Client, ::kube::Error> {
    // As the library does where it makes clients itself.
    if rustls::crypto::CryptoProvider::get_default().is_none() {
        drop(rustls::crypto::aws_lc_rs::default_provider().install_default());
    }
    let mut to_proxy = HttpConnector::new();
    to_proxy.enforce_http(false);
    let through = Socks { to_proxy, login: Login::of(&proxy), proxy };
    let mut connector = TimeoutConnector::new(config.rustls_https_connector_with_connector(through)?);
    connector.set_connect_timeout(config.connect_timeout);
    connector.set_read_timeout(config.read_timeout);
    connector.set_write_timeout(config.write_timeout);
    connector.set_reset_reader_on_write(config.reset_reader_on_write);
    let client = hyper_util::client::legacy::Client::builder(TokioExecutor::new()).build(connector);
    let service = ServiceBuilder::new()
        .layer(config.base_uri_layer())
        .option_layer(config.auth_layer()?)
        .layer(config.extra_headers_layer()?)
        .map_err(BoxError::from)
        .service(client);
    Ok(Client::new(service, config.default_namespace))
}

/// Connects to servers through a proxy.
#[derive(Clone)]
struct Socks {
    to_proxy: HttpConnector,
    proxy: Uri,
    login: Option<Login>,
}

impl Service<Uri> for Socks {
    type Response = TokioIo<TcpStream>;
    type Error = NoWay;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, NoWay>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), NoWay>> {
        self.to_proxy.poll_ready(context).map_err(|error| NoWay::Unreachable(error.into()))
    }

    fn call(&mut self, server: Uri) -> Self::Future {
        let connecting = self.to_proxy.call(self.proxy.clone());
        let login = self.login.clone();
        Box::pin(async move {
            let mut stream = connecting.await.map_err(|error| NoWay::Unreachable(error.into()))?;
            let host = server.host().unwrap_or_default();
            let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
            let port = super::proxy::port(&server);
            admitted(stream.inner_mut(), login.as_ref()).await?;
            connected(stream.inner_mut(), host, port).await?;
            Ok(stream)
        })
    }
}

const VERSION: u8 = 5;
const NO_LOGIN: u8 = 0;
const LOGIN: u8 = 2;
const NO_METHOD: u8 = 0xFF;

/// Agrees with a proxy on as whom it is used.
async fn admitted(
    stream: &mut (impl AsyncRead + AsyncWrite + Unpin),
    login: Option<&Login>,
) -> Result<(), NoWay> {
    let offered: &[u8] =
        if login.is_some() { &[VERSION, 2, NO_LOGIN, LOGIN] } else { &[VERSION, 1, NO_LOGIN] };
    stream.write_all(offered).await?;
    let version = stream.read_u8().await?;
    if version != VERSION {
        return Err(NoWay::OtherTongue);
    }
    match (stream.read_u8().await?, login) {
        (NO_LOGIN, _) => Ok(()),
        (LOGIN, Some(login)) => logged_in(stream, login).await,
        (NO_METHOD, None) => Err(NoWay::Credentials),
        (NO_METHOD, Some(_)) => Err(NoWay::OtherCredentials),
        (_, _) => Err(NoWay::OtherTongue),
    }
}

async fn logged_in(stream: &mut (impl AsyncRead + AsyncWrite + Unpin), login: &Login) -> Result<(), NoWay> {
    let mut sent = vec![1];
    for part in [&login.user, &login.password] {
        // Longer ones were refused when the URL was read.
        sent.push(u8::try_from(part.len()).map_err(|_| NoWay::WrongCredentials)?);
        sent.extend(part);
    }
    stream.write_all(&sent).await?;
    stream.read_u8().await?;
    // Some proxies close the connection instead of an answer, and say so nowhere else.
    match stream.read_u8().await? {
        0 => Ok(()),
        _ => Err(NoWay::WrongCredentials),
    }
}

/// Asks a proxy for a connection to a server.
async fn connected(
    stream: &mut (impl AsyncRead + AsyncWrite + Unpin),
    host: &str,
    port: u16,
) -> Result<(), NoWay> {
    let mut asked = vec![VERSION, 1, 0];
    match host.parse() {
        Ok(std::net::IpAddr::V4(ip)) => {
            asked.push(1);
            asked.extend(ip.octets());
        }
        Ok(std::net::IpAddr::V6(ip)) => {
            asked.push(4);
            asked.extend(ip.octets());
        }
        Err(_) => {
            let length = u8::try_from(host.len()).map_err(|_| NoWay::Refused("the name is too long"))?;
            asked.extend([3, length]);
            asked.extend(host.as_bytes());
        }
    }
    asked.extend(port.to_be_bytes());
    stream.write_all(&asked).await?;
    let mut answer = [0; 4];
    stream.read_exact(&mut answer).await?;
    let [version, status, _, kind] = answer;
    if version != VERSION {
        return Err(NoWay::OtherTongue);
    }
    if let Some(why) = refusal(status) {
        return Err(NoWay::Refused(why));
    }
    // Where it connects from is of no interest, and has to be read all the same.
    let length = match kind {
        1 => 4,
        4 => 16,
        3 => usize::from(stream.read_u8().await?),
        _ => return Err(NoWay::OtherTongue),
    };
    stream.read_exact(&mut vec![0; length + 2]).await?;
    Ok(())
}

/// What is wrong, by the status of an answer.
fn refusal(status: u8) -> Option<&'static str> {
    Some(match status {
        0 => return None,
        1 => "it failed",
        2 => "connection not allowed",
        3 => "network unreachable",
        4 => "host unreachable",
        5 => "connection refused",
        6 => "it took too long",
        7 => "command not supported",
        8 => "address type not supported",
        _ => "for a reason that has no name",
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    /// What comes of a proxy that says this, whatever it hears, and closes.
    async fn check(proxy: &str, said: &[u8], host: &str) -> String {
        let (mut ours, mut theirs) = tokio::io::duplex(1024);
        theirs.write_all(said).await.unwrap();
        theirs.shutdown().await.unwrap();
        let login = Login::of(&proxy.parse().unwrap());
        let way = async {
            admitted(&mut ours, login.as_ref()).await?;
            connected(&mut ours, host, 6443).await
        };
        let came = way.await.map_or_else(|why| why.to_string(), |()| "through".to_owned());
        drop(ours);
        let mut heard = Vec::new();
        theirs.read_to_end(&mut heard).await.unwrap();
        format!("{came} after {heard:?}")
    }

    #[tokio::test]
    async fn a_proxy_is_asked_as_it_wants_to_be() {
        let bare = "socks5://proxy:1080";
        let through = [5, 0, 0, 1, 1, 2, 3, 4, 0, 9];
        let open = |login: &[u8]| [&[5], login, &through[..]].concat();
        let of_v4 = "[5, 1, 0, 1, 10, 0, 0, 1, 25, 43]";
        assert_eq!(
            check(bare, &open(&[0]), "10.0.0.1").await,
            format!("through after [5, 1, 0, {}", &of_v4[1..])
        );
        assert_eq!(
            check("socks5://u:p%40@proxy", &open(&[2, 1, 0]), "api").await,
            "through after [5, 2, 0, 2, 1, 1, 117, 2, 112, 64, 5, 1, 0, 3, 3, 97, 112, 105, 25, 43]"
        );
        // It need not ask for what it is offered.
        assert_eq!(
            check("socks5://u@proxy", &open(&[0]), "::1").await,
            "through after [5, 2, 0, 2, 5, 1, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 25, 43]"
        );
        for from in [&[5, 0, 0, 3, 2, b'a', b'b', 0, 9][..], &[&[5, 0, 0, 4][..], &[0; 18]].concat()] {
            assert!(check(bare, &[&[5, 0], from].concat(), "api").await.starts_with("through"));
        }
    }

    #[tokio::test]
    async fn what_a_proxy_has_against_it_is_told() {
        let (bare, with) = ("socks5://proxy:1080", "socks5://u:p@proxy:1080");
        for (proxy, said, want) in [
            (bare, &[5, 0xFF][..], "asks for credentials, which that URL does not have"),
            (with, &[5, 0xFF], "takes clients neither with a name"),
            (with, &[5, 2, 1, 1], "does not take the credentials of that URL"),
            (with, &[5, 2], "breaks off before it lets through"),
            (bare, &[5, 2], "does not speak SOCKS5"),
            (bare, b"HTTP/1.1 400 Bad Request\r\n\r\n", "does not speak SOCKS5"),
            (bare, &[5, 0, 5, 2, 0, 1], "does not let through to it (connection not allowed)"),
            (bare, &[5, 0, 5, 99, 0, 1], "does not let through to it (for a reason that has no name)"),
            (bare, &[5, 0, 5, 0, 0, 7], "does not speak SOCKS5"),
            (bare, &[5, 0, 5, 0], "breaks off before it lets through"),
        ] {
            let came = check(proxy, said, "api").await;
            assert!(came.starts_with(want), "{said:?}: {came}");
        }
        let long = "a".repeat(256);
        assert!(
            check(bare, &[5, 0], &long)
                .await
                .starts_with("does not let through to it (the name is too long)")
        );
    }

    #[test]
    fn credentials_have_to_fit() {
        let fits =
            |userinfo: &str| takes_credentials(&format!("socks5://{userinfo}@proxy:1").parse().unwrap());
        let long = "a".repeat(256);
        assert!(takes_credentials(&"socks5://proxy:1".parse().unwrap()));
        assert!(fits("u") && fits("u:") && fits("u:p:q") && fits(&format!("{0}:{0}", &long[1..])));
        assert!(!fits(":p") && !fits(&long) && !fits(&format!("u:{long}")));
    }
}
