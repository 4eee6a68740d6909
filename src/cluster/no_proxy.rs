//! Which servers `NO_PROXY` keeps from an environment's proxy, read as Go reads it, and so as kubectl does. Pure: it neither
//! looks names up nor reads an environment.

use std::net::IpAddr;

use ipnet::IpNet;

/// Whether an environment's proxy is not for this server. Whatever is on this machine never goes through it.
pub(super) fn spares(no_proxy: &str, host: &str, port: u16) -> bool {
    let host = host.to_ascii_lowercase();
    let server = Server { ip: host.parse().ok().map(|ip: IpAddr| ip.to_canonical()), host: &host, port };
    if host == "localhost" || server.ip.is_some_and(|ip| ip.is_loopback()) {
        return true;
    }
    no_proxy.split(',').any(|entry| server.is_meant(&entry.trim().to_ascii_lowercase()))
}

struct Server<'a> {
    host: &'a str,
    ip: Option<IpAddr>,
    port: u16,
}

impl Server<'_> {
    /// By one entry: `*`, a network, or an address or name with or without a port.
    fn is_meant(&self, entry: &str) -> bool {
        if entry == "*" {
            return true;
        }
        if let Ok(network) = entry.parse::<IpNet>() {
            return self.ip.is_some_and(|ip| network.contains(&ip));
        }
        let (name, port) = split_port(entry);
        if name.is_empty() || port.is_some_and(|port| port != self.port.to_string()) {
            return false;
        }
        match name.parse::<IpAddr>() {
            Ok(ip) => self.ip == Some(ip.to_canonical()),
            Err(_) => self.is_below(name),
        }
    }

    /// `name` means a host and what is below it, `.name` and `*.name` only the latter.
    fn is_below(&self, name: &str) -> bool {
        let name = name.strip_prefix('*').filter(|rest| rest.starts_with('.')).unwrap_or(name);
        let (domain, itself) = match name.strip_prefix('.') {
            Some(domain) => (domain, false),
            None => (name, true),
        };
        let before = self.host.strip_suffix(domain);
        before.is_some_and(|before| if before.is_empty() { itself } else { before.ends_with('.') })
    }
}

/// An address of IPv6 has colons of its own: with a port, it stands in brackets.
fn split_port(entry: &str) -> (&str, Option<&str>) {
    if let Some((name, rest)) = entry.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        return (name, rest.strip_prefix(':'));
    }
    match entry.split_once(':') {
        Some((name, port)) if !port.contains(':') => (name, Some(port)),
        Some(_) | None => (entry, None),
    }
}

#[cfg(test)]
mod tests {
    use super::spares;

    /// `NO_PROXY`, host, port, whether it is spared.
    const TABLE: &[(&str, &str, u16, bool)] = &[
        ("", "k8s.example.org", 443, false),
        (" , ,", "k8s.example.org", 443, false),
        ("*", "k8s.example.org", 443, true),
        ("other.example.org, *", "k8s.example.org", 443, true),
        // Whatever is on this machine.
        ("", "localhost", 6443, true),
        ("", "127.0.0.1", 6443, true),
        ("", "127.8.8.8", 6443, true),
        ("", "::1", 6443, true),
        ("", "::ffff:127.0.0.1", 6443, true),
        ("", "localhost.example.org", 6443, false),
        // Names, and what is below them.
        ("example.org", "example.org", 443, true),
        ("example.org", "k8s.example.org", 443, true),
        ("example.org", "notexample.org", 443, false),
        ("example.org", "example.org.evil.net", 443, false),
        ("EXAMPLE.org", "k8s.Example.ORG", 443, true),
        ("k8s.example.org", "example.org", 443, false),
        (".example.org", "k8s.example.org", 443, true),
        (".example.org", "a.b.example.org", 443, true),
        (".example.org", "example.org", 443, false),
        ("*.example.org", "k8s.example.org", 443, true),
        ("*.example.org", "example.org", 443, false),
        ("*example.org", "k8s.example.org", 443, false),
        ("a.net,\texample.org ", "k8s.example.org", 443, true),
        // With ports.
        ("example.org:443", "k8s.example.org", 443, true),
        ("example.org:443", "k8s.example.org", 6443, false),
        (".example.org:6443", "k8s.example.org", 6443, true),
        (":443", "k8s.example.org", 443, false),
        ("10.0.0.1:443", "10.0.0.1", 443, true),
        ("10.0.0.1:443", "10.0.0.1", 6443, false),
        ("[2001:db8::1]:6443", "2001:db8::1", 6443, true),
        ("[2001:db8::1]:6443", "2001:db8::1", 443, false),
        // Addresses and networks.
        ("10.0.0.1", "10.0.0.1", 6443, true),
        ("10.0.0.1", "10.0.0.10", 6443, false),
        ("10.0.0.1", "::ffff:10.0.0.1", 6443, true),
        ("2001:db8::1", "2001:db8::1", 6443, true),
        ("2001:DB8:0::1", "2001:db8::1", 6443, true),
        ("[2001:db8::1]", "2001:db8::1", 6443, true),
        ("10.96.0.0/12", "10.96.0.1", 443, true),
        ("10.96.0.1/12", "10.111.255.255", 443, true),
        ("10.96.0.0/12", "10.112.0.1", 443, false),
        ("10.96.0.0/12", "::ffff:10.96.0.1", 443, true),
        ("10.96.0.0/33", "10.96.0.1", 443, false),
        ("2001:db8::/32", "2001:db8:1::1", 443, true),
        ("2001:db8::/32", "10.0.0.1", 443, false),
        ("0.0.0.0/0", "k8s.example.org", 443, false),
        ("example.org,10.0.0.0/8", "10.1.2.3", 443, true),
    ];

    #[test]
    fn it_means_what_it_means_to_go() {
        for (no_proxy, host, port, spared) in TABLE {
            assert_eq!(spares(no_proxy, host, *port), *spared, "{no_proxy:?} for {host}:{port}");
        }
    }
}
