//! Which proxy is on the way to a cluster, if any: the one that its kubeconfig names, else the environment's, as kubectl has
//! it. The client library's own choice is not asked: it holds `NO_PROXY` to the proxy instead of to the server. A proxy's URL
//! may hold a password, so it stands in no message and in no log.

use http::Uri;

use super::{no_proxy, socks};

/// A proxy, and who names it.
pub(super) struct Proxy {
    /// With the credentials that it has.
    pub(super) url: Uri,
    pub(super) named_by: &'static str,
}

/// The kubeconfig's field, as messages say it.
const FIELD: &str = "`proxy-url` of its kubeconfig";

/// The proxy for `server`, by the `proxy-url` of its kubeconfig and by the environment's `variable`s.
///
/// # Errors
/// What names one names none that can be used: why.
pub(super) fn of(
    proxy_url: Option<&str>,
    server: &Uri,
    variable: impl Fn(&str) -> Option<String>,
) -> Result<Option<Proxy>, String> {
    if let Some(text) = proxy_url.filter(|text| !text.is_empty()) {
        return Ok(Some(Proxy {
            url: parse(text).map_err(|why| format!("the `proxy-url` of its cluster {why}"))?,
            named_by: FIELD,
        }));
    }
    let set = |names: [&'static str; 2]| {
        let set = |name| Some((name, variable(name).filter(|text| !text.is_empty())?));
        names.into_iter().find_map(set)
    };
    let names = match server.scheme_str() {
        Some("http") => ["HTTP_PROXY", "http_proxy"],
        Some(_) | None => ["HTTPS_PROXY", "https_proxy"],
    };
    let Some((name, text)) = set(names) else { return Ok(None) };
    let no_proxy = set(["NO_PROXY", "no_proxy"]).map(|(_, text)| text).unwrap_or_default();
    if no_proxy::spares(&no_proxy, bare(server.host().unwrap_or_default()), port(server)) {
        return Ok(None);
    }
    // In the environment, though not in a kubeconfig, an address alone will do.
    let text = if text.contains("://") { text } else { format!("http://{text}") };
    let url = parse(&text).map_err(|why| format!("`{name}` {why}"))?;
    Ok(Some(Proxy { url, named_by: in_words(name) }))
}

fn in_words(variable: &'static str) -> &'static str {
    match variable {
        "HTTP_PROXY" => "`HTTP_PROXY`",
        "http_proxy" => "`http_proxy`",
        "HTTPS_PROXY" => "`HTTPS_PROXY`",
        _ => "`https_proxy`",
    }
}

/// Without the brackets of IPv6.
fn bare(host: &str) -> &str {
    host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host)
}

/// The port of a server's URL, which need not name it.
pub(super) fn port(server: &Uri) -> u16 {
    server.port_u16().unwrap_or(if server.scheme_str() == Some("http") { 80 } else { 443 })
}

/// A proxy's URL with its port. What is wrong with another text is said without the text.
fn parse(text: &str) -> Result<Uri, &'static str> {
    const NO_PROXY_URL: &str =
        "is no URL of a proxy: write http://HOST:PORT, https://HOST:PORT or socks5://HOST:PORT";
    let url: Uri = text.trim().parse().map_err(|_| NO_PROXY_URL)?;
    let (scheme, default_port) = match url.scheme_str() {
        Some("http") => ("http", 80),
        Some("https") => ("https", 443),
        // Names are always looked up by the proxy.
        Some("socks5" | "socks5h") => ("socks5", 1080),
        Some(_) | None => return Err(NO_PROXY_URL),
    };
    let authority = url.authority().filter(|authority| !authority.host().is_empty()).ok_or(NO_PROXY_URL)?;
    if scheme == "socks5" && !socks::takes_credentials(&url) {
        return Err(
            "has credentials that SOCKS cannot carry: a name is needed, and neither it nor the password may be \
                    longer than 255 bytes",
        );
    }
    let authority = match authority.port() {
        Some(_) => authority.to_string(),
        None => format!("{}:{default_port}", authority.as_str().trim_end_matches(':')),
    };
    Uri::builder().scheme(scheme).authority(authority).path_and_query("/").build().map_err(|_| NO_PROXY_URL)
}

#[cfg(test)]
mod tests {
    use super::of;

    const FAR: &str = "https://k8s.example.org:6443";

    /// The proxy and who names it, or what is wrong.
    fn check(proxy_url: Option<&str>, server: &str, environment: &[(&str, &str)]) -> String {
        let variable = |wanted: &str| {
            environment.iter().find(|(name, _)| *name == wanted).map(|(_, value)| (*value).to_owned())
        };
        match of(proxy_url, &server.parse().unwrap_or_default(), variable) {
            Ok(None) => "none".to_owned(),
            Ok(Some(proxy)) => format!("{} by {}", proxy.url, proxy.named_by),
            Err(why) => why,
        }
    }

    #[test]
    fn the_kubeconfig_wins_over_the_environment() {
        let environment = [("HTTPS_PROXY", "http://env:1"), ("NO_PROXY", "*")];
        let by_field = |url: &str| format!("{url} by `proxy-url` of its kubeconfig");
        assert_eq!(check(Some("http://own:3128"), FAR, &environment), by_field("http://own:3128/"));
        assert_eq!(
            check(Some("http://own:3128"), "https://127.0.0.1:6443", &[]),
            by_field("http://own:3128/")
        );
        assert_eq!(check(Some("socks5://own"), FAR, &environment), by_field("socks5://own:1080/"));
        assert_eq!(check(Some("socks5h://own:9"), FAR, &environment), by_field("socks5://own:9/"));
        assert_eq!(check(Some("http://u:p%40@own"), FAR, &[]), by_field("http://u:p%40@own:80/"));
        assert_eq!(check(Some("socks5://u:p%40@own"), FAR, &[]), by_field("socks5://u:p%40@own:1080/"));
        assert_eq!(check(Some("https://[2001:db8::1]"), FAR, &[]), by_field("https://[2001:db8::1]:443/"));
        assert_eq!(check(Some(""), FAR, &environment[..1]), "http://env:1/ by `HTTPS_PROXY`");
    }

    #[test]
    fn the_environment_counts_as_for_go() {
        let check = |server: &str, environment: &[(&str, &str)]| check(None, server, environment);
        assert_eq!(check(FAR, &[]), "none");
        assert_eq!(check(FAR, &[("https_proxy", "proxy:3128")]), "http://proxy:3128/ by `https_proxy`");
        let both = [("HTTPS_PROXY", "http://a:1"), ("https_proxy", "http://b:1")];
        assert_eq!(check(FAR, &both), "http://a:1/ by `HTTPS_PROXY`");
        assert_eq!(check(FAR, &[("HTTPS_PROXY", ""), both[1]]), "http://b:1/ by `https_proxy`");
        assert_eq!(check(FAR, &[("HTTP_PROXY", "http://a:1"), ("ALL_PROXY", "http://a:1")]), "none");
        assert_eq!(check("http://far:8080", &[("HTTP_PROXY", "http://a:1")]), "http://a:1/ by `HTTP_PROXY`");
        assert_eq!(check("https://127.0.0.1:6443", &both), "none");
        assert_eq!(check("https://[::1]:6443", &both), "none");
        assert_eq!(check(FAR, &[both[0], ("NO_PROXY", "example.org")]), "none");
        assert_eq!(check(FAR, &[both[0], ("no_proxy", "example.org:6443")]), "none");
        assert_eq!(check(FAR, &[both[0], ("NO_PROXY", "example.org:443")]), "http://a:1/ by `HTTPS_PROXY`");
        assert_eq!(check("https://far", &[both[0], ("NO_PROXY", "far:443")]), "none");
        // It is the server that NO_PROXY is about, not the proxy.
        assert_eq!(check(FAR, &[both[0], ("NO_PROXY", "a")]), "http://a:1/ by `HTTPS_PROXY`");
    }

    #[test]
    fn what_is_no_proxy_is_refused_without_its_text() {
        for text in ["hunter2", "ftp://u:hunter2@own", "http://", "http://u:hunter2 @own", "socks4://hunter2"]
        {
            let said = check(Some(text), FAR, &[]);
            assert!(said.starts_with("the `proxy-url` of its cluster is no URL of a proxy"), "{said}");
            assert!(!said.contains("hunter2"), "{said}");
        }
        let said = check(Some("socks5://:hunter2@own"), FAR, &[]);
        assert!(said.contains("credentials that SOCKS cannot carry") && !said.contains("hunter2"), "{said}");
        let said = check(None, FAR, &[("HTTPS_PROXY", "ftp://u:hunter2@own")]);
        assert!(said.starts_with("`HTTPS_PROXY` is no URL") && !said.contains("hunter2"), "{said}");
        assert_eq!(check(None, FAR, &[("HTTPS_PROXY", "ftp://x"), ("NO_PROXY", "*")]), "none");
    }
}
